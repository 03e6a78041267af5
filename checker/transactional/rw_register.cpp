// The checker "rw-register": transactions that read and write registers, judged by every
// consistency model of the table at once.
//
// Values tell who wrote what a read shows. In which order the writers of a key came is not known,
// and is searched for (order_decision.hpp), so that the levels are decided and not approximated. A
// level that holds is proven by a run of a database, one that fails by a few transactions and a
// proof by cases that they cannot satisfy it; a verifier accepts either.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <new>
#include <optional>
#include <set>

#include "checker/checker.hpp"
#include "checker/consistency_models.hpp"
#include "checker/transactional/case_prover.hpp"
#include "checker/transactional/order_decision.hpp"
#include "checker/transactional/register_core.hpp"
#include "checker/transactional/register_evidence.hpp"
#include "checker/transactional/register_levels.hpp"
#include "checker/transactional/register_reads.hpp"
#include "checker/transactional/weak_evidence.hpp"
#include "checker/transactional/weak_levels.hpp"
#include "checker/transactional/weak_verifier.hpp"

namespace gauntlet {
namespace {

/// Micro-operations of a history in which levels are looked at that nobody asked for although they
/// take more than those that were.
constexpr MicroId unasked_max = 100'000;
constexpr std::size_t cases_max = 20'000;
/// Transactions in a commit order that the verifier replays.
constexpr std::size_t replayed_max = 20'000;
/// What a look at what is stronger than a claim may take, and one at what nobody claims: less where
/// something stronger was not decided in time, since that is about as hard. And what the levels
/// that nobody claims may take besides.
constexpr std::chrono::seconds for_stronger = std::chrono::seconds(3);
constexpr std::chrono::milliseconds at_first = std::chrono::milliseconds(1500);
constexpr std::chrono::milliseconds behind_others = std::chrono::milliseconds(500);
constexpr std::chrono::seconds besides = std::chrono::seconds(2);

class RegisterJudging {
 public:
  RegisterJudging(const History& history, const CheckOptions& options)
      : history_(history),
        options_(options),
        asked_(asked_of_transactions(options.consistency, history.has_real_time())),
        claimed_(expanded(asked_, Subject::transactions)),
        standings_(Subject::transactions) {
    if (claimed_.empty()) claimed_.emplace_back("strict-serializable");
  }

  Verdict run() {
    verdict_.checker = "rw-register";
    verdict_.model = "rw-register";
    verdict_.algorithm = "polygraph";
    verdict_.consistency = claim_of(asked_, Subject::transactions);
    for (const std::string& name : claimed_) {
      if (find_consistency_model(name, Subject::transactions) != nullptr) continue;
      verdict_.reason = "there is no consistency model " + name;
      return std::move(verdict_);
    }
    const auto transactions = Transactions::of(history_, options_.budget, KeyType::registers);
    if (!transactions) {
      verdict_.reason = transactions.error().to_string();
      return std::move(verdict_);
    }
    progress(0.2);
    judge(*transactions);
    return std::move(verdict_);
  }

 private:
  void progress(double share) const {
    if (options_.progress) options_.progress(share);
  }

