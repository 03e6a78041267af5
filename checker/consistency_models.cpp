// Sources of the models of operations: Terry et al., "Session guarantees for weakly consistent
// replicated data" (PDIS 1994); Viotti and Vukolic, "Consistency in non-transactional distributed
// storage systems" (ACM Computing Surveys 2016); Lipton and Sandberg, "PRAM" (1988); Bouajjani,
// Enea, Guerraoui and Hamza, "On verifying causal consistency" (POPL 2017), who prove that CC, CCv
// and CM are three models and how they relate; Ahamad et al., "Causal memory" (1995); Lamport
// (1979); Herlihy and Wing (1990). The implications between session guarantees and the others are
// argued in causal/session_guarantees.hpp.
//
// Sources of the models of transactions: Adya, "Weak Consistency" (1999), sections 3 to 5 (PL-1,
// PL-2, PL-CS, PL-2+, PL-2.99, PL-3, PL-SI); Cerone, Bernardi and Gotsman, "A Framework for
// Transactional Consistency Models with Atomic Visibility" (CONCUR 2015); Cerone and Gotsman,
// "Analysing Snapshot Isolation" (JACM 2018), for snapshot isolation and parallel snapshot
// isolation by cycles; Bailis et al., "Highly Available Transactions" (VLDB 2014); Daudjee and
// Salem (ICDE 2004, VLDB 2006) for the session variants; and the table of Elle
// (elle/consistency_model.clj), which collects them.
//
// Lists have no predicates, so that repeatable read (PL-2.99) and serializability differ only in
// what a transaction sees of its own.
#include "checker/consistency_models.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/assert.hpp"

