#include "checker/causal/judge_orders.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "checker/causal/accesses.hpp"
#include "checker/causal/causal_order.hpp"
#include "checker/causal/order_evidence.hpp"
#include "checker/causal/order_verifier.hpp"
#include "checker/causal/saturation.hpp"
#include "checker/causal/sequential_search.hpp"
#include "checker/causal/session_guarantees.hpp"

namespace gauntlet::causal {

namespace {

/// Clock entries that the views of all sessions may cost, a round of each.
constexpr std::size_t view_entries_max = 4'000'000'000;
/// Operations times sessions of an order for CCv that the verifier replays.
constexpr std::size_t replay_work_max = 10'000'000;
constexpr std::size_t search_states_max = 2'000'000;
constexpr std::size_t steps_of_verifier_max = 200'000;

class Judging {
 public:
  Judging(const History& history, const CheckOptions& options, OrderModels wanted,
          const std::function<bool(const std::string&)>& stronger_holds)
      : history_(history),
        options_(options),
        wanted_(wanted),
        stronger_holds_(stronger_holds),
        effort_(options.budget) {}

  OrderJudgement run() {
    auto read = accesses_of(history_, options_, effort_);
    if (!read.reason.empty()) {
      all_unknown(read.reason);
      ask_for_stronger(read.reason);
      return std::move(result_);
    }
    accesses_ = std::move(read.accesses);
    count();
    if (!judge_thin_air()) judge_models();
    return std::move(result_);
  }

 private:
  void count() {
    result_.operations = accesses_.size();
    result_.sessions = accesses_.sessions();
    for (const Access& access : accesses_.accesses) {
      result_.reads += !access.is_write();
      result_.reads_after_writes += access.reads_a_write();
      const EventIndex completion = history_.partner(access.invocation);
      result_.crashed += completion == no_event || history_.type(completion) == OperationType::info;
    }
  }

  void judge_models() {
    constexpr OrderModels by_causal_order = OrderModels(OrderModel::writes_follow_reads) |
                                            OrderModel::causal | OrderModel::causal_convergence |
                                            OrderModel::causal_memory | OrderModel::sequential;
    holds(OrderModel::monotonic_writes);  // no read is out of thin air
    if (wanted_.has_any(by_causal_order)) judge_causal();
    judge_guarantee(OrderModel::read_your_writes, missed_own_write, "MissedOwnWrite");
    judge_guarantee(OrderModel::monotonic_reads, non_monotonic_reads, "NonMonotonicReads");
    for (const OrderModel model : order_models) {
      if (!wanted_.has(model) || !is_open(model)) continue;
      if (ask_for_stronger("")) return;
      break;
    }
    if (wanted_.has(OrderModel::sequential)) judge_sequential();
    if (wanted_.has(OrderModel::causal_memory)) judge_views(OrderModel::causal_memory);
    if (wanted_.has(OrderModel::pram)) judge_views(OrderModel::pram);
  }

  bool ask_for_stronger(const std::string& refused) {
    const bool is_broken =
        std::any_of(result_.models.begin(), result_.models.end(),
                    [](const ModelJudgement& of) { return of.validity == Validity::invalid; });
    if (is_broken || !stronger_holds_ || !stronger_holds_(refused)) return false;
    for (const OrderModel model : order_models)
      holds(model);
    result_.by_stronger = true;
    return true;
  }

  // --- answers
  // ------------------------------------------------------------------------------------

  ModelJudgement& of(OrderModel model) { return result_.models[static_cast<std::size_t>(model)]; }
  bool is_open(OrderModel model) { return of(model).validity == Validity::unknown; }

  void all_unknown(const std::string& reason) {
    for (ModelJudgement& judgement : result_.models)
      judgement.reason = reason;
  }

  void holds(OrderModel model) {
    for (const OrderModel weaker : order_models) {
      if (with_stronger(weaker).has(model)) of(weaker) = {Validity::valid, "", {}};
    }
  }

  void used(std::string_view algorithm) {
    if (result_.algorithm.find(algorithm) != std::string::npos) return;
    if (!result_.algorithm.empty()) result_.algorithm += "; ";
    result_.algorithm += algorithm;
  }

  const OrderVerifier& verifier() {
    if (!verifier_) verifier_.emplace(history_, options_);
    return *verifier_;
  }