  void judge(const Transactions& transactions) {
    std::size_t committed = 0;
    for (Txn t = 0; t < transactions.size(); ++t) {
      committed += transactions.outcome(t) == Outcome::committed ? 1 : 0;
      verdict_.crashed += transactions.outcome(t) == Outcome::indefinite ? 1 : 0;
    }
    verdict_.operations = transactions.size();
    if (committed == 0) {
      verdict_.reason = "no transaction committed";
      return;
    }
    if (options_.key_order == KeyOrder::linearizable && !history_.has_real_time()) {
      verdict_.reason =
          "the order of keys in real time was asked for, which the history does not tell";
      return;
    }
    Effort effort(options_.budget);
    RegisterTransactions registers(transactions);
    if (!registers.resolve(options_, effort)) {
      verdict_.reason = effort.reason();
      return;
    }
    find_read_anomalies(registers);
    // Some order of the writes of each key agrees with real time and with that of the other keys.
    note(history_.has_real_time() ? "strong-read-uncommitted" : "strong-session-read-uncommitted",
         true);
    const Footprints all = footprints_of(registers, effort);
    progress(0.4);
    const RegisterEvidence evidence(registers);
    show_read_anomalies(registers, evidence);
    const bool only_internal = read_counts_.size() == 1 && read_counts_.contains("internal");
    if (only_internal) {
      decide_committed(registers, all, footprints_of(registers, effort, true), evidence);
    } else if (read_counts_.empty()) {
      judge_weak_models(registers);
      const bool only_weak = only_weak_is_claimed();
      if (only_weak) refute_weak_models(transactions);
      if (!only_weak || transactions.micro_count() <= unasked_max) {
        decide_all(all);
        progress(0.7);
        prove_failures(all, transactions, evidence);
      } else {
        note_unasked();
      }
      follow();
      refute_weak_models(transactions);
    }
    conclude();
    progress(1);
  }

  // --- single reads -----------------------------------------------------------------------------

  void find_read_anomalies(const RegisterTransactions& registers) {
    const Transactions& all = registers.transactions();
    for (MicroId m = 0; m < all.micro_count(); ++m) {
      const ReadSource source = registers.source(m);
      if (source == ReadSource::none) continue;
      const std::string_view name = read_anomaly_name(source, registers.agrees(m));
      if (name.empty()) continue;
      if (++read_counts_[std::string(name)] > options_.anomalies_max) continue;
      MicroId other = name == "internal" ? last_before(all, m) : registers.writer(m);
      read_anomalies_.push_back({name, m, other});
    }
  }

  void show_read_anomalies(const RegisterTransactions& registers,
                           const RegisterEvidence& evidence) {
    const RegisterVerifier verifier(history_, options_);
    for (const ReadAnomaly& read : read_anomalies_) {
      Anomaly anomaly = evidence.describe(read);
      anomaly.explanation.push_back(
          fmt::format("Plume calls this {}.", read_pattern(registers, read)));
      add(std::move(anomaly), verifier.observation(evidence.certificate(read)));
    }
    for (const auto& [name, count] : read_counts_) {
      counts_[name] = count;
      for (const std::string& model : ruled_out_by(name)) {
        note(model, false);
        why_[model] = name;
      }
    }
  }

  // --- levels -----------------------------------------------------------------------------------

  void note(std::string_view model, bool holds) {
    if (standings_.of(model) == Standing::unknown) standings_.note(model, holds);
  }

  bool is_claimed(std::string_view name) const {
    return std::find(claimed_.begin(), claimed_.end(), name) != claimed_.end();
  }

  /// Who read from whom first: where that fails all fails. Then what is claimed, strongest first,
  /// behind a look at what is stronger, since with that it holds. Then what nobody claims:
  /// each a short look before one may take the time that is left.
  void decide_all(const Footprints& all) {
    decide(all, *find_register_level("read-committed"), options_.budget);
    for (const NamedLevel& level : register_levels()) {
      if (!is_claimed(level.name)) continue;
      for (const NamedLevel& stronger : register_levels()) {
        if (implies(stronger.name, level.name)) {
          decide(all, stronger, within(options_.budget, for_stronger));
        }
      }
      decide(all, level, options_.budget);
    }
    std::vector<std::string_view> open;
    for (const NamedLevel& level : register_levels()) {
      const bool is_behind = std::any_of(open.begin(), open.end(), [&](std::string_view stronger) {
        return implies(stronger, level.name);
      });
      decide(all, level, within(options_.budget, is_behind ? behind_others : at_first));
      if (standings_.of(level.name) == Standing::unknown) open.push_back(level.name);
    }
    const Budget rest = within(options_.budget, besides);
    for (const NamedLevel& level : register_levels())
      decide(all, level, rest);
  }

  static bool implies(std::string_view stronger, std::string_view weaker) {
    ModelStandings alone(Subject::transactions);
    alone.note(stronger, true);
    return stronger != weaker && alone.of(weaker) == Standing::holds;
  }

