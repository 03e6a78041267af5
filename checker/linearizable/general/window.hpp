// What both general searches know of the place that they have come to in a part's events: which
// operations are outstanding and in which slot, how many crashed ones there are of each kind, and
// how a configuration (configuration_set.hpp) says what has become of them.
//
// Slots and lanes are given out once, before the search: the same operation has the same slot
// whichever way the search came, so configurations of different ways can be compared.
//
// The rules that keep the searches small, for both alike:
//  - an observer (an operation that never changes the state) is linearized as soon as the state
//    agrees: it stands in nobody's way, so a continuation that linearizes it later may as well do
//    without;
//  - of outstanding updates of the same kind only the one that returns first is tried, a crashed
//    one last: in an order that takes another first, the two may swap places, since the one that
//    takes the later place returns after it or never;
//  - a crashed update that would not change the state is not tried: no order needs it.
#pragma once

#include <cstdint>
#include <vector>

#include "checker/linearizable/general/configuration_set.hpp"
#include "checker/linearizable/part.hpp"

namespace gauntlet {

/// Not thread-safe. The part outlives it.
class Window {
 public:
  using Word = ConfigurationSet::Word;
  using Slot = std::uint32_t;
  using Lane = std::uint32_t;  ///< of the crashed operations of one kind

  static constexpr Lane no_lane = 0xFFFFFFFFu;

  /// O(events + operations * slots / 64).
  explicit Window(const Part& part, const GeneralRules& rules = {});

  const ConfigurationShape& shape() const { return shape_; }
  /// Whether a configuration cannot count the crashed operations of some kind.
  bool is_too_small() const { return crashed_of_a_kind_max_ > 0xFFFF; }

  // --- going through the events, forth and back ---

  void invoke(OpId op);
  void complete(OpId op);
  void undo_invoke(OpId op);
  void undo_complete(OpId op);

  // --- what is outstanding ---

  /// By kind, then by return.
  const std::vector<Slot>& updates() const { return updates_; }
  const std::vector<Slot>& observers() const { return observers_; }
  OpId op_at(Slot slot) const { return slot_op_[slot]; }
  Slot slot_of(OpId op) const { return slot_of_[op]; }
  std::size_t lanes() const { return lane_kind_.size(); }
  std::uint32_t kind_of_lane(Lane lane) const { return lane_kind_[lane]; }
  Lane lane_of_kind(std::uint32_t kind) const { return lane_of_kind_[kind]; }
  /// Crashed operations of the lane that have been invoked.
  std::uint32_t supply(Lane lane) const { return supply_[lane]; }

  // --- configurations ---

  static bool has(const Word* configuration, std::size_t base, Slot slot) {
    return (configuration[base + slot / 64] >> (slot % 64) & 1u) != 0;
  }
  static void set(Word* configuration, std::size_t base, Slot slot) {
    configuration[base + slot / 64] |= Word{1} << (slot % 64);
  }
  static void reset(Word* configuration, std::size_t base, Slot slot) {
    configuration[base + slot / 64] &= ~(Word{1} << (slot % 64));
  }
  /// Where the bit of an operation stands: among the updates or the observers.
  std::size_t base_of(OpId op) const {
    return is_update(op) ? shape_.updates_at() : shape_.observers_at();
  }
  std::uint32_t kind_at(Slot slot) const { return part_.operations[slot_op_[slot]].kind; }
  bool is_update(OpId op) const { return updates_kind_[part_.operations[op].kind] != 0; }

  /// Linearizes an outstanding observer if it agrees with the state.
  void observe(Word* configuration, StateSpace& states, Slot slot) const {
    const auto state = static_cast<StateId>(configuration[0]);
    if (has(configuration, shape_.observers_at(), slot)) return;
    if (states.step(state, kind_at(slot)) == no_state) return;
    set(configuration, shape_.observers_at(), slot);
  }
  /// All of them.
  void observe(Word* configuration, StateSpace& states) const {
    for (const Slot slot : observers_)
      observe(configuration, states, slot);
  }

  /// Calls `visit(slot)` for each update that is to be tried on `configuration`, then
  /// `visit_crashed(lane)`, until one answers false; answers whether none did. `visit` must leave
  /// the configuration as it is.
  template <class Visit, class VisitCrashed>
  bool each_choice(const Word* configuration, Visit visit, VisitCrashed visit_crashed) {
    std::uint32_t kind_before = no_kind;
    tried_.assign(lanes(), false);
    for (const Slot slot : updates_) {
      if (has(configuration, shape_.updates_at(), slot)) continue;
      const std::uint32_t kind = kind_at(slot);
      if (kind == kind_before) continue;
      kind_before = kind;
      if (lane_of_kind_[kind] != no_lane) tried_[lane_of_kind_[kind]] = true;
      if (!visit(slot)) return false;
    }
    for (Lane lane = 0; lane < lanes(); ++lane) {
      if (tried_[lane] || shape_.count(configuration, lane) >= supply_[lane]) continue;
      if (!visit_crashed(lane)) return false;
    }
    return true;
  }

 private:
  static constexpr std::uint32_t no_kind = 0xFFFFFFFFu;

  bool comes_before(Slot a, Slot b) const;
  void give_out_slots();
  void insert(OpId op);
  void remove(OpId op);

  const Part& part_;
  ConfigurationShape shape_;
  std::uint32_t crashed_of_a_kind_max_ = 0;
  std::vector<std::uint8_t> updates_kind_;  // by kind: whether it may change the state
  std::vector<Lane> lane_of_kind_;
  std::vector<std::uint32_t> lane_kind_;
  std::vector<std::uint32_t> supply_;  // by lane
  std::vector<Slot> slot_of_;          // by operation
  std::vector<OpId> slot_op_;          // who has the slot now, or had it last
  std::vector<Slot> updates_, observers_;
  std::vector<bool> tried_;  // by lane, for each_choice
};

}  // namespace gauntlet
