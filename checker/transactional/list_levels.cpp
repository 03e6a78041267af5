#include "checker/transactional/list_levels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "checker/transactional/list_run_verifier.hpp"
#include "checker/transactional/list_versions.hpp"
#include "checker/transactional/order_decision.hpp"
#include "checker/transactional/register_levels.hpp"
#include "checker/transactional/weak_evidence.hpp"
#include "checker/transactional/weak_verifier.hpp"

namespace gauntlet {

namespace {

/// Micro-operations of a history in which levels are looked at that nobody claims, and what one of
/// them may take.
constexpr MicroId unasked_max = 100'000;
constexpr std::chrono::milliseconds unasked_time = std::chrono::milliseconds(1000);

class DecidingLists {
 public:
  DecidingLists(const VersionOrders& orders, const CheckOptions& options,
                const std::function<bool(std::string_view)>& is_claimed, ModelStandings& standings)
      : history_(orders.transactions().history()),
        orders_(orders),
        options_(options),
        is_claimed_(is_claimed),
        standings_(standings),
        last_elements_(orders.transactions().as_registers()),
        registers_(last_elements_) {
    options_.initial = Value();
    options_.nil_read = NilRead::value;
  }

  ListLevels run() {
    Effort effort(options_.budget);
    if (!registers_.resolve(options_, effort, happened()) || registers_.has_repeated_values()) {
      return std::move(result_);
    }
    steps_ = version_steps(orders_);
    judge_orders();
    judge_weak_models();
    return std::move(result_);
  }

 private:
  std::vector<Txn> happened() const {
    std::vector<Txn> result;
    for (Txn t = 0; t < last_elements_.size(); ++t) {
      if (orders_.happened(t)) result.push_back(t);
    }
    return result;
  }

  bool is_wanted(std::string_view model) const {
    return standings_.of(model) == Standing::unknown &&
           (is_claimed_(model) || last_elements_.micro_count() <= unasked_max);
  }

  Budget budget_of(std::string_view model) const {
    Budget budget = options_.budget;
    if (!is_claimed_(model)) budget.deadline = budget.deadline.capped(unasked_time);
    return budget;
  }

  // --- levels that are orders of moments --------------------------------------------------------

  /// Strongest first, as what it implies holds with it.
  void judge_orders() {
    const auto levels = register_levels();
    const bool any = std::any_of(levels.begin(), levels.end(),
                                 [&](const NamedLevel& level) { return is_wanted(level.name); });
    if (!any) return;
    Effort effort(options_.budget);
    Footprints all = footprints_of(registers_, effort, true);
    if (effort.exhausted_now()) return;
    add_known_order(all);
    for (const NamedLevel& level : levels) {
      const bool has_times = level.level.timing != Timing::real_time || history_.has_real_time();
      if (has_times && is_wanted(level.name)) judge(level, all);
    }
  }

  void add_known_order(Footprints& all) const {
    std::vector<Txn> places(last_elements_.size(), no_txn);
    for (Txn t = 0; t < all.size(); ++t)
      places[all.originals[t]] = t;
    for (const VersionStep& step : steps_) {
      const Txn from = places[step.from];
      const Txn to = places[step.to];
      if (from == no_txn || to == no_txn) continue;
      all.known_order.emplace_back(all.write_of(from, step.key), all.write_of(to, step.key));
    }
  }

  void judge(const NamedLevel& level, const Footprints& all) {
    const std::string name(level.name);
    const Budget budget = budget_of(level.name);
    Effort effort(budget);
    const OrderDecision decision = decide_order(all, level.level, effort);
    if (decision.decided == Decided::open) result_.why[name] = decision.reason;
    if (decision.decided == Decided::fails) {
      result_.why[name] = "it seems to fail, but for no anomaly that could be shown";
    }
    if (decision.decided != Decided::holds) return;
    std::vector<RunMoment> moments;
    moments.reserve(decision.run.size());
    for (const std::uint32_t moment : decision.run)
      moments.push_back({all.invoked[moment / 2], (moment & 1) != 0});
    const auto accepted = ListRunVerifier(history_).run(level.level, moments);
    if (accepted) {
      standings_.note(level.name, true);
    } else if (accepted.error().kind == ErrorKind::resource) {
      result_.why[name] = accepted.error().what;
    } else {
      result_.refused = fmt::format("a run for {}: {}", name, accepted.error().what);
    }
  }

