// The search for registers and compare-and-set registers: event by event, over the configurations
// of register_configurations.hpp.
//
// Nothing is linearized before it must be: when an operation returns that its configuration has
// neither satisfied nor used, the search walks from there, over every sequence of steps that may
// matter and ends with the operation in place. (Lowe 2017; why this loses nothing: in any order
// each operation may be moved back in time to just before the first return of it or of an operation
// ordered after it.) The steps of a walk:
//
//  A live compare-and-set from the state: always.
//  A crashed one to b, where something may follow from being at b: an open read of b, a
//  compare-and-
//     set from b that is left, or the end of the walk. Otherwise the next step is a write, and the
//     order is as good without the crashed one. (An obliged write of b would take effect unseen at
//     b, but so it does before the write that follows.)
//  A write of u other than the state: likewise.
//  A write of the state's own value, which does nothing but let obliged writes take effect unseen:
//     where there are any of other values, and a compare-and-set from here is left, which would
//     make that place unreachable. Otherwise the next step is a write, which does the same.
//  Of equals (the same values) the one that returns first, crashed ones last: if an order uses
//     another first, the two may swap places, or if the first is never used, take its place.
//
// When a write returns unused and not obliged, it has taken effect unseen; the configuration goes
// on without it. Besides, this is the last moment at which the order may go through its value, so
// the search also walks to its use. An obliged one must be used: an order in which something else
// lets it take effect unseen only afterwards has it right before that, and there it may stand now.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "checker/linearizable/register/register_configurations.hpp"
#include "checker/linearizable/register/register_part.hpp"
#include "checker/linearizable/register/register_search_options.hpp"

namespace gauntlet {

/// How wide a beam is: the `width` cheapest configurations stay, as long as they are not dearer
/// than the cheapest by more than `margin`.
struct Beam {
  std::size_t width;
  std::int32_t margin;
};

/// What the search relies on, rule by rule. Tests break one at a time, to see that they notice.
struct SoundRegisterRules {
  static constexpr bool compares_obliged = true;          // dominance, rule 1
  static constexpr bool compares_write_deadlines = true;  // rule 2
  static constexpr bool compares_cas_deadlines = true;    // rule 3
  static constexpr bool counts_crashed_cas = true;        // rule 3
  static constexpr std::int32_t cover_beyond_spare = 0;   // rule 3
  static constexpr bool writes_own_value = true;          // a step of the walk
};
/// Tests specialize it for numbers of words that are used nowhere else.
template <int W>
struct RegisterRules : SoundRegisterRules {};

template <int W>
class RegisterSearch {
 public:
  using State = RegisterSearchState;

  RegisterSearch(const RegisterPart& part, const RegisterSearchOptions& options);

  /// Goes on until it has finished, has no configuration left, or the effort is exhausted; in the
  /// last case it can be called again. `steps_max` bounds this call.
  State advance(Effort& effort, std::size_t steps_max);
  /// After `stuck`: goes back, the farther and with the wider a beam the more often it was stuck at
  /// this event.
  void widen();

  State state() const { return state_; }
  /// Position in part.events: of the return that no configuration survived, or how far it got.
  std::size_t event() const { return event_; }
  std::size_t front_size() const { return front_.size(); }
  std::size_t front_max() const { return front_max_; }
  /// How often it was stuck at the event where it is stuck now.
  unsigned stuck_count() const { return stuck_count_; }
  /// Steps of the cheapest configuration: live operations by their OpId, crashed ones by
  /// `crashed_kind_flag | lane`, each with its position in part.events.
  std::vector<Trace::Step> best_way() const;
  std::size_t steps() const { return steps_; }

 private:
  using Rules = RegisterRules<W>;
  using Slots = SlotSet<W>;
  using Configuration = RegisterConfiguration<W>;
  using Configurations = RegisterConfigurations<W>;

  using Index = std::vector<std::vector<std::uint32_t>>;  // positions by state, modulo its size

  static constexpr std::size_t slots_max = std::size_t{64} * W;
  static constexpr std::uint32_t no_lane = 0xFFFFFFFFu;
  static constexpr std::uint16_t used_max = 0xFFFF;

