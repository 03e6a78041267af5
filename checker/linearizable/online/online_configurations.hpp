// The configurations of the online search: what an order of the operations up to now can look like
// to the events that follow.
//
// Where the search over a whole history (configuration_set.hpp) knows how each operation ends, this
// one learns it later. So a configuration also remembers what an answer will be held against: the
// state in which an operation was linearized whose answer is not known yet, and the states that it
// has passed through while operations were outstanding that may turn out to have seen them.
//
// X dominates Y if they agree in the state, the linearized operations and the states in which these
// were, X has used at most as many crashed operations of each kind, and X has been, in each state
// that Y has been in, at least as late: whatever continues Y continues X. A crashed operation that
// Y still takes is there for X as well, since only its kind matters; an operation that turns out to
// have seen a state that Y was in has seen it in X. So Y may go.
#pragma once

#include <cstdint>
#include <vector>

#include "checker/models/model.hpp"

namespace gauntlet {

/// Position of an event among those of its object's monitor; a moment before that event.
using StreamMoment = std::uint32_t;
inline constexpr StreamMoment no_moment = 0xFFFFFFFFu;

struct OnlineConfiguration {
  struct Entry {
    std::uint32_t name;
    std::uint32_t figure;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  using Entries = std::vector<Entry>;  ///< ascending by name, each once

  StateId state = 0;
  std::vector<std::uint32_t> taken;  ///< bits by slot: linearized and not returned; no last word 0
  Entries unanswered;  ///< slot: the state before the operation, for those that need it
  Entries spent;       ///< kind: how many crashed operations of it have been used
  /// State: the invocation of the youngest outstanding operation that was already outstanding when
  /// this configuration was last in that state. The present state is not listed.
  Entries visited;

  bool has(std::uint32_t slot) const {
    return slot / 32 < taken.size() && (taken[slot / 32] >> slot % 32 & 1u) != 0;
  }
  void set(std::uint32_t slot);
  void reset(std::uint32_t slot);

  static std::uint32_t figure_of(const Entries& entries, std::uint32_t name, std::uint32_t none);
  static void put(Entries& entries, std::uint32_t name, std::uint32_t figure);
  static void erase(Entries& entries, std::uint32_t name);
};

/// Configurations as plain words, one after the other: how they rest between events. At most 65,535
/// entries of a sort fit (OnlineConfigurations::fits).
using PackedConfigurations = std::vector<std::uint32_t>;

void pack(const OnlineConfiguration& configuration, PackedConfigurations& words);
/// Reads the configuration that begins at `words`; answers where the next one begins.
const std::uint32_t* unpack(const std::uint32_t* words, OnlineConfiguration& configuration);

/// A set that keeps only what nothing in it dominates. Not thread-safe.
class OnlineConfigurations {
 public:
  OnlineConfigurations() { clear(); }

  static bool fits(const OnlineConfiguration& configuration);

  /// Adds a copy unless it is dominated; drops what it dominates. Expected O(length), and once more
  /// for each that differs only in what was spent and visited.
  void add(const OnlineConfiguration& configuration);

  std::size_t size() const { return items_.size(); }  ///< dropped ones included
  std::size_t alive() const { return alive_; }
  bool is_alive(std::size_t i) const { return items_[i].alive; }
  void load(std::size_t i, OnlineConfiguration& out) const { unpack(at(i), out); }
  void clear();

 private:
  struct Item {
    std::uint32_t offset;
    std::uint32_t next;  // the next with the same key, or none
    bool alive;
  };
  static constexpr std::uint32_t none = 0xFFFFFFFFu;

  const std::uint32_t* at(std::size_t i) const { return words_.data() + items_[i].offset; }
  void grow_index();

  PackedConfigurations words_;
  std::vector<Item> items_;
  std::vector<std::uint32_t> index_;  // open addressing: the first of a key, or none
  std::size_t keys_ = 0;
  std::size_t alive_ = 0;
};

}  // namespace gauntlet