  /// Rules the models out that the verifier says are, and shows the anomaly if there is room.
  /// False if the verifier does not accept that `model` is.
  bool rule_out(OrderModel model, const std::optional<Derivation>& derivation, bool of_view) {
    if (!derivation && effort_.exhausted_now()) {
      of(model).reason = effort_.reason() + ", while a violation was being shown";
      return false;
    }
    if (!derivation) return refused(model, "a step has no derivation");
    return rule_out_as(model, *derivation, pattern_name(*derivation, of_view));
  }

  bool rule_out_as(OrderModel model, const Derivation& derivation, std::string name) {
    const auto refuted = verifier().refutes(derivation);
    if (!refuted) return refused(model, refuted.error().what);
    if (!refuted->has(model)) return refused(model, "the evidence is about another model");
    show(anomaly_of(history_, derivation, std::move(name)), *refuted);
    return true;
  }

  void show(Anomaly anomaly, OrderModels refuted) {
    for (const OrderModel model : order_models) {
      if (!refuted.has(model)) continue;
      ModelJudgement& judgement = of(model);
      judgement.validity = Validity::invalid;
      judgement.reason.clear();
      auto& names = judgement.broken_by;
      if (std::find(names.begin(), names.end(), anomaly.name) == names.end())
        names.push_back(anomaly.name);
      anomaly.rules_out.emplace_back(name_of(model));
    }
    anomaly.rules_out.emplace_back("linearizable");
    anomaly.verified_by = "definitions of orders";
    if (result_.anomalies.size() < options_.anomalies_max) {
      result_.anomalies.push_back(std::move(anomaly));
    }
  }

  bool refused(OrderModel model, const std::string& why) {
    of(model).reason = "internal error: the verifier refused the evidence found: " + why;
    return false;
  }

  // --- thin air
  // -----------------------------------------------------------------------------------

  bool judge_thin_air() {
    bool found = false;
    for (const Access& access : accesses_.accesses) {
      if (access.source != thin_air) continue;
      ++result_.anomalies_total;
      if (found && result_.anomalies.size() >= options_.anomalies_max) continue;
      found = true;
      if (const auto accepted = verifier().thin_air(access.invocation); !accepted) {
        for (const OrderModel model : order_models)
          refused(model, accepted.error().what);
        return true;
      }
      show_thin_air(access.invocation);
    }
    if (found) used("reads-from");
    return found;
  }

  void show_thin_air(EventIndex read) {
    Anomaly anomaly;
    anomaly.name = "ThinAirRead";
    if (history_.has_keys()) anomaly.key = history_.values().to_text(history_.key(read), 60);
    anomaly.operations = {read};
    anomaly.detected_at = history_.partner(read);
    anomaly.explanation = {
        describe_access(history_, read) + fmt::format(" (operation {})", history_.index(read)),
        "no write that may have happened wrote that value to the key, and the "
        "key did not hold it at the start"};
    anomaly.certificate = Value::map({{"read", history_.index(read)}});
    show(std::move(anomaly), OrderModels::all());
  }

  // --- CC and CCv
  // ---------------------------------------------------------------------------------

  void judge_causal() {
    used("causal order by vector clocks (AWDIT)");
    const CausalOrder causal = causal_order(accesses_, effort_);
    if (gave_up(
            {OrderModel::writes_follow_reads, OrderModel::causal, OrderModel::causal_convergence}))
      return;
    if (causal.order.size() < accesses_.size()) {
      Deriving deriving(accesses_, {}, {}, effort_);
      ++result_.anomalies_total;
      rule_out(OrderModel::causal, deriving.derive(deriving.paths().cycle(causal.order)), false);
      return;
    }
    holds(OrderModel::writes_follow_reads);  // CO has no cycle
    const auto order = topological_order(accesses_, causal.conflicts, effort_);
    if (gave_up({OrderModel::causal, OrderModel::causal_convergence})) return;
    const bool is_cyclic = order.size() < accesses_.size();
    if (!causal.initial_reads.empty()) show_initial_reads(causal.initial_reads);
    if (!is_cyclic) {
      if (causal.initial_reads.empty()) accept_converging(order);
      return;
    }
    const auto contradictions =
        against_causal_order(accesses_, causal.order, causal.conflicts, effort_);
    if (gave_up({OrderModel::causal, OrderModel::causal_convergence})) return;
    show_contradictions(contradictions);
    if (!contradictions.empty()) return;
    if (causal.initial_reads.empty()) holds(OrderModel::causal);
    Deriving deriving(accesses_, causal.conflicts, {}, effort_);
    ++result_.anomalies_total;
    rule_out(OrderModel::causal_convergence, deriving.derive(deriving.paths().cycle(order)), false);
  }