namespace gauntlet {

namespace {

const std::vector<ConsistencyModel> models_of_operations = {
    {"monotonic-writes",
     {},
     {"ThinAirRead"},
     true,
     "the writes of a process take effect in the order in which it made them (which reads of one "
     "key at a time cannot tell)",
     "Terry et al. 1994; Viotti and Vukolic 2016, 3.3"},
    {"read-your-writes",
     {},
     {"ThinAirRead", "MissedOwnWrite"},
     true,
     "a process sees its own earlier writes, in whatever order the servers put them",
     "Terry et al. 1994; Viotti and Vukolic 2016, 3.3"},
    {"monotonic-reads",
     {},
     {"ThinAirRead", "NonMonotonicReads"},
     true,
     "a process that has seen a write keeps seeing it, in whatever order the servers put them",
     "Terry et al. 1994; Viotti and Vukolic 2016, 3.3"},
    {"writes-follow-reads",
     {},
     {"ThinAirRead", "CyclicCO"},
     true,
     "a write takes effect after every write that its process had read before",
     "Terry et al. 1994; Viotti and Vukolic 2016, 3.3"},
    {"pram",
     {"monotonic-writes"},
     {"CyclicHB", "WriteHBInitRead"},
     true,
     "each process sees the writes of every process in the order of that process",
     "Lipton and Sandberg 1988"},
    {"causal",
     {"monotonic-writes", "writes-follow-reads"},
     {"CyclicCO", "WriteCOInitRead", "WriteCORead"},
     true,
     "operations that may have influenced each other are seen by all in the same order (CC)",
     "Bouajjani et al. 2017, 2.2"},
    {"causal-convergence",
     {"causal", "read-your-writes", "monotonic-reads"},
     {"CyclicCF"},
     true,
     "causal, and all agree on one order of the writes of a key (CCv)",
     "Bouajjani et al. 2017, 2.4"},
    {"causal-memory",
     {"causal", "pram"},
     {"CyclicHB", "WriteHBInitRead"},
     true,
     "causal, and each process explains all its reads by one order (CM)",
     "Ahamad et al. 1995; Bouajjani et al. 2017, 2.3"},
    {"sequential",
     {"causal-memory", "causal-convergence"},
     {"cyclic sequential order", "no sequential order"},
     true,
     "all clients agree on one order of the operations in which each client's own come in order",
     "Lamport 1979"},
    {"linearizable",
     {"sequential"},
     {"stale read", "nonlinearizable"},
     true,
     "every operation takes effect at one moment between its call and its answer, so that all "
     "clients agree on one order that respects real time",
     "Herlihy and Wing 1990"},
};

const std::vector<ConsistencyModel> models_of_transactions = {
    // Version orders are total, and a version holds an element once.
    {"read-uncommitted",
     {},
     {"G0", "duplicate elements", "cyclic versions"},
     true,
     "the writes of transactions do not interleave",
     "Adya 1999, 3.2.1 (PL-1)"},
    {"strong-session-read-uncommitted",
     {"read-uncommitted"},
     {"G0-process"},
     true,
     "read-uncommitted, and a process's writes come in its order",
     "Adya 1999; Daudjee and Salem 2004"},
    {"strong-read-uncommitted",
     {"strong-session-read-uncommitted"},
     {"G0-realtime"},
     true,
     "read-uncommitted, and writes come in the order of real time",
     "Adya 1999; Daudjee and Salem 2004"},
    // Reads of incompatible orders, updates of aborted versions and reads of what nobody wrote
    // are aborted reads in a richer type; a future read is a trivial G1c.
    {"read-committed",
     {"read-uncommitted"},
     {"G1a", "G1b", "G1c", "dirty update", "incompatible order", "future read", "thin-air read"},
     true,
     "transactions see only what other transactions have committed",
     "Adya 1999, 3.2.2 (PL-2)"},
    {"strong-session-read-committed",
     {"read-committed", "strong-session-read-uncommitted"},
     {"G1c-process"},
     true,
     "read-committed, and a process's transactions come in its order",
     "Adya 1999; Daudjee and Salem 2004"},
    {"strong-read-committed",
     {"strong-session-read-committed", "strong-read-uncommitted"},
     {"G1c-realtime"},
     true,
     "read-committed, and transactions come in the order of real time",
     "Adya 1999; Daudjee and Salem 2004"},
    {"monotonic-atomic-view",
     {"read-committed"},
     {},
     false,
     "once a transaction has seen a part of another, it sees all of it",
     "Bailis et al. 2014, 5.1.2"},
    {"cursor-stability",
     {"read-committed"},
     {"lost update"},
     false,
     "what a transaction reads in order to replace it stays until it does",
     "Adya 1999, 4.4 (PL-CS)"},
    {"read-atomic",
     {"monotonic-atomic-view"},
     {"internal"},
     false,
     "a transaction sees all of another or nothing, and its own writes",
     "Cerone et al. 2015"},
    {"causal",
     {"read-atomic"},
     {},
     false,
     "read-atomic, and who sees a transaction sees all that it had seen",
     "Cerone et al. 2015"},
    {"strong-session-monotonic-atomic-view",
     {"monotonic-atomic-view", "strong-session-read-committed"},
     {},
     false,
     "monotonic-atomic-view, and a process's transactions come in its order",
     "Biswas and Enea 2019 (their read committed)"},
    {"strong-session-read-atomic",
     {"read-atomic", "strong-session-monotonic-atomic-view"},
     {},
     false,
     "read-atomic, and a transaction sees what its process did before",
     "Biswas and Enea 2019 (their read atomic)"},
    {"transactional-causal",
     {"causal", "strong-session-read-atomic"},
     {},
     false,
     "causal, and a transaction sees what its process did before",
     "Akkoorath et al. 2016; Biswas and Enea 2019"},
    {"prefix",
     {"causal"},
     {},
     false,
     "all see the transactions in one order, each as far as it has come",
     "Cerone et al. 2015"},
    {"consistent-view",
     {"cursor-stability"},
     {"G-single"},
     true,
     "a transaction sees no half of another's effects",
     "Adya 1999, 4.3.1 (PL-2+)"},
    // No cycle with at most one rw.
    {"parallel-snapshot-isolation",
     {"causal", "consistent-view"},
     {},
     true,
     "every transaction reads from a causal snapshot, and of two that write the same key at the "
     "same time one fails",
     "Cerone and Gotsman 2018"},
    // G2-item are here all cycles with an rw.
    {"repeatable-read",
     {"cursor-stability", "monotonic-atomic-view"},
     {"G-single", "G-nonadjacent", "G2-item"},
     true,
     "what a transaction has read stays as it is until it ends",
     "Adya 1999, 3.2.3 (PL-2.99)"},
    // Every cycle has two rw in a row.
    {"snapshot-isolation",
     {"parallel-snapshot-isolation", "prefix"},
     {"G-nonadjacent"},
     true,
     "every transaction reads from a snapshot, and of two that write the same key at the same "
     "time one fails",
     "Cerone and Gotsman 2018, theorem 4.1"},
    {"strong-session-snapshot-isolation",
     {"snapshot-isolation", "transactional-causal"},
     {"G-single-process", "G-nonadjacent-process"},
     true,
     "snapshot-isolation, and a snapshot holds what its process did before",
     "Daudjee and Salem 2006"},
    {"strong-snapshot-isolation",
     {"strong-session-snapshot-isolation", "strong-read-committed"},
     {"G-single-realtime", "G-nonadjacent-realtime"},
     true,
     "snapshot-isolation, and a snapshot holds all that had committed before",
     "Daudjee and Salem 2006"},
    {"serializable",
     {"repeatable-read", "snapshot-isolation"},
     {},
     true,
     "the transactions are equivalent to some order of them, one at a time",
     "Adya 1999, 3.2.4 (PL-3)"},
    {"strong-session-serializable",
     {"serializable", "strong-session-snapshot-isolation"},
     {"G2-item-process"},
     true,
     "serializable, in an order that agrees with that of each process",
     "Daudjee and Salem 2004"},
    {"strict-serializable",
     {"strong-session-serializable", "strong-snapshot-isolation"},
     {"G2-item-realtime"},
     true,
     "the transactions are equivalent to an order of them, one at a time, that respects real "
     "time",
     "Adya 1999, 4.1"},
};

std::size_t place_of(std::string_view name, Subject subject) {
  const auto models = consistency_models(subject);
  const auto at = std::find_if(models.begin(), models.end(),
                               [&](const ConsistencyModel& model) { return model.name == name; });
  GAUNTLET_ASSERT(at != models.end());
  return static_cast<std::size_t>(at - models.begin());
}

bool is_serializable(std::string_view model) {
  return model.find("serializable") != std::string_view::npos;
}

}  // namespace

std::span<const ConsistencyModel> consistency_models(Subject subject) {
  return subject == Subject::operations ? models_of_operations : models_of_transactions;
}

const ConsistencyModel* find_consistency_model(std::string_view name, Subject subject) {
  for (const ConsistencyModel& model : consistency_models(subject)) {
    if (model.name == name) return &model;
  }
  return nullptr;
}

namespace {

/// A transaction is an operation on the database as one object. Seen so, sequential consistency is
/// strong session serializability, and linearizability is strict serializability (Herlihy and Wing
/// 1990, section 6).
std::string_view own_name(std::string_view name, Subject subject) {
  if (subject == Subject::transactions && name == "sequential")
    return "strong-session-serializable";
  if (subject == Subject::transactions && name == "linearizable") return "strict-serializable";
  return name;
}

}  // namespace

std::vector<std::string> expanded(const std::vector<std::string>& asked, Subject subject) {
  std::vector<std::string> names;
  const auto add = [&](std::string_view asked_for) {
    const std::string_view name = own_name(asked_for, subject);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
  };
  for (const std::string& name : asked) {
    if (name != all_models) add(name);
    if (name != all_models) continue;
    for (const ConsistencyModel& model : consistency_models(subject))
      add(model.name);
  }
  return names;
}

std::vector<std::string> asked_of_transactions(const std::vector<std::string>& asked,
                                               bool has_real_time) {
  if (!asked.empty() || has_real_time) return asked;
  return {"serializable"};
}

bool needs_real_time(std::string_view model) {
  return model.starts_with("strict-") ||
         (model.starts_with("strong-") && !model.starts_with("strong-session-"));
}

std::string claim_of(const std::vector<std::string>& asked, Subject subject) {
  const std::string_view strongest = consistency_models(subject).back().name;
  if (asked.empty()) return std::string(strongest);
  std::vector<std::string> names = asked;
  std::replace(names.begin(), names.end(), std::string(all_models), std::string(strongest));
  return fmt::format("{}", fmt::join(names, ", "));
}

ModelStandings::ModelStandings(Subject subject)
    : subject_(subject), standings_(consistency_models(subject).size(), Standing::unknown) {}

ModelStandings::ModelStandings(const std::set<std::string, std::less<>>& anomalies,
                               bool orders_known, bool complete, bool has_real_time)
    : ModelStandings(Subject::transactions) {
  const auto models = consistency_models(subject_);
  for (std::size_t i = 0; i < models.size(); ++i) {
    for (const std::string_view anomaly : models[i].forbids) {
      if (anomalies.contains(anomaly)) standings_[i] = Standing::fails;
    }
  }
  spread();
  for (std::size_t i = 0; i < models.size(); ++i) {
    const bool decides = complete && models[i].is_decided &&
                         (orders_known || is_serializable(models[i].name)) &&
                         (has_real_time || !needs_real_time(models[i].name));
    if (standings_[i] == Standing::unknown && decides) standings_[i] = Standing::holds;
  }
  spread();
}

void ModelStandings::note(std::string_view model, bool holds) {
  Standing& standing = standings_[place_of(model, subject_)];
  const Standing noted = holds ? Standing::holds : Standing::fails;
  GAUNTLET_ASSERT(standing == Standing::unknown || standing == noted);
  standing = noted;
  spread();
}

/// What fails spreads to the stronger, what holds to the weaker: one pass each, since weaker ones
/// come first.
void ModelStandings::spread() {
  const auto models = consistency_models(subject_);
  for (std::size_t i = 0; i < models.size(); ++i) {
    for (const std::string_view weaker : models[i].implies) {
      if (standings_[place_of(weaker, subject_)] != Standing::fails) continue;
      GAUNTLET_ASSERT(standings_[i] != Standing::holds);
      standings_[i] = Standing::fails;
    }
  }
  for (std::size_t i = models.size(); i-- > 0;) {
    if (standings_[i] != Standing::holds) continue;
    for (const std::string_view weaker : models[i].implies)
      standings_[place_of(weaker, subject_)] = Standing::holds;
  }
}

Standing ModelStandings::of(std::string_view model) const {
  return standings_[place_of(model, subject_)];
}

std::vector<std::string> ModelStandings::strongest_holding() const {
  const auto models = consistency_models(subject_);
  std::vector<bool> implied(models.size(), false);
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (standings_[i] != Standing::holds) continue;
    for (const std::string_view weaker : models[i].implies)
      implied[place_of(weaker, subject_)] = true;
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (standings_[i] == Standing::holds && !implied[i]) names.emplace_back(models[i].name);
  }
  return names;
}

