#include "checker/linearizable/general/window.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

namespace gauntlet {

Window::Window(const Part& part, const GeneralRules& rules) : part_(part) {
  shape_.rules = rules;
  for (std::uint32_t kind = 0; kind < part.kinds.size(); ++kind)
    updates_kind_.push_back(part.updates(kind));
  std::vector<std::uint32_t> crashed(part.kinds.size(), 0);
  lane_of_kind_.assign(part.kinds.size(), no_lane);
  std::size_t pending = 0, pending_max = 0;
  for (const PartEvent event : part.events) {
    const PartOperation& operation = part.operations[event.op];
    if (event.returns) {
      --pending;
    } else if (!operation.crashed()) {
      pending_max = std::max(pending_max, ++pending);
    } else {
      if (crashed[operation.kind]++ == 0) {
        lane_of_kind_[operation.kind] = static_cast<Lane>(lane_kind_.size());
        lane_kind_.push_back(operation.kind);
      }
      crashed_of_a_kind_max_ = std::max(crashed_of_a_kind_max_, crashed[operation.kind]);
    }
  }
  shape_.mask_words = std::max<std::size_t>(1, (pending_max + 63) / 64);
  shape_.count_words = (lane_kind_.size() + 3) / 4;
  supply_.assign(lane_kind_.size(), 0);
  slot_op_.assign(shape_.mask_words * 64, no_op);
  give_out_slots();
}

void Window::give_out_slots() {
  std::vector<Word> free(shape_.mask_words, ~Word{0});
  slot_of_.assign(part_.operations.size(), 0);
  for (const PartEvent event : part_.events) {
    if (part_.operations[event.op].crashed()) continue;
    if (event.returns) {
      set(free.data(), 0, slot_of_[event.op]);
      continue;
    }
    std::size_t word = 0;
    while (free[word] == 0)
      ++word;
    const auto slot =
        static_cast<Slot>(64 * word + static_cast<unsigned>(std::countr_zero(free[word])));
    slot_of_[event.op] = slot;
    reset(free.data(), 0, slot);
  }
}

bool Window::comes_before(Slot a, Slot b) const {
  const PartOperation& x = part_.operations[slot_op_[a]];
  const PartOperation& y = part_.operations[slot_op_[b]];
  return std::tie(x.kind, x.completion) < std::tie(y.kind, y.completion);
}

void Window::insert(OpId op) {
  const Slot slot = slot_of_[op];
  slot_op_[slot] = op;
  if (!is_update(op)) {
    observers_.push_back(slot);
    return;
  }
  const auto before = [this](Slot a, Slot b) { return comes_before(a, b); };
  updates_.insert(std::upper_bound(updates_.begin(), updates_.end(), slot, before), slot);
}

void Window::remove(OpId op) {
  auto& slots = is_update(op) ? updates_ : observers_;
  slots.erase(std::find(slots.begin(), slots.end(), slot_of_[op]));
}

void Window::invoke(OpId op) {
  const PartOperation& operation = part_.operations[op];
  if (operation.crashed()) {
    ++supply_[lane_of_kind_[operation.kind]];
  } else {
    insert(op);
  }
}

void Window::undo_invoke(OpId op) {
  const PartOperation& operation = part_.operations[op];
  if (operation.crashed()) {
    --supply_[lane_of_kind_[operation.kind]];
  } else {
    remove(op);
  }
}

void Window::complete(OpId op) {
  remove(op);
}

void Window::undo_complete(OpId op) {
  insert(op);
}

}  // namespace gauntlet