  /// The order is replayed by the verifier where that costs little.
  void accept_converging(const std::vector<AccessId>& order) {
    const auto accepted =
        accesses_.size() * (accesses_.sessions() + std::size_t{1}) > replay_work_max
            ? Result<void>()
            : verifier().converging_order(events_of(order), replay_work_max);
    if (accepted) {
      holds(OrderModel::causal_convergence);
    } else {
      refused(OrderModel::causal_convergence, accepted.error().what);
    }
  }

  std::vector<EventIndex> events_of(const std::vector<AccessId>& order) const {
    std::vector<EventIndex> events;
    events.reserve(order.size());
    for (const AccessId id : order)
      events.push_back(accesses_[id].invocation);
    return events;
  }

  bool gave_up(std::initializer_list<OrderModel> models) {
    if (!effort_.exhausted_now()) return false;
    for (const OrderModel model : models) {
      if (is_open(model)) of(model).reason = effort_.reason();
    }
    return true;
  }

  std::size_t shown(std::size_t found) const {
    const std::size_t room =
        options_.anomalies_max - std::min(options_.anomalies_max, result_.anomalies.size());
    return std::min(found, std::max<std::size_t>(room, 1));
  }

  void show_initial_reads(const std::vector<InitialReadAfterWrite>& found) {
    result_.anomalies_total += found.size();
    std::vector<ForcedEdge> edges;
    std::vector<ForcedBy> reasons;
    for (std::size_t i = 0; i < shown(found.size()); ++i) {
      edges.push_back({found[i].read, found[i].write});
      reasons.push_back({EdgeRule::initial, found[i].read, 0});
    }
    Deriving deriving(accesses_, edges, reasons, effort_);
    for (std::uint32_t i = 0; i < edges.size(); ++i) {
      auto cycle = deriving.paths().path(edges[i].to, edges[i].from, false, 0);
      if (!cycle.empty()) cycle.push_back({edges[i].from, edges[i].to, Hop::Kind::forced, i});
      if (!rule_out(OrderModel::causal, deriving.derive(cycle), false)) return;
    }
  }

  void show_contradictions(const std::vector<ForcedEdge>& found) {
    if (found.empty()) return;
    result_.anomalies_total += found.size();
    const std::vector<ForcedEdge> edges(
        found.begin(), found.begin() + static_cast<std::ptrdiff_t>(shown(found.size())));
    Deriving deriving(accesses_, edges, {}, effort_);
    for (std::uint32_t i = 0; i < edges.size(); ++i) {
      auto cycle = deriving.paths().path(edges[i].to, edges[i].from, false, 0);
      if (!cycle.empty()) cycle.push_back({edges[i].from, edges[i].to, Hop::Kind::forced, i});
      if (!rule_out(OrderModel::causal, deriving.derive(cycle), false)) return;
    }
  }

  // --- read your writes and monotonic reads
  // ---------------------------------------------------------------------------------

  void judge_guarantee(OrderModel model,
                       std::vector<VersionStep> (*breach)(const Accesses&, Effort&),
                       const char* name) {
    if (!wanted_.has(model) || !is_open(model)) return;
    used("order of versions");
    const auto steps = breach(accesses_, effort_);
    if (gave_up({model})) return;
    if (steps.empty()) {
      holds(model);
      return;
    }
    ++result_.anomalies_total;
    rule_out_as(model, derivation_of(accesses_, steps), name);
  }

  // --- sequential
  // ---------------------------------------------------------------------------------

  void judge_sequential() {
    if (!is_open(OrderModel::sequential)) return;
    used("saturation (Zennou et al.) and search");
    const Saturated saturated = saturate(accesses_, {std::nullopt, true}, effort_);
    if (!saturated.complete) {
      of(OrderModel::sequential).reason = effort_.reason();
      return;
    }
    if (saturated.has_cycle) {
      Deriving deriving(accesses_, saturated.edges, saturated.reasons, effort_);
      ++result_.anomalies_total;
      rule_out(OrderModel::sequential, deriving.derive(deriving.paths().cycle(saturated.order)),
               false);
      return;
    }
    const SequentialSearch search =
        search_sequential_order(accesses_, saturated.edges, search_states_max, effort_);
    switch (search.end) {
      case SequentialSearch::End::found:
        return accept(search.order);
      case SequentialSearch::End::none:
        return show_no_order();
      case SequentialSearch::End::gave_up:
        of(OrderModel::sequential).reason =
            effort_.exhausted_now()
                ? effort_.reason()
                : fmt::format(
                      "the forced orders leave it open, and the search ended after {} "
                      "states without an order",
                      search.states);
    }
  }

