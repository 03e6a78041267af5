// The checker "registers": reads and writes, judged by several consistency models at once, from the
// session guarantees to linearizability.
//
// What implies what spares work: the near-linear models come first, and where one of them fails
// nothing stronger is run; where linearizability was asked for, it comes before what is not
// near-linear, and if it holds everything does. It is also asked where values were written twice to
// a key: that refuses the other models, but does not matter to it, and if it holds they do.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <new>

#include "base/assert.hpp"
#include "base/effort.hpp"
#include "checker/causal/judge_orders.hpp"
#include "checker/checker.hpp"
#include "checker/consistency_models.hpp"

namespace gauntlet {
namespace {

using namespace causal;

class RegistersJudging {
 public:
  RegistersJudging(const History& history, const CheckOptions& options)
      : history_(history), options_(options), standings_(Subject::operations) {
    if (options_.consistency.empty()) options_.consistency.emplace_back(all_models);
    if (options_.model.empty()) options_.model = "register";
    claimed_ = expanded(options_.consistency, Subject::operations);
  }

  Verdict run() {
    verdict_.checker = "registers";
    verdict_.model = options_.model;
    verdict_.consistency = claim_of(options_.consistency, Subject::operations);
    for (const std::string& name : claimed_) {
      if (find_consistency_model(name, Subject::operations) != nullptr) continue;
      verdict_.reason = "there is no consistency model of operations named " + name;
      return std::move(verdict_);
    }
    OrderModels wanted;
    for (const OrderModel model : order_models) {
      if (is_claimed(name_of(model))) wanted.add(model);
    }
    if (!wanted.empty()) {
      // They cost little, and tell how far the history is from the claim.
      wanted.add(OrderModels(OrderModel::read_your_writes) | OrderModel::monotonic_reads |
                 OrderModel::causal | OrderModel::causal_convergence);
      judgement_ = judge_orders(history_, options_, wanted, [&](const std::string& refused) {
        return (is_claimed("linearizable") || !refused.empty()) && is_linearizable();
      });
      note_orders();
    }
    if (is_claimed("linearizable") && standings_.of("linearizable") == Standing::unknown) {
      if (is_linearizable()) standings_.note("linearizable", true);
      if (real_time_.validity == Validity::invalid) standings_.note("linearizable", false);
    }
    conclude();
    return std::move(verdict_);
  }

 private:
  bool is_claimed(std::string_view name) const {
    return std::find(claimed_.begin(), claimed_.end(), name) != claimed_.end();
  }

  bool is_linearizable() {
    if (real_time_.checker.empty()) {
      const Checker* checker = CheckerRegistry::instance().find("linearizable");
      GAUNTLET_ASSERT(checker != nullptr);
      real_time_ = checker->check(history_, options_);
      real_time_.checker = checker->name();
    }
    return real_time_.validity == Validity::valid;
  }

  void note_orders() {
    if (judgement_.by_stronger) standings_.note("linearizable", true);
    for (const OrderModel model : order_models) {
      const Validity validity = judgement_[model].validity;
      if (validity == Validity::unknown) continue;
      standings_.note(name_of(model), validity == Validity::valid);
    }
  }

  /// The anomalies that break it, or why it is unknown; empty if it was not looked at.
  std::string why(std::string_view name) const {
    for (const OrderModel model : order_models) {
      const ModelJudgement& judged = judgement_[model];
      if (name_of(model) != name) continue;
      return judged.broken_by.empty() ? judged.reason
                                      : fmt::format("{}", fmt::join(judged.broken_by, ", "));
    }
    if (real_time_.validity == Validity::invalid) return names_of(real_time_.anomalies);
    if (!real_time_.reason.empty() && standings_.of(name) == Standing::unknown)
      return real_time_.reason;
    if (standings_.of(name) == Standing::fails) return names_of(judgement_.anomalies);
    return "";
  }

  static std::string names_of(const std::vector<Anomaly>& anomalies) {
    std::vector<std::string> names;
    for (const Anomaly& anomaly : anomalies) {
      if (std::find(names.begin(), names.end(), anomaly.name) == names.end())
        names.push_back(anomaly.name);
    }
    return fmt::format("{}", fmt::join(names, ", "));
  }