  // --- levels below snapshots -------------------------------------------------------------------

  void judge_weak_models() {
    const auto wanted = [&](const WeakModel& model) { return is_wanted(model.name); };
    if (std::none_of(weak_models.begin(), weak_models.end(), wanted)) return;
    const WeakVerifier verifier(history_, options_.initial);
    for (const WeakModel& model : weak_models) {
      if (!wanted(model)) continue;
      const Budget budget = budget_of(model.name);
      Effort effort(budget);
      const auto judged = judge_weak(registers_, model.level, model.with_sessions, effort, steps_);
      if (!judged.decided) {
        result_.why[std::string(model.name)] =
            effort.exhausted_now() ? effort.reason() : "it needs a clock for too many sessions";
      } else if (judged.holds) {
        accept(model, judged.order, verifier);
      } else if (refute(model, judged, verifier)) {
        standings_.note(model.name, false);
      }
    }
  }

  void accept(const WeakModel& model, const std::vector<Txn>& order, const WeakVerifier& verifier) {
    const auto accepted =
        verifier.order(model.level, model.with_sessions, invocations_of(last_elements_, order));
    if (accepted || accepted.error().kind == ErrorKind::resource) {
      standings_.note(model.name, true);
    } else {
      result_.refused = fmt::format("an order for {}: {}", model.name, accepted.error().what);
    }
  }

  /// Keeps the cycles as anomalies. False where the verifier refuses one.
  bool refute(const WeakModel& model, const WeakJudgement& judged, const WeakVerifier& verifier) {
    ModelStandings alone(Subject::transactions);
    alone.note(model.name, false);
    for (const WeakCycle& cycle : judged.cycles) {
      const auto claims = claims_of(last_elements_, cycle.edges);
      Anomaly anomaly = describe(history_, cycle.pattern, claims);
      const auto accepted = verifier.cycle(model.level, model.with_sessions, claims);
      if (!accepted) {
        result_.refused = fmt::format("{}: {}", anomaly.name, accepted.error().what);
        return false;
      }
      anomaly.verified_by = "weak level verifier";
      for (const ConsistencyModel& other : consistency_models(Subject::transactions)) {
        if (alone.of(other.name) != Standing::fails) continue;
        anomaly.rules_out.emplace_back(other.name);
        result_.breaks[std::string(other.name)].insert(anomaly.name);
      }
      result_.anomalies.push_back(std::move(anomaly));
    }
    return true;
  }

  const History& history_;
  const VersionOrders& orders_;
  CheckOptions options_;
  const std::function<bool(std::string_view)>& is_claimed_;
  ModelStandings& standings_;
  Transactions last_elements_;
  RegisterTransactions registers_;
  std::vector<VersionStep> steps_;
  ListLevels result_;
};

}  // namespace

ListLevels decide_list_levels(const VersionOrders& orders, const CheckOptions& options,
                              const std::function<bool(std::string_view)>& is_claimed,
                              ModelStandings& standings) {
  const MicroId micros = orders.transactions().micro_count();
  const bool any =
      std::any_of(consistency_models(Subject::transactions).begin(),
                  consistency_models(Subject::transactions).end(), [&](const auto& model) {
                    return standings.of(model.name) == Standing::unknown &&
                           (is_claimed(model.name) || micros <= unasked_max);
                  });
  constexpr std::size_t bytes_a_micro = 12;
  Effort effort(options.budget);
  if (!any && micros > unasked_max) {
    ListLevels nothing;
    for (const ConsistencyModel& model : consistency_models(Subject::transactions))
      nothing.why[std::string(model.name)] = "it was not asked for, and the history is large";
    return nothing;
  }
  if (!any || !effort.allows(std::size_t{micros} * bytes_a_micro)) return {};
  return DecidingLists(orders, options, is_claimed, standings).run();
}

}  // namespace gauntlet