  void accept(const std::vector<AccessId>& order) {
    if (const auto accepted = verifier().sequential_order(events_of(order)); !accepted) {
      refused(OrderModel::sequential, accepted.error().what);
      return;
    }
    holds(OrderModel::sequential);
  }

  /// The verifier tries for itself, on as few keys as show it.
  void show_no_order() {
    std::vector<ValueId> keys(accesses_.keys());
    for (const Access& access : accesses_.accesses)
      keys[access.key] = history_.key(access.invocation);
    const auto accepted = verifier().no_sequential_order(keys, steps_of_verifier_max);
    if (!accepted) {
      of(OrderModel::sequential).reason =
          accepted.error().kind == ErrorKind::resource
              ? "the search found no order, but there are too many to verify that"
              : "internal error: the verifier refused: " + accepted.error().what;
      return;
    }
    for (std::size_t i = keys.size(); i-- > 0 && keys.size() > 1;) {
      auto fewer = keys;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      if (verifier().no_sequential_order(fewer, steps_of_verifier_max)) keys = std::move(fewer);
    }
    ++result_.anomalies_total;
    Anomaly anomaly;
    anomaly.name = "no sequential order";
    Value::List names;
    for (const ValueId key : keys)
      names.push_back(history_.values().to_value(key));
    for (const Access& access : accesses_.accesses) {
      const ValueId key = history_.key(access.invocation);
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) continue;
      anomaly.operations.push_back(access.invocation);
    }
    std::sort(anomaly.operations.begin(), anomaly.operations.end());
    anomaly.explanation = {fmt::format(
        "no order of these {} operations agrees with the order of each process and with what the "
        "reads found: all were tried",
        anomaly.operations.size())};
    anomaly.certificate = Value::map({{"keys", std::move(names)}});
    show(std::move(anomaly), OrderModel::sequential);
  }

  // --- CM and PRAM
  // --------------------------------------------------------------------------------

  void judge_views(OrderModel model) {
    if (!is_open(model)) return;
    used("saturation of each session's view");
    const std::size_t width = std::size_t{accesses_.sessions()} * accesses_.sessions();
    if (accesses_.size() * width > view_entries_max) {
      of(model).reason = "too many operations and sessions to look at the view of each";
      return;
    }
    for (SessionId session = 0; session < accesses_.sessions(); ++session) {
      if (!reads_writes(session)) continue;
      if (!judge_view(model, session)) return;
    }
    holds(model);
  }

  bool reads_writes(SessionId session) const {
    for (AccessId id = accesses_.session_begin[session]; id < accesses_.session_begin[session + 1];
         ++id) {
      if (!accesses_[id].is_write()) return true;
    }
    return false;
  }

  /// Whether the view has an explanation; if not, that is noted.
  bool judge_view(OrderModel model, SessionId session) {
    std::vector<AccessId> kept;
    const bool is_pram = model == OrderModel::pram;
    const Accesses view = is_pram ? writes_and_reads_of(accesses_, session, kept) : Accesses();
    const Accesses& looked_at = is_pram ? view : accesses_;
    const Saturated saturated = saturate(looked_at, {session, false}, effort_);
    if (!saturated.complete) {
      of(model).reason = effort_.reason();
      return false;
    }
    if (!saturated.has_cycle) return true;
    Deriving deriving(looked_at, saturated.edges, saturated.reasons, effort_);
    ++result_.anomalies_total;
    rule_out(model, deriving.derive(deriving.paths().cycle(saturated.order)), true);
    return false;
  }

  const History& history_;
  const CheckOptions& options_;
  OrderModels wanted_;
  const std::function<bool(const std::string&)>& stronger_holds_;
  Effort effort_;
  Accesses accesses_;
  std::optional<OrderVerifier> verifier_;
  OrderJudgement result_;
};

}  // namespace

OrderJudgement judge_orders(const History& history, const CheckOptions& options, OrderModels wanted,
                            const std::function<bool(const std::string&)>& stronger_holds) {
  return Judging(history, options, wanted, stronger_holds).run();
}

}  // namespace gauntlet::causal
