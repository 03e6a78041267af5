// Sources: Adya, "Weak Consistency" (1999), sections 3 to 5 (PL-1, PL-2, PL-CS, PL-2+, PL-2.99,
// PL-3, PL-SI); Cerone, Bernardi and Gotsman, "A Framework for Transactional Consistency Models
// with Atomic Visibility" (CONCUR 2015); Cerone and Gotsman, "Analysing Snapshot Isolation" (JACM
// 2018), for snapshot isolation and parallel snapshot isolation by cycles; Bailis et al., "Highly
// Available Transactions" (VLDB 2014); Daudjee and Salem (ICDE 2004, VLDB 2006) for the session
// variants; and the table of Elle (elle/consistency_model.clj), which collects them.
//
// Lists have no predicates, so that repeatable read (PL-2.99) and serializability differ only in
// what a transaction sees of its own.
#include "checker/transactional/consistency_models.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace gauntlet {

std::span<const ConsistencyModel> consistency_models() {
  static const std::vector<ConsistencyModel> models = {
      // Adya 3.2.1. Version orders are total, and a version holds an element once.
      {"read-uncommitted", {}, {"G0", "duplicate elements", "cyclic versions"}, true},
      {"strong-session-read-uncommitted", {"read-uncommitted"}, {"G0-process"}, true},
      {"strong-read-uncommitted", {"strong-session-read-uncommitted"}, {"G0-realtime"}, true},
      // Adya 3.2.2. Reads of incompatible orders, updates of aborted versions and reads of what
      // nobody wrote are aborted reads in a richer type; a future read is a trivial G1c.
      {"read-committed",
       {"read-uncommitted"},
       {"G1a", "G1b", "G1c", "dirty update", "incompatible order", "future read", "thin-air read"},
       true},
      {"strong-session-read-committed",
       {"read-committed", "strong-session-read-uncommitted"},
       {"G1c-process"},
       true},
      {"strong-read-committed",
       {"strong-session-read-committed", "strong-read-uncommitted"},
       {"G1c-realtime"},
       true},
      // Bailis et al., section 5.1.2. Adya 4.4: PL-CS, of which lost updates are a part.
      {"monotonic-atomic-view", {"read-committed"}, {}, false},
      {"cursor-stability", {"read-committed"}, {"lost update"}, false},
      // Cerone et al.: internal consistency, and atomic visibility.
      {"read-atomic", {"monotonic-atomic-view"}, {"internal"}, false},
      {"causal", {"read-atomic"}, {}, false},
      {"prefix", {"causal"}, {}, false},
      // Adya 4.3.1: PL-2+.
      {"consistent-view", {"cursor-stability"}, {"G-single"}, true},
      // Cerone and Gotsman: no cycle with at most one rw.
      {"parallel-snapshot-isolation", {"causal", "consistent-view"}, {}, true},
      // Adya 3.2.3: PL-2.99, whose G2-item are all cycles with an rw.
      {"repeatable-read",
       {"cursor-stability", "monotonic-atomic-view"},
       {"G-single", "G-nonadjacent", "G2-item"},
       true},
      // Cerone and Gotsman, theorem 4.1: every cycle has two rw in a row.
      {"snapshot-isolation", {"parallel-snapshot-isolation", "prefix"}, {"G-nonadjacent"}, true},
      {"strong-session-snapshot-isolation",
       {"snapshot-isolation", "strong-session-read-committed"},
       {"G-single-process", "G-nonadjacent-process"},
       true},
      {"strong-snapshot-isolation",
       {"strong-session-snapshot-isolation", "strong-read-committed"},
       {"G-single-realtime", "G-nonadjacent-realtime"},
       true},
      // Adya 3.2.4: PL-3, conflict serializability; 4.1: strictness adds real time.
      {"serializable", {"repeatable-read", "snapshot-isolation"}, {}, true},
      {"strong-session-serializable",
       {"serializable", "strong-session-snapshot-isolation"},
       {"G2-item-process"},
       true},
      {"strict-serializable",
       {"strong-session-serializable", "strong-snapshot-isolation"},
       {"G2-item-realtime"},
       true},
  };
  return models;
}

namespace {

std::size_t place_of(std::string_view name) {
  const auto models = consistency_models();
  const auto at = std::find_if(models.begin(), models.end(),
                               [&](const ConsistencyModel& model) { return model.name == name; });
  GAUNTLET_ASSERT(at != models.end());
  return static_cast<std::size_t>(at - models.begin());
}

bool is_serializable(std::string_view model) {
  return model.find("serializable") != std::string_view::npos;
}

}  // namespace

const ConsistencyModel* find_consistency_model(std::string_view name) {
  for (const ConsistencyModel& model : consistency_models()) {
    if (model.name == name) return &model;
  }
  return nullptr;
}

ModelStandings::ModelStandings(const std::set<std::string, std::less<>>& anomalies,
                               bool orders_known, bool complete) {
  const auto models = consistency_models();
  for (const ConsistencyModel& model : models) {
    bool fails = false;
    for (const std::string_view anomaly : model.forbids)
      fails = fails || anomalies.contains(anomaly);
    for (const std::string_view weaker : model.implies)
      fails = fails || standings_[place_of(weaker)] == Standing::fails;
    const bool decides =
        complete && model.is_decided && (orders_known || is_serializable(model.name));
    standings_.push_back(fails ? Standing::fails : decides ? Standing::holds : Standing::unknown);
  }
  for (std::size_t i = models.size(); i-- > 0;) {
    if (standings_[i] != Standing::holds) continue;
    for (const std::string_view weaker : models[i].implies)
      standings_[place_of(weaker)] = Standing::holds;
  }
}

Standing ModelStandings::of(std::string_view model) const {
  return standings_[place_of(model)];
}

std::vector<std::string> ModelStandings::strongest_holding() const {
  const auto models = consistency_models();
  std::vector<bool> implied(models.size(), false);
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (standings_[i] != Standing::holds) continue;
    for (const std::string_view weaker : models[i].implies)
      implied[place_of(weaker)] = true;
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (standings_[i] == Standing::holds && !implied[i]) names.emplace_back(models[i].name);
  }
  return names;
}

std::vector<std::string> ModelStandings::weakest_failing() const {
  const auto models = consistency_models();
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
  for (const ConsistencyModel& model : consistency_models()) {
    if (of(model.name) == Standing::unknown) names.emplace_back(model.name);
  }
  return names;
}

std::vector<std::string> ruled_out_by(std::string_view anomaly) {
  const ModelStandings standings({std::string(anomaly)}, false, false);
  std::vector<std::string> names;
  for (const ConsistencyModel& model : consistency_models()) {
    if (standings.of(model.name) == Standing::fails) names.emplace_back(model.name);
  }
  return names;
}

}  // namespace gauntlet
