#include "checker/linearizable/witness.hpp"

#include <algorithm>

namespace gauntlet {

std::vector<OpId> order_from_updates(const Part& part, StateSpace& states,
                                     const std::vector<Trace::Step>& steps) {
  std::vector<std::vector<OpId>> crashed(part.kinds.size());
  std::vector<std::size_t> crashed_used(part.kinds.size(), 0);
  std::vector<OpId> waiting;  // pending observers that are not in the order yet
  std::vector<OpId> order;
  order.reserve(part.operations.size());
  StateId state = states.initial();
  const auto observe = [&] {
    std::erase_if(waiting, [&](OpId op) {
      if (states.step(state, part.operations[op].kind) == no_state) return false;
      order.push_back(op);
      return true;
    });
  };
  auto step = steps.begin();
  for (std::uint32_t e = 0; e < part.events.size(); ++e) {
    for (; step != steps.end() && step->event == e; ++step) {
      OpId op = step->op;
      if ((op & crashed_kind_flag) != 0) {
        const OpId kind = op & ~crashed_kind_flag;
        op = crashed[kind][crashed_used[kind]++];
      }
      order.push_back(op);
      const StateId before = state;
      state = states.step(state, part.operations[op].kind);
      GAUNTLET_ASSERT(state != no_state);
      if (state != before) observe();
    }
    const PartEvent event = part.events[e];
    const PartOperation& operation = part.operations[event.op];
    if (event.returns) continue;
    if (operation.crashed()) {
      crashed[operation.kind].push_back(event.op);
    } else if (!part.updates(operation.kind)) {
      if (states.step(state, operation.kind) != no_state) {
        order.push_back(event.op);
      } else {
        waiting.push_back(event.op);
      }
    }
  }
  GAUNTLET_ASSERT(waiting.empty());
  return order;
}

}  // namespace gauntlet