  /// Whether it is one against what is claimed.
  bool matters(const Anomaly& anomaly) const {
    return std::any_of(anomaly.rules_out.begin(), anomaly.rules_out.end(),
                       [&](const std::string& name) { return is_claimed(name); });
  }

  void conclude() {
    std::vector<std::string> failing, open;
    for (const std::string& name : claimed_) {
      if (standings_.of(name) == Standing::fails) failing.push_back(name);
      if (standings_.of(name) == Standing::unknown) open.push_back(name);
    }
    const bool by_real_time = standings_.of("linearizable") == Standing::holds;
    if (!failing.empty()) {
      verdict_.validity = Validity::invalid;
      verdict_.reason =
          fmt::format("it breaks {} already", fmt::join(standings_.weakest_failing(), " and "));
    } else if (!open.empty()) {
      verdict_.reason = fmt::format("{}: {}", fmt::join(open, ", "), why(open.front()));
    } else if (!by_real_time && judgement_.reads_after_writes == 0) {
      verdict_.reason =
          "too few successful operations to mean anything: no read found what a write wrote";
    } else {
      verdict_.validity = Validity::valid;
    }
    add_standings(verdict_, standings_, [&](std::string_view name) { return why(name); });
    add_figures();
    if (verdict_.validity == Validity::invalid) add_anomalies();
  }

  void add_figures() {
    const bool has_orders = judgement_.operations > 0;
    verdict_.operations = has_orders ? judgement_.operations : real_time_.operations;
    verdict_.crashed = has_orders ? judgement_.crashed : real_time_.crashed;
    verdict_.parts = real_time_.parts;
    verdict_.parts_total = real_time_.parts_total;
    verdict_.algorithm = judgement_.algorithm;
    if (!real_time_.algorithm.empty()) {
      if (!verdict_.algorithm.empty()) verdict_.algorithm += "; ";
      verdict_.algorithm += real_time_.algorithm;
    }
    if (has_orders) {
      verdict_.statistics.set("sessions", static_cast<std::int64_t>(judgement_.sessions));
      verdict_.statistics.set("reads", static_cast<std::int64_t>(judgement_.reads));
    }
    if (!real_time_.statistics.is_nil())
      verdict_.statistics.set("linearizable", real_time_.statistics);
  }

  /// Those that rule out most come first: they break the weakest models.
  void add_anomalies() {
    verdict_.anomalies_total = real_time_.anomalies_total + judgement_.anomalies_total;
    std::vector<Anomaly> all = std::move(judgement_.anomalies);
    std::move(real_time_.anomalies.begin(), real_time_.anomalies.end(), std::back_inserter(all));
    for (Anomaly& anomaly : all) {
      if (matters(anomaly)) {
        verdict_.anomalies.push_back(std::move(anomaly));
      } else {
        --verdict_.anomalies_total;
      }
    }
    std::stable_sort(
        verdict_.anomalies.begin(), verdict_.anomalies.end(),
        [](const Anomaly& a, const Anomaly& b) { return a.rules_out.size() > b.rules_out.size(); });
    if (verdict_.anomalies.size() > options_.anomalies_max)
      verdict_.anomalies.resize(options_.anomalies_max);
  }

  const History& history_;
  CheckOptions options_;
  std::vector<std::string> claimed_;
  ModelStandings standings_;
  OrderJudgement judgement_;
  Verdict real_time_;  // of the checker "linearizable", if it ran
  Verdict verdict_;
};

class RegistersChecker : public Checker {
 public:
  std::string_view name() const override { return "registers"; }
  std::string_view description() const override {
    return "Reads and writes of registers, by several consistency models at once";
  }
  Verdict check(const History& history, const CheckOptions& options) const override {
    try {
      return RegistersJudging(history, options).run();
    } catch (const std::bad_alloc&) {
      Verdict verdict;
      verdict.checker = name();
      verdict.consistency = claim_of(options.consistency, Subject::operations);
      verdict.reason = memory_reason;
      return verdict;
    }
  }
};

}  // namespace

GAUNTLET_REGISTER(Checker, RegistersChecker);

}  // namespace gauntlet