  /// With what is known of keys; who read from whom does not depend on it.
  OrderLevel judged(const NamedLevel& level) const {
    const bool matters = level.level.sight != Sight::committed;
    return {level.level.sight, level.level.timing, matters ? options_.key_order : KeyOrder::none};
  }

  static Budget within(Budget budget, std::chrono::nanoseconds time) {
    budget.deadline = budget.deadline.capped(time);
    return budget;
  }

  /// Where transactions contradict themselves only levels below read atomic may hold. A read that
  /// follows upon another of its key may show another version there.
  void decide_committed(const RegisterTransactions& registers, const Footprints& all,
                        const Footprints& repeated, const RegisterEvidence& evidence) {
    std::vector<std::pair<const NamedLevel*, OrderDecision>> held;
    for (const NamedLevel& level : register_levels()) {
      if (level.level.sight != Sight::committed || !has_times_for(level)) continue;
      Effort effort(options_.budget);
      OrderDecision decision = decide_order(all, judged(level), effort);
      if (decision.decided == Decided::fails) {
        standings_.note(level.name, false);
        involved_[level.name] = std::move(decision.involved);
        continue;
      }
      decision = decide_order(repeated, judged(level), effort);
      if (decision.decided == Decided::holds) held.emplace_back(&level, std::move(decision));
    }
    prove_failures(all, registers.transactions(), evidence);
    // What they wrote over themselves is no version that anybody may read, nor an absurdity.
    const Transactions& transactions = registers.transactions();
    for (MicroId m = 0; m < transactions.micro_count(); ++m) {
      if (registers.source(m) == ReadSource::own_earlier) return;
    }
    for (const auto& [level, decision] : held) {
      if (standings_.of(level->name) == Standing::unknown &&
          accept_run(repeated, *level, decision.run)) {
        standings_.note(level->name, true);
      }
    }
  }

  bool only_weak_is_claimed() const {
    return std::all_of(claimed_.begin(), claimed_.end(), [](const std::string& name) {
      return std::any_of(weak_models.begin(), weak_models.end(),
                         [&](const WeakModel& model) { return model.name == name; });
    });
  }

  void note_unasked() {
    for (const NamedLevel& level : register_levels())
      why_.try_emplace(std::string(level.name), "it was not asked for, and the history is large");
  }

  /// The levels below snapshots. Those with sessions come first, as the others hold where they do.
  /// What fails is kept for later: what fails above it has evidence of its own.
  void judge_weak_models(const RegisterTransactions& registers) {
    for (const WeakModel& model : weak_models) {
      if (standings_.of(model.name) == Standing::holds) continue;
      std::string& why = why_[std::string(model.name)];
      if (registers.has_repeated_values()) {
        why = "a value was written twice, so that reads do not tell who wrote it";
        continue;
      }
      Effort effort(options_.budget);
      WeakJudgement judged = judge_weak(registers, model.level, model.with_sessions, effort);
      if (!judged.decided) {
        why = effort.exhausted_now() ? effort.reason() : "it needs a clock for too many sessions";
      } else if (judged.holds) {
        accept_order(model, registers.transactions(), judged.order);
      } else {
        weak_failures_.emplace_back(&model, std::move(judged));
      }
    }
  }

  /// Long orders are not replayed: a verifier of them would have to be as clever as the search.
  void accept_order(const WeakModel& model, const Transactions& all,
                    const std::vector<Txn>& order) {
    if (order.size() <= replayed_max) {
      const auto accepted =
          WeakVerifier(history_, options_.initial)
              .order(model.level, model.with_sessions, invocations_of(all, order));
      if (!accepted) {
        refused_ = fmt::format("an order for {}: {}", model.name, accepted.error().what);
        return;
      }
    }
    note(model.name, true);
    methods_.set(model.name, "commit order");
  }

