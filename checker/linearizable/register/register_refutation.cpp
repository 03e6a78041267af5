#include "checker/linearizable/register/register_refutation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gauntlet {

RegisterRefutation::RegisterRefutation(const RegisterPart& part, std::size_t event)
    : part_(part),
      event_(event),
      round_steps_(std::max<std::size_t>(20'000, 4 * event)),
      prices_(part, event + 1, CrashedPrices::Rule::multiply) {
  list_values();
  for (std::size_t size = 1; size <= 3 && size < part.values; ++size) {
    list_projections(size, {}, 0);
    if (size == 1 && !part.lanes.empty()) {
      means_.push_back({Kind::unlimited, {}});
      means_.push_back({Kind::priced, {}});
    }
  }
  means_.push_back({Kind::exact, {}});
}

bool RegisterRefutation::advance(Effort& effort, std::size_t steps_max, bool quick) {
  for (std::size_t spent = 0; spent < steps_max && !means_.empty() && !effort.exhausted();) {
    if (quick && (round_ > 0 || turn_ >= fatal_values_)) break;
    if (!search_) start();
    const std::size_t before = search_->steps();
    const auto state =
        search_->advance(effort, std::min(steps_max - spent, round_steps_ - turn_steps_));
    const std::size_t steps = search_->steps() - before + 1;
    spent += steps;
    turn_steps_ += steps;
    if (state == RegisterSearchState::dead) {
      how_ = describe(means_[turn_]);
      died_at_ = origin_.empty() ? search_->event() : origin_[search_->event()];
      return true;
    }
    const bool is_priced = means_[turn_].kind == Kind::priced;
    if (state == RegisterSearchState::finished) {
      if (is_priced && prices_.learn(search_->best_way())) {
        search_.reset();  // again, at the new prices
      } else {
        give_up_means();
      }
    }
    if (turn_steps_ >= round_steps_) {
      ++turn_;
      turn_steps_ = 0;
      search_.reset();
    }
    if (turn_ == means_.size() && turn_ > 0) {
      turn_ = 0;
      ++round_;
      round_steps_ *= 4;
    }
  }
  return false;
}

/// The means whose turn it is cannot refute.
void RegisterRefutation::give_up_means() {
  means_.erase(means_.begin() + static_cast<std::ptrdiff_t>(turn_));
  fatal_values_ -= turn_ < fatal_values_;
  turn_steps_ = 0;
  search_.reset();
}

/// The values that may matter: those of the operation at the event first, then those of what is
/// outstanding there.
void RegisterRefutation::list_values() {
  const auto add = [this](const RegisterOperation& operation) {
    for (const std::uint32_t value : {operation.from, operation.to}) {
      if (values_.size() < values_most &&
          std::find(values_.begin(), values_.end(), value) == values_.end()) {
        values_.push_back(value);
      }
    }
  };
  add(part_.operations[part_.events[event_].op]);
  fatal_values_ = values_.size();
  for (std::size_t e = event_; e-- > 0 && e + 4 * register_pending_most > event_;) {
    const RegisterOperation& operation = part_.operations[part_.events[e].op];
    if (!part_.events[e].returns && operation.returns >= event_) add(operation);
  }
  for (std::uint32_t value = 0; value < part_.values && part_.values <= values_most; ++value)
    add({RegisterOp::read, value, value});
}

void RegisterRefutation::list_projections(std::size_t size, std::vector<std::uint32_t> chosen,
                                          std::size_t from) {
  if (chosen.size() == size) {
    means_.push_back({Kind::projection, std::move(chosen)});
    return;
  }
  for (std::size_t i = from; i < values_.size(); ++i) {
    std::vector<std::uint32_t> more = chosen;
    more.push_back(values_[i]);
    list_projections(size, std::move(more), i + 1);
  }
}

void RegisterRefutation::start() {
  RegisterSearchOptions options;
  options.exact = true;
  options.end = event_ + 1;
  origin_.clear();
  const Means& means = means_[turn_];
  options.unlimited = means.kind == Kind::unlimited || means.kind == Kind::priced;
  if (means.kind == Kind::unlimited) options.costs.assign(part_.lanes.size(), 0);
  if (means.kind == Kind::priced) options.costs = prices_.prices(1000);
  if (means.kind != Kind::projection) {
    search_ = make_register_search(part_, options);
    return;
  }
  projected_ = project(part_, means.values, origin_);
  options.end = static_cast<std::size_t>(std::upper_bound(origin_.begin(), origin_.end(), event_) -
                                         origin_.begin());
  search_ = make_register_search(projected_, options);
}

std::string RegisterRefutation::describe(const Means& means) {
  switch (means.kind) {
    case Kind::projection:
      return fmt::format("refuted looking at {} value{} only", means.values.size(),
                         means.values.size() == 1 ? "" : "s");
    case Kind::unlimited:
      return "refuted even with crashed operations without number";
    case Kind::priced:
      return "refuted by prices of crashed operations";
    case Kind::exact:
      return "refuted by exhaustion";
  }
  return "";
}

}  // namespace gauntlet
