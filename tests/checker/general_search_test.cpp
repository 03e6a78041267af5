// The general searches on histories whose states are many and large: they forget and recall.
#include "checker/linearizable/general/general_search.hpp"

#include <doctest/doctest.h>

#include "checker/verifier.hpp"
#include "histories.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

/// Appends one after the other, then a read of all of them; `lie`: of all but the first. The lists
/// on the way add up to 100 MB.
History long_list(bool lie) {
  constexpr int appends = 7000;
  std::vector<TestOperation> operations;
  Value::List items;
  for (int i = 0; i < appends; ++i) {
    operations.push_back({0, "append", i, i, 2 * i, 2 * i + 1});
    if (i > 0 || !lie) items.emplace_back(i);
  }
  operations.push_back({0, "read", {}, Value(items), 2 * appends, 2 * appends + 1});
  return make_history(operations);
}

}  // namespace

TEST_CASE("general searches forget large states and recall them when they turn back") {
  const Model* model = ModelRegistry::instance().find("list");
  const CheckOptions options;
  const Budget budget;
  for (auto* make : {make_breadth_search, make_depth_search}) {
    for (const bool lie : {false, true}) {
      const History history = long_list(lie);
      const auto parts = split(history, *model, options);
      const auto search = make(parts->parts[0], budget, {});
      const Judgement judgement = run_alone(*search);
      CHECK(judgement.validity == (lie ? Validity::invalid : Validity::valid));
      if (lie) {
        CHECK(judgement.fatal == parts->parts[0].operations.size() - 1);
        continue;
      }
      OrderCertificate certificate;
      for (const OpId op : judgement.order)
        certificate.order.push_back(parts->parts[0].operations[op].invocation);
      CHECK(Verifier(history, *model, options).order(certificate).has_value());
    }
  }
}

TEST_CASE("a set of states forgets what it is told to and finds the rest again") {
  const Model* model = ModelRegistry::instance().find("queue");
  const History history = make_history({{0, "enqueue", 1, 1, 0, 1}, {0, "enqueue", 2, 2, 2, 3}});
  const CheckOptions options;
  const auto parts = split(history, *model, options);
  const auto states = states_of(parts->parts[0]);
  const StateId empty = states->initial();
  const StateId one = states->step(empty, 0), two = states->step(one, 1);
  const std::size_t bytes = states->memory_bytes();
  CHECK(states->size() == 3);
  const auto names = states->keep({false, true, false});
  CHECK(names[empty] == no_state);
  CHECK(names[two] == no_state);
  CHECK(names[one] == 0);
  CHECK(states->size() == 1);
  CHECK(states->memory_bytes() < bytes);
  const StateId again = states->step(states->initial(), 0);
  CHECK(again == names[one]);
}
