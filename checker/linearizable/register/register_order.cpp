#include <algorithm>

#include "checker/linearizable/register/register_part.hpp"
#include "checker/linearizable/witness.hpp"

namespace gauntlet {

namespace {

class Placing {
 public:
  Placing(const RegisterPart& part, const std::vector<Trace::Step>& steps)
      : part_(part),
        used_(part.operations.size(), false),
        reads_(part.values),
        writes_(part.values),
        crashed_(part.lanes.size()),
        crashed_taken_(part.lanes.size(), 0),
        state_(part.initial) {
    for (const Trace::Step& step : steps) {
      if ((step.op & crashed_kind_flag) == 0) used_[step.op] = true;
    }
    order_.reserve(part.operations.size());
  }

  std::vector<OpId> run(const std::vector<Trace::Step>& steps) {
    auto step = steps.begin();
    for (std::uint32_t e = 0; e < part_.events.size(); ++e) {
      for (; step != steps.end() && step->event == e; ++step)
        take(step->op);
      if (!part_.events[e].returns) invoke(part_.events[e].op);
    }
    return std::move(order_);
  }

 private:
  void take(OpId op) {
    if ((op & crashed_kind_flag) != 0) {
      const std::uint32_t lane = op & ~crashed_kind_flag;
      if (crashed_taken_[lane] == crashed_[lane].size()) return;  // unlimited lanes only
      op = crashed_[lane][crashed_taken_[lane]++];
    }
    const RegisterOperation& operation = part_.operations[op];
    if (operation.kind == RegisterOp::write) {
      // The value of each of these is replaced at once.
      for (const std::uint32_t value : values_waiting_)
        place(writes_[value]);
      values_waiting_.clear();
    }
    order_.push_back(op);
    state_ = operation.to;
    place(reads_[state_]);
    place(writes_[state_]);
    std::erase_if(differ_, [this](OpId waiting) {
      if (part_.operations[waiting].from == state_) return false;
      order_.push_back(waiting);
      return true;
    });
  }

  void place(std::vector<OpId>& waiting) {
    order_.insert(order_.end(), waiting.begin(), waiting.end());
    waiting.clear();
  }

  void invoke(OpId op) {
    const RegisterOperation& operation = part_.operations[op];
    if (operation.returns == never_returns) {
      crashed_[operation.lane].push_back(op);
      return;
    }
    if (used_[op] || operation.kind == RegisterOp::cas) return;  // its step places it
    const bool differs = operation.kind == RegisterOp::differ;
    if ((operation.from == state_) != differs) {
      order_.push_back(op);
    } else if (differs) {
      differ_.push_back(op);
    } else if (operation.kind == RegisterOp::read) {
      reads_[operation.from].push_back(op);
    } else {
      if (writes_[operation.to].empty()) values_waiting_.push_back(operation.to);
      writes_[operation.to].push_back(op);
    }
  }

  const RegisterPart& part_;
  std::vector<bool> used_;                         // by operation: a step goes through it
  std::vector<std::vector<OpId>> reads_, writes_;  // by value: outstanding, not placed yet
  std::vector<std::uint32_t> values_waiting_;      // with writes not placed yet, perhaps
  std::vector<OpId> differ_;
  std::vector<std::vector<OpId>> crashed_;  // by lane, in the order of invocation
  std::vector<std::size_t> crashed_taken_;
  std::uint32_t state_;
  std::vector<OpId> order_;
};

}  // namespace

std::vector<OpId> order_from_steps(const RegisterPart& part,
                                   const std::vector<Trace::Step>& steps) {
  return Placing(part, steps).run(steps);
}

}  // namespace gauntlet