  struct OfValue {
    Slots reads, writes, cas_from, differ;
    std::uint32_t write_lane = no_lane;
    std::vector<std::uint32_t> cas_lanes;  // crashed compare-and-sets from it
  };

  // --- events
  void invoke(OpId op);
  bool complete(OpId op, Effort& effort);
  void occupy(unsigned slot, OpId op);
  void release(unsigned slot);

  // --- walking
  bool walk(Effort& effort);
  void expand(const Configuration& from);
  void take_live(const Configuration& from, unsigned slot);
  void take_crashed(const Configuration& from, std::uint32_t lane);
  void enter(Configuration& c, std::uint32_t value, bool by_write);
  void arrive(Configuration& c);
  bool leads_on(const Configuration& c, std::uint32_t value) const;
  /// Whether costs are limited, and so decide between configurations.
  bool priced() const { return options_.unlimited && options_.exact; }
  bool has_crashed(const Configuration& c, std::uint32_t lane) const {
    return options_.unlimited ? supply_[lane] > 0 : c.used()[lane] < supply_[lane];
  }
  bool cas_left(const Configuration& c, std::uint32_t value) const;

  // --- sets
  bool enlist(Configurations& set, Index& index, std::uint32_t position);
  bool dominates(const Configuration& x, const Configuration& y);
  bool dominates_in_detail(const Configuration& x, const Configuration& y);
  bool dominates_at_a_price(const Configuration& x, const Configuration& y);
  std::int32_t write_balance(const Configuration& x, const Configuration& y, std::uint32_t value,
                             std::int32_t more) const;
  std::int32_t unmatched_cas(const Configuration& x, const Configuration& y, std::uint32_t from,
                             std::uint32_t to) const;
  template <class Visit>
  bool match_cas(const Configuration& x, const Configuration& y, Visit visit) const;
  void settle();

  // --- beams
  void choose_beam();
  void save();
  void restore(std::size_t event_max);
  void note_stuck();

  const RegisterPart& part_;
  RegisterSearchOptions options_;
  State state_ = State::running;
  std::size_t event_ = 0;
  std::size_t steps_ = 0;
  std::size_t front_max_ = 1;

  Slots free_, reads_, writes_, cas_, differ_;
  std::vector<OfValue> values_;
  std::vector<OpId> slot_op_;
  std::vector<RegisterOperation> slot_;
  std::vector<unsigned> slot_of_;  // by operation
  std::vector<std::uint16_t> supply_;
  std::int64_t funds_ = 0;  // what all crashed operations invoked so far cost

  RegisterOp target_kind_ = RegisterOp::read;
  unsigned target_ = 0;
  std::uint32_t target_value_ = 0;

  Configurations front_, next_, seen_;
  Index next_index_, seen_index_;
  std::vector<std::uint64_t> scratch_;
  Trace trace_;
  std::vector<Trace::Node*> live_;
  std::vector<std::int32_t> spare_, lack_;  // by value, for dominates_in_detail
  std::vector<std::uint32_t> touched_;
  std::vector<std::size_t> ranking_;
  using Queued = std::pair<std::int32_t, std::uint32_t>;  // cost, position in seen_
  std::vector<Queued> queue_;                             // a heap, the cheapest on top
  std::vector<std::int32_t> arrived_;  // costs of the best arrivals, a heap with the dearest on top
  std::int32_t arrived_min_ = 0;

  /// The search as it was before an event.
  struct Snapshot {
    std::size_t event;
    bool pruned;
    std::vector<std::pair<unsigned, OpId>> pending;  // slots taken, by which operation
    std::vector<std::uint16_t> supply;
    std::vector<std::uint64_t> front;
  };
  std::vector<Snapshot> snapshots_;  // oldest first
  std::size_t level_ = 0;            // of the beam, narrowest 0
  std::size_t wide_until_ = 0;       // an event before which it does not get narrower
  bool pruned_ = false;              // something was dropped that nothing kept dominates
  std::size_t stuck_at_ = 0;
  unsigned stuck_count_ = 0;
  std::size_t window_event_ = 0, window_steps_ = 0;  // where the current accounting began
};

}  // namespace gauntlet

#include "checker/linearizable/register/register_search_beam.hpp"
#include "checker/linearizable/register/register_search_dominance.hpp"
#include "checker/linearizable/register/register_search_walk.hpp"
