// The configurations of the register search: what is known of an unfinished order, as far as it
// matters for how the order may go on, and when one of them makes another superfluous.
//
// A configuration stands for the orders of what has been linearized so far that agree in
//   state     the register's value;
//   open      of the operations outstanding (each has a slot): reads that are not satisfied yet,
//             compare-and-sets and writes that have not been used;
//   obliged   writes outstanding that have had no opportunity yet to take effect unseen;
//   used      how many crashed operations of each lane (class of equals) have been used.
// A read is satisfied when the register has had its value at some moment since its invocation. A
// write is used when the order goes through its value. If it is not used it must take effect
// unseen: right before another write, or while the register has its value anyway; that is possible
// from the moment when, since its invocation, some write was used or the register had its value.
//
// Reads of a value are satisfied all at once, so of the unsatisfied reads of a value only the first
// return matters. To make configurations comparable as sets, `open` holds every read of that value
// outstanding that returns no earlier than that ("padding"): a set, unlike a deadline, can be
// compared by subset. The same holds for obliged writes of a value.
//
// X dominates Y (whatever continues Y also continues X) if their states are equal and
//  1. open reads and obliged writes of X are among Y's: X's deadlines fall no earlier.
//  2. Writes of value v: for every deadline t, X has at least as many left of those that return at
//  t
//     or later, crashed ones counted as never returning. Then X can take, whenever Y takes one, one
//     that is still there.
//  3. Compare-and-sets from a to b: those left in X (which must all be used) can be matched with
//     different ones left in Y that return no later. Where Y uses a matched one, X uses its match
//     in time. Where Y uses one that is not matched, X uses a crashed one of the lane in its stead;
//     so X must have used fewer crashed ones by at least the number of unmatched. In the same way
//     where X has used too many crashed ones of the lane, X must have spare crashed writes of b
//     (beyond those of rule 2): a write of b leads from a to b as well, and only helps obligations.
// By these X replays Y's continuation step by step with the states equal at each; its open reads
// and obligations stay a subset of Y's, since every step that satisfies one in Y does so in X.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/effort.hpp"
#include "checker/linearizable/trace.hpp"

namespace gauntlet {

/// A set of slots.
template <int W>
struct SlotSet {
  std::array<std::uint64_t, W> words{};

  bool has(unsigned slot) const { return (words[slot / 64] >> (slot % 64) & 1u) != 0; }
  void add(unsigned slot) { words[slot / 64] |= std::uint64_t{1} << (slot % 64); }
  void remove(unsigned slot) { words[slot / 64] &= ~(std::uint64_t{1} << (slot % 64)); }
  bool empty() const {
    std::uint64_t all = 0;
    for (const std::uint64_t word : words)
      all |= word;
    return all == 0;
  }
  unsigned size() const {
    unsigned n = 0;
    for (const std::uint64_t word : words)
      n += static_cast<unsigned>(std::popcount(word));
    return n;
  }
  /// Calls `visit(slot)` for each, ascending.
  template <class Visit>
  void each(Visit visit) const {
    for (int i = 0; i < W; ++i) {
      for (std::uint64_t word = words[i]; word != 0; word &= word - 1) {
        visit(static_cast<unsigned>(64 * i + std::countr_zero(word)));
      }
    }
  }

  friend SlotSet operator&(SlotSet a, const SlotSet& b) {
    for (int i = 0; i < W; ++i)
      a.words[i] &= b.words[i];
    return a;
  }
  friend SlotSet operator|(SlotSet a, const SlotSet& b) {
    for (int i = 0; i < W; ++i)
      a.words[i] |= b.words[i];
    return a;
  }
  friend SlotSet operator-(SlotSet a, const SlotSet& b) {
    for (int i = 0; i < W; ++i)
      a.words[i] &= ~b.words[i];
    return a;
  }
  friend bool operator==(const SlotSet&, const SlotSet&) = default;
};

/// Followed in memory by the used counts, one 16-bit number a lane.
template <int W>
struct RegisterConfiguration {
  std::uint32_t state;
  Trace::Node node;
  std::int32_t cost;   ///< how much it has spent, for the choice of what to try first
  std::uint32_t dead;  ///< superseded by one that dominates it
  SlotSet<W> open;
  SlotSet<W> obliged;

  std::uint16_t* used() { return reinterpret_cast<std::uint16_t*>(this + 1); }
  const std::uint16_t* used() const { return reinterpret_cast<const std::uint16_t*>(this + 1); }
};

/// Configurations of one size, in blocks that never move. Not thread-safe.
template <int W>
class RegisterConfigurations {
 public:
  using Configuration = RegisterConfiguration<W>;

  explicit RegisterConfigurations(std::size_t lanes)
      : bytes_((sizeof(Configuration) + 2 * lanes + 7) / 8 * 8) {}

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return bytes_; }
  Configuration& at(std::size_t i) {
    return *reinterpret_cast<Configuration*>(blocks_[i / per_block].get() + i % per_block * bytes_);
  }
  const Configuration& at(std::size_t i) const {
    return const_cast<RegisterConfigurations*>(this)->at(i);
  }

  /// A copy at the end.
  Configuration& push(const Configuration& configuration) {
    if (size_ == blocks_.size() * per_block) {
      blocks_.push_back(std::make_unique<std::byte[]>(per_block * bytes_));
    }
    Configuration& place = at(size_++);
    std::memcpy(static_cast<void*>(&place), &configuration, bytes_);
    return place;
  }
  void pop() { --size_; }
  void clear() { size_ = 0; }
  /// Keeps the first `size` only.
  void truncate(std::size_t size) { size_ = size; }
  void release() {
    blocks_.clear();
    size_ = 0;
  }

 private:
  static constexpr std::size_t per_block = 128;

  std::size_t bytes_;
  std::size_t size_ = 0;
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

}  // namespace gauntlet
