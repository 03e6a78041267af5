// Searches of which one rule is broken on purpose: the random histories that the other tests draw
// must tell them from sound ones. So this tests how much fuzzing proves; a mutant that is never
// caught means that the rule is not tested (or not needed).
#include <doctest/doctest.h>

#include <functional>

#include "agreement.hpp"
#include "checker/linearizable/general/general_search.hpp"
#include "checker/linearizable/register/register_search.hpp"
#include "checker/linearizable/register/zones.hpp"
#include "model_histories.hpp"

// A register search for each rule, by the number of its words: that rule is broken.
namespace gauntlet {

template <>
struct RegisterRules<3> : SoundRegisterRules {
  static constexpr bool compares_obliged = false;
};
template <>
struct RegisterRules<5> : SoundRegisterRules {
  static constexpr bool compares_write_deadlines = false;
};
template <>
struct RegisterRules<6> : SoundRegisterRules {
  static constexpr bool compares_cas_deadlines = false;
};
template <>
struct RegisterRules<7> : SoundRegisterRules {
  static constexpr bool counts_crashed_cas = false;
};
template <>
struct RegisterRules<8> : SoundRegisterRules {
  static constexpr std::int32_t cover_beyond_spare = 1;
};
template <>
struct RegisterRules<9> : SoundRegisterRules {
  static constexpr bool writes_own_value = false;
};

}  // namespace gauntlet

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

struct Kind {
  ModelShape shape;
  HistoryKind kind;
};

using Judge = std::function<Judgement(const Part&)>;

/// How many histories, of each kind in turn, it takes until `judge` is wrong; -1 if it is right
/// about `most`.
int histories_until_wrong(const std::string& model_name, const std::vector<Kind>& kinds, int most,
                          const Judge& judge) {
  const Model& model = *ModelRegistry::instance().find(model_name);
  const CheckOptions options = options_for(model_name);
  Random random = Random(301).fork(model_name);
  for (int i = 1; i <= most; ++i) {
    const Kind& kind = kinds[static_cast<std::size_t>(i) % kinds.size()];
    ModelShape shape = kind.shape;
    shape.operations = static_cast<int>(random.between(4, kind.shape.operations));
    shape.processes = static_cast<int>(random.between(3, kind.shape.processes));
    const History history = make_history(model_operations(random, model, shape, kind.kind));
    const auto parts = split(history, model, options);
    REQUIRE(parts->misfit.empty());
    if (parts->parts.empty()) continue;
    const Part& part = parts->parts[0];
    const OracleAnswer expected = ModelOracle(history, model, options).judge();
    const Verifier verifier(history, model, options);
    if (!fault_of(judge(part), part, expected, verifier).empty()) return i;
  }
  return -1;
}

/// The broken one is caught within `most` histories; the sound one is right about many.
void check_caught(const std::string& model, const std::vector<Kind>& kinds, int most,
                  const Judge& broken, const Judge& sound) {
  const int caught = histories_until_wrong(model, kinds, most, broken);
  CHECK(caught > 0);
  CHECK(histories_until_wrong(model, kinds, std::min(most, 10'000), sound) == -1);
}

/// Many crash, with few values.
std::vector<Kind> crashing() {
  std::vector<Kind> kinds;
  for (const HistoryKind kind : {HistoryKind::random, HistoryKind::valid}) {
    for (const int values : {2, 3}) {
      kinds.push_back({{.operations = 10, .processes = 5, .values = values, .crash = 0.4}, kind});
    }
  }
  return kinds;
}

Judge general(const GeneralRules& rules, bool depth) {
  return [=](const Part& part) {
    const Budget budget;
    const auto make = depth ? make_depth_search : make_breadth_search;
    return run_alone(*make(part, budget, rules));
  };
}

}  // namespace

TEST_CASE("general searches that compare configurations badly are caught") {
  for (const bool depth : {false, true}) {
    CAPTURE(depth);
    for (const char* model : {"cas-register", "set"}) {
      CAPTURE(model);
      check_caught(model, crashing(), 60'000, general({.compares_counts = false}, depth),
                   general({}, depth));
      check_caught(model, crashing(), 60'000, general({.compares_observers = false}, depth),
                   general({}, depth));
    }
  }
}

TEST_CASE("zones that leave a condition out are caught") {
  std::vector<Kind> kinds;
  for (const HistoryKind kind : {HistoryKind::valid, HistoryKind::mutated}) {
    for (const double cas : {0.5, 3.0}) {
      kinds.push_back(
          {{.operations = 10, .processes = 5, .values = 0, .crash = 0.1, .weights = {1.5, 1, cas}},
           kind});
    }
  }
  const auto judge = [](const ZoneRules& rules) {
    return [rules](const Part& part) { return judge_by_zones(part, Budget{}, rules); };
  };
  check_caught("cas-register", kinds, 20'000, judge({.chains = false}), judge({}));
  check_caught("cas-register", kinds, 20'000, judge({.blocks = false}), judge({}));
}

namespace {

/// The exact search alone: verdict and place.
template <int W>
Judgement register_search(const Part& part) {
  const RegisterPart compiled = compile_register(part);
  RegisterSearchOptions options;
  options.exact = true;
  RegisterSearch<W> search(compiled, options);
  const Budget budget;
  Effort effort(budget);
  const RegisterSearchState state = search.advance(effort, std::size_t{1} << 40);
  Judgement judgement;
  judgement.validity = state == RegisterSearchState::finished ? Validity::valid : Validity::invalid;
  if (judgement.validity == Validity::invalid) {
    judgement.fatal = compiled.events[search.event()].op;
  }
  return judgement;
}

/// Histories of a compare-and-set register in which some functions prevail: `shares` of reads,
/// writes and compare-and-sets.
std::vector<Kind> heavy(const std::vector<double>& shares, double crash, int operations) {
  std::vector<Kind> kinds;
  for (const HistoryKind kind : {HistoryKind::random, HistoryKind::valid}) {
    for (const int values : {2, 3, 4}) {
      kinds.push_back({{.operations = operations,
                        .processes = 8,
                        .values = values,
                        .crash = crash,
                        .fail = 0,
                        .weights = shares},
                       kind});
    }
  }
  return kinds;
}

template <int W>
void check_register_mutant(const std::vector<Kind>& kinds, int most) {
  CAPTURE(W);
  check_caught("cas-register", kinds, most, register_search<W>, register_search<1>);
}

}  // namespace

TEST_CASE("register searches with a broken rule are caught") {
  const std::vector<Kind> mostly_writes = heavy({1, 3, 1}, 0.05, 12);
  const std::vector<Kind> mostly_cas = heavy({1, 0.5, 4}, 0.3, 12);
  check_register_mutant<3>(mostly_writes, 20'000);
  // Deadlines of writes matter but rarely: where a later write must be over sooner.
  std::vector<Kind> deadlines = heavy({3, 6, 2}, 0, 18);
  std::erase_if(deadlines, [](const Kind& kind) { return kind.kind == HistoryKind::valid; });
  check_register_mutant<5>(deadlines, 200'000);
  check_register_mutant<6>(heavy({1, 2, 3}, 0, 16), 40'000);
  check_register_mutant<7>(mostly_cas, 40'000);
  check_register_mutant<8>(mostly_cas, 10'000);
  check_register_mutant<9>(mostly_writes, 100'000);
}
