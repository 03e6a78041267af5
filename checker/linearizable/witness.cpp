#include "checker/linearizable/witness.hpp"

#include <algorithm>

namespace gauntlet {

namespace {

/// The state behind the operations taken so far.
class StateInPlace {
 public:
  explicit StateInPlace(const Part& part) : part_(part) {
    if (part.starts_anywhere) {
      states_ = states_of(part);
      state_ = states_->initial();
    } else {
      replay_ = part.model->replay(*part.context);
    }
  }

  void take(OpId op) {
    if (replay_) {
      GAUNTLET_ASSERT(replay_->step(part_.call(op)));
      return;
    }
    state_ = states_->step(state_, part_.operations[op].kind);
    GAUNTLET_ASSERT(state_ != no_state);
  }

  bool agrees(OpId observer) {
    if (replay_) return replay_->step(part_.call(observer));
    return states_->step(state_, part_.operations[observer].kind) != no_state;
  }

 private:
  const Part& part_;
  std::unique_ptr<Replay> replay_;
  std::unique_ptr<StateSpace> states_;  // of a part that no replay knows
  StateId state_ = 0;
};

}  // namespace

std::vector<OpId> order_from_updates(const Part& part, const std::vector<Trace::Step>& steps) {
  std::vector<std::vector<OpId>> crashed(part.kinds.size());
  std::vector<std::size_t> crashed_used(part.kinds.size(), 0);
  std::vector<OpId> waiting;  // pending observers that are not in the order yet
  std::vector<OpId> order;
  order.reserve(part.operations.size());
  StateInPlace state(part);
  auto step = steps.begin();
  for (std::uint32_t e = 0; e < part.events.size(); ++e) {
    for (; step != steps.end() && step->event == e; ++step) {
      OpId op = step->op;
      if ((op & crashed_kind_flag) != 0) {
        const OpId kind = op & ~crashed_kind_flag;
        op = crashed[kind][crashed_used[kind]++];
      }
      order.push_back(op);
      state.take(op);
      std::erase_if(waiting, [&](OpId observer) {
        if (!state.agrees(observer)) return false;
        order.push_back(observer);
        return true;
      });
    }
    const PartEvent event = part.events[e];
    const PartOperation& operation = part.operations[event.op];
    if (event.returns) continue;
    if (operation.crashed()) {
      crashed[operation.kind].push_back(event.op);
    } else if (!part.updates(operation.kind)) {
      if (state.agrees(event.op)) {
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