std::vector<std::string> ModelStandings::weakest_failing() const {
  const auto models = consistency_models(subject_);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (standings_[i] != Standing::fails) continue;
    const auto& weaker = models[i].implies;
    if (std::none_of(weaker.begin(), weaker.end(),
                     [&](std::string_view w) { return of(w) == Standing::fails; })) {
      names.emplace_back(models[i].name);
    }
  }
  return names;
}

std::vector<std::string> ModelStandings::unknown() const {
  std::vector<std::string> names;
  for (const ConsistencyModel& model : consistency_models(subject_)) {
    if (of(model.name) == Standing::unknown) names.emplace_back(model.name);
  }
  return names;
}

std::vector<std::string> ruled_out_by(std::string_view anomaly) {
  const ModelStandings standings({std::string(anomaly)}, false, false);
  std::vector<std::string> names;
  for (const ConsistencyModel& model : consistency_models(Subject::transactions)) {
    if (standings.of(model.name) == Standing::fails) names.emplace_back(model.name);
  }
  return names;
}

void add_standings(Verdict& verdict, const ModelStandings& standings,
                   const std::function<std::string(std::string_view)>& why) {
  for (const ConsistencyModel& model : consistency_models(standings.subject())) {
    const Standing standing = standings.of(model.name);
    ModelVerdict known{std::string(model.name), Validity::valid, ""};
    if (standing != Standing::holds) known.why = why(model.name);
    if (standing == Standing::fails) known.validity = Validity::invalid;
    if (standing == Standing::unknown) known.validity = Validity::unknown;
    verdict.models.push_back(std::move(known));
  }
  verdict.strongest_holding = standings.strongest_holding();
  verdict.weakest_failing = standings.weakest_failing();
}

std::string consistency_markdown() {
  std::string text;
  const auto table = [&](Subject subject, std::string_view title) {
    text += fmt::format(
        "\n### {}\n\n| model | promise | implies | fails also with | source |\n"
        "|---|---|---|---|---|\n",
        title);
    for (const ConsistencyModel& model : consistency_models(subject)) {
      text +=
          fmt::format("| `{}` | {} | {} | {} | {} |\n", model.name, model.promise,
                      fmt::join(model.implies, ", "), fmt::join(model.forbids, ", "), model.source);
    }
  };
  table(Subject::operations, "Operations");
  table(Subject::transactions, "Transactions");
  return text;
}

}  // namespace gauntlet
