#include "checker/linearizable/register/register_prices.hpp"

#include <algorithm>
#include <cmath>

#include "checker/linearizable/register/register_search_options.hpp"
#include "checker/linearizable/witness.hpp"

namespace gauntlet {

CrashedPrices::CrashedPrices(const RegisterPart& part, std::size_t end, Rule rule)
    : rule_(rule), weights_(part.lanes.size(), 1.0) {
  aim(part, end);
}

void CrashedPrices::aim(const RegisterPart& part, std::size_t end) {
  supply_.assign(part.lanes.size(), 0);
  for (std::size_t e = 0; e < end && e < part.events.size(); ++e) {
    const RegisterOperation& operation = part.operations[part.events[e].op];
    if (!part.events[e].returns && operation.returns == never_returns) ++supply_[operation.lane];
  }
}

std::vector<std::int32_t> CrashedPrices::prices(std::int32_t highest) const {
  double most = 1e-9;
  for (const double weight : weights_)
    most = std::max(most, weight);
  std::vector<std::int32_t> answer;
  for (const double weight : weights_)
    answer.push_back(static_cast<std::int32_t>(std::lround(weight / most * highest)));
  return answer;
}

std::vector<std::int32_t> CrashedPrices::costs() const {
  double sum = 1e-9;
  for (const double weight : weights_)
    sum += weight;
  const double scale = crashed_cost_standard * static_cast<double>(weights_.size()) / sum;
  std::vector<std::int32_t> answer;
  for (const double weight : weights_)
    answer.push_back(2 + static_cast<std::int32_t>(std::lround(weight * scale)));
  return answer;
}

bool CrashedPrices::learn(const std::vector<Trace::Step>& way) {
  std::vector<std::int32_t> used(supply_.size(), 0);
  for (const Trace::Step& step : way) {
    if ((step.op & crashed_kind_flag) != 0) ++used[step.op & ~crashed_kind_flag];
  }
  bool too_many = false;
  double sum = 0;
  for (std::size_t lane = 0; lane < supply_.size(); ++lane) {
    too_many = too_many || used[lane] > supply_[lane];
    const double excess = 1.0 * (used[lane] - supply_[lane]) / std::max(supply_[lane], 1);
    if (rule_ == Rule::add) {
      const double boldness = 0.5 / (1.0 + tries_ / 8.0);
      weights_[lane] += boldness * std::clamp(excess, -1.0, 1.0);
    } else {
      const double boldness = 1.0 / (1.0 + tries_ / 6.0);
      weights_[lane] *= std::exp(boldness * std::clamp(excess, -0.5, 1.0));
    }
    weights_[lane] = std::max(weights_[lane], 1e-9);
    sum += weights_[lane];
  }
  ++tries_;
  const double mean = rule_ == Rule::add ? 1.0 : sum / static_cast<double>(supply_.size());
  for (double& weight : weights_)
    weight = std::clamp(weight / mean, 0.1, rule_ == Rule::add ? 4.0 : 10.0);
  return too_many;
}

}  // namespace gauntlet