  void refute_weak_models(const Transactions& all) {
    if (weak_failures_.empty()) return;
    const WeakVerifier verifier(history_, options_.initial);
    for (const auto& [model, judged] : weak_failures_) {
      if (!refused_.empty()) return;
      why_[std::string(model->name)] = refute_weak(all, *model, judged, verifier);
    }
    weak_failures_.clear();
  }

  /// Shows the cycles; returns their names.
  std::string refute_weak(const Transactions& all, const WeakModel& model,
                          const WeakJudgement& judged, const WeakVerifier& verifier) {
    ModelStandings alone(Subject::transactions);
    alone.note(model.name, false);
    std::vector<std::string> names;
    for (const WeakCycle& cycle : judged.cycles) {
      names.push_back(cycle.pattern);
      const auto claims = claims_of(all, cycle.edges);
      Anomaly anomaly = gauntlet::describe(history_, cycle.pattern, claims);
      for (const ConsistencyModel& other : consistency_models(Subject::transactions)) {
        if (alone.of(other.name) == Standing::fails) anomaly.rules_out.emplace_back(other.name);
      }
      // Of each pattern the one that says most is shown.
      const auto same = std::find_if(anomalies_.begin(), anomalies_.end(),
                                     [&](const Anomaly& a) { return a.name == cycle.pattern; });
      if (same != anomalies_.end()) {
        if (same->rules_out.size() >= anomaly.rules_out.size()) continue;
        anomalies_.erase(same);
      }
      counts_[cycle.pattern] = 1;
      add(std::move(anomaly), verifier.cycle(model.level, model.with_sessions, claims));
    }
    if (refused_.empty()) note(model.name, false);
    return fmt::format("{}", fmt::join(names, ", "));
  }

  /// A level of real time is decided only where the history tells it.
  bool has_times_for(const NamedLevel& level) {
    if (level.level.timing != Timing::real_time || history_.has_real_time()) return true;
    why_[std::string(level.name)] = no_real_time;
    return false;
  }

  void decide(const Footprints& all, const NamedLevel& level, const Budget& budget) {
    if (standings_.of(level.name) != Standing::unknown || tried_.contains(level.name)) return;
    if (!has_times_for(level)) return;
    Effort effort(budget);
    OrderDecision decision = decide_order(all, judged(level), effort);
    if (decision.decided == Decided::open) {
      why_[std::string(level.name)] = decision.reason;
      if (&budget == &options_.budget) tried_.insert(level.name);
      return;
    }
    methods_.set(level.name, decision.method);
    if (decision.decided == Decided::fails) {
      standings_.note(level.name, false);
      involved_[level.name] = std::move(decision.involved);
      return;
    }
    if (!decision.run.empty() && !accept_run(all, level, decision.run)) return;
    standings_.note(level.name, true);
  }

  bool accept_run(const Footprints& all, const NamedLevel& level,
                  const std::vector<std::uint32_t>& run) {
    std::vector<RunMoment> moments;
    moments.reserve(run.size());
    for (const std::uint32_t moment : run) {
      moments.push_back({invocation_of(all, moment / 2), (moment & 1) != 0});
    }
    const auto accepted = RegisterVerifier(history_, options_).run(judged(level), moments);
    if (accepted) return true;
    refused_ = fmt::format("a run for {}: {}", level.name, accepted.error().what);
    tried_.insert(level.name);
    return false;
  }

  EventIndex invocation_of(const Footprints& all, Txn t) const { return all.invoked[t]; }

  /// Both orders of the two updates close a cycle of one write and one anti-dependency on the same
  /// key, which is Adya's G-cursor, whatever else is true. Cursor stability is decided by
  /// nothing else here.
  void note_lost_update(ModelStandings& alone) {
    for (const std::string& model : ruled_out_by("lost update")) {
      note(model, false);
      alone.note(model, false);
      why_.try_emplace(model, "lost update");
    }
  }

