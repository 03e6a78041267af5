// The frame of the algorithms that go through a part's events once and know at each return whether
// there still is an order.
#pragma once

#include <concepts>
#include <string>

#include "base/effort.hpp"
#include "checker/linearizable/algorithm.hpp"

namespace gauntlet {

/// What such an algorithm does: it is told of the events in turn (`event`: position in the part's
/// events), answers at a return whether the operations up to there have an order, and has that
/// order when all are through.
template <class Pass>
concept OnePass = requires(Pass pass, OpId op, std::uint32_t event) {
  pass.invoke(op, event);
  { pass.complete(op, event) } -> std::same_as<bool>;
  { pass.order() } -> std::same_as<std::vector<OpId>>;
};

/// By operation: the position of its return in the part's events, or, if it has none, a greater
/// one. O(events).
inline std::vector<std::uint32_t> return_positions(const Part& part) {
  std::vector<std::uint32_t> positions(part.operations.size(), 0xFFFFFFFFu);
  for (std::uint32_t e = 0; e < part.events.size(); ++e) {
    if (part.events[e].returns) positions[part.events[e].op] = e;
  }
  return positions;
}

/// Judges a part by one pass, which is used up. The place of a violation is the earliest. O(events)
/// beside what the pass takes.
template <OnePass Pass>
Judgement judge_in_one_pass(const Part& part, const Budget& budget, std::string algorithm,
                            Pass pass) {
  Effort effort(budget);
  Judgement judgement;
  judgement.algorithm = std::move(algorithm);
  for (std::uint32_t e = 0; e < part.events.size(); ++e) {
    judgement.reached = e;
    if (effort.exhausted()) {
      judgement.reason = effort.reason();
      return judgement;
    }
    const OpId op = part.events[e].op;
    if (!part.events[e].returns) {
      pass.invoke(op, e);
    } else if (!pass.complete(op, e)) {
      judgement.validity = Validity::invalid;
      judgement.fatal = op;
      return judgement;
    }
  }
  judgement.validity = Validity::valid;
  judgement.order = pass.order();
  judgement.has_order = true;
  judgement.configurations = effort.steps();
  return judgement;
}

}  // namespace gauntlet