  /// Shows why each of the weakest levels that fail does; one for which that cannot be shown is
  /// unknown instead.
  void prove_failures(const Footprints& all, const Transactions& transactions,
                      const RegisterEvidence& evidence) {
    const RegisterVerifier verifier(history_, options_);
    for (const std::string& name : standings_.weakest_failing()) {
      const NamedLevel* level = find_register_level(name);
      const auto involved = involved_.find(name);
      if (level == nullptr || involved == involved_.end()) continue;
      Effort effort(options_.budget);
      const auto few = shrink_failure(all, judged(*level), involved->second, effort);
      std::optional<CaseProof> proof;
      if (few) proof = prove_by_cases(*few, transactions, judged(*level), cases_max, effort);
      if (!proof) {
        unproven_[name] =
            effort.exhausted_now() ? effort.reason() : "its violation is too large to be proven";
        continue;
      }
      Anomaly anomaly = evidence.describe(*proof);
      const auto accepted = verifier.proof(*proof);
      if (!accepted) unproven_[name] = "the verifier refused its proof: " + accepted.error().what;
      ModelStandings alone(Subject::transactions);
      alone.note(name, false);
      // Its cycles may be of a kind that levels forbid which were not decided.
      for (const NamedLevel& other : register_levels()) {
        if (!accepted || standings_.of(other.name) != Standing::unknown) continue;
        if (!has_times_for(other)) continue;
        CaseProof same = *proof;
        same.level = judged(other);
        if (!verifier.proof(same)) continue;
        standings_.note(other.name, false);
        alone.note(other.name, false);
        why_[std::string(other.name)] = anomaly.name;
      }
      if (accepted && anomaly.name == "lost update") note_lost_update(alone);
      for (const ConsistencyModel& model : consistency_models(Subject::transactions)) {
        if (alone.of(model.name) == Standing::fails) anomaly.rules_out.emplace_back(model.name);
      }
      why_[name] = anomaly.name;
      ++counts_[anomaly.name];
      add(std::move(anomaly), accepted);
    }
    if (unproven_.empty()) return;
    // What was shown stands, and what holds; nothing else does.
    ModelStandings shown(Subject::transactions);
    for (const std::string& name : standings_.strongest_holding())
      shown.note(name, true);
    for (const std::string& name : standings_.weakest_failing()) {
      if (!unproven_.contains(name)) shown.note(name, false);
    }
    for (const auto& [name, reason] : unproven_)
      why_[name] = reason;
    standings_ = std::move(shown);
  }

  /// Without predicates, and where transactions agree with themselves, repeatable read forbids what
  /// serializability does, and consistent view what parallel snapshot isolation does.
  void follow() {
    for (const auto& [model, like] :
         {std::pair("repeatable-read", "serializable"),
          std::pair("consistent-view", "parallel-snapshot-isolation")}) {
      if (standings_.of(like) == Standing::unknown) continue;
      note(model, standings_.of(like) == Standing::holds);
      if (standings_.of(like) == Standing::fails) why_.try_emplace(model, reason_for(like));
    }
  }

  // --- the verdict ------------------------------------------------------------------------------

  void add(Anomaly anomaly, const Result<void>& accepted) {
    if (accepted) {
      anomaly.verified_by = "register verifier";
    } else {
      refused_ = fmt::format("{}: {}", anomaly.name, accepted.error().what);
    }
    anomalies_.push_back(std::move(anomaly));
  }

  bool matters(const Anomaly& anomaly) const {
    return std::any_of(anomaly.rules_out.begin(), anomaly.rules_out.end(),
                       [&](const std::string& model) { return is_claimed(model); });
  }

  void conclude() {
    std::vector<std::string> failing;
    std::vector<std::string> open;
    for (const std::string& name : claimed_) {
      const Standing standing = standings_.of(name);
      if (standing == Standing::fails) failing.push_back(name);
      if (standing == Standing::unknown) open.push_back(name);
    }
    if (!refused_.empty()) {
      verdict_.reason = "internal error: the verifier refused " + refused_;
    } else if (!failing.empty()) {
      verdict_.validity = Validity::invalid;
      verdict_.reason =
          fmt::format("it breaks {} already", fmt::join(standings_.weakest_failing(), " and "));
      choose_anomalies();
    } else if (open.empty()) {
      verdict_.validity = Validity::valid;
    } else {
      verdict_.reason = fmt::format("{}: {}", open.front(), reason_for(open.front()));
    }
    add_standings(verdict_, standings_, [&](std::string_view model) { return reason_for(model); });
    add_statistics();
  }

  void choose_anomalies() {
    for (Anomaly& anomaly : anomalies_) {
      if (!matters(anomaly)) continue;
      verdict_.anomalies.push_back(std::move(anomaly));
    }
    std::stable_sort(
        verdict_.anomalies.begin(), verdict_.anomalies.end(),
        [](const Anomaly& a, const Anomaly& b) { return a.rules_out.size() > b.rules_out.size(); });
    verdict_.anomalies_total = verdict_.anomalies.size();
    for (const auto& found : read_counts_) {
      const auto shown =
          std::count_if(verdict_.anomalies.begin(), verdict_.anomalies.end(),
                        [&](const Anomaly& anomaly) { return anomaly.name == found.first; });
      if (shown > 0) verdict_.anomalies_total += found.second - static_cast<std::size_t>(shown);
    }
    if (verdict_.anomalies.size() > options_.anomalies_max) {
      verdict_.anomalies.resize(std::max<std::size_t>(1, options_.anomalies_max));
    }
  }

  std::string reason_for(std::string_view model) const {
    const auto known = why_.find(model);
    if (known != why_.end()) return known->second;
    if (standings_.of(model) == Standing::fails) {
      // Of the weaker ones that fail.
      for (const auto& [name, reason] : why_) {
        ModelStandings alone(Subject::transactions);
        alone.note(name, false);
        const bool follows =
            standings_.of(name) == Standing::fails && alone.of(model) == Standing::fails;
        if (follows) return reason;
      }
    }
    return "what was looked for does not decide it";
  }

  void add_statistics() {
    const auto names = [](const std::vector<std::string>& texts) {
      Value::List list;
      for (const std::string& text : texts)
        list.emplace_back(text);
      return Value(std::move(list));
    };
    Value counts = Value::map({});
    for (const auto& [name, count] : counts_)
      counts.set(name, static_cast<std::int64_t>(count));
    verdict_.statistics =
        Value::map({{"anomalies", std::move(counts)},
                    {"decided by", std::move(methods_)},
                    {"strongest that hold", names(standings_.strongest_holding())},
                    {"weakest that fail", names(standings_.weakest_failing())},
                    {"unknown", names(standings_.unknown())}});
  }

  const History& history_;
  const CheckOptions& options_;
  std::vector<std::string> asked_, claimed_;
  ModelStandings standings_;
  Verdict verdict_;
  std::map<std::string, std::size_t, std::less<>> read_counts_, counts_;
  std::vector<ReadAnomaly> read_anomalies_;
  std::set<std::string_view> tried_;  // and not decided
  std::map<std::string_view, std::vector<Txn>, std::less<>> involved_;
  std::map<std::string, std::string, std::less<>> why_, unproven_;
  std::vector<Anomaly> anomalies_;
  std::vector<std::pair<const WeakModel*, WeakJudgement>> weak_failures_;
  Value methods_ = Value::map({});
  std::string refused_;
};

class RwRegisterChecker : public Checker {
 public:
  std::string_view name() const override { return "rw-register"; }
  std::string_view description() const override {
    return "Transactions that read and write registers, by every isolation level at once";
  }
  Verdict check(const History& history, const CheckOptions& options) const override {
    try {
      return RegisterJudging(history, options).run();
    } catch (const std::bad_alloc&) {
      Verdict verdict;
      verdict.checker = verdict.model = name();
      verdict.consistency = claim_of(options.consistency, Subject::transactions);
      verdict.reason = memory_reason;
      return verdict;
    }
  }
};

}  // namespace

GAUNTLET_REGISTER(Checker, RwRegisterChecker);

}  // namespace gauntlet
