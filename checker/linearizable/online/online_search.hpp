// The online search: which orders of the operations on one object are possible, event by event, for
// any model, without knowing how what is outstanding will end.
//
// It is just-in-time linearization (G. Lowe, "Testing for linearizability", CCPE 2017, section 5;
// breadth_search.cpp has it for whole histories), with three differences that make it forget
// nothing that a later answer could ask for, and nothing more.
//
// 1. An outstanding operation is linearized, where an order needs it, as one whose answer is not
//    known; a model promises (Model::answers_decide is false) that this leaves the same state. If
//    the answer could be one of several, the state before it is noted; the answer, once it is
//    there, is held against that state, and configurations in which it was not possible end.
// 2. Operations that change nothing (reads, a dequeue of an empty queue) are not linearized ahead.
//    A configuration notes the states that it has been in since the operation was invoked; it has
//    happened if its answer fits one of them or the present one. Each state is noted with the
//    youngest outstanding operation that was there then, which says for all of them whether they
//    were. This is complete: where an order has the operation in some state, the configuration that
//    follows this order has been in that state between invocation and answer.
// 3. An operation that fails did not happen: configurations that have linearized it end. One whose
//    fate will never be known joins the crashed ones of its kind, which are interchangeable: a
//    configuration counts those that it has used. What all have used is gone for good.
//
// An operation ends the search at its completion if no configuration is left: then no order exists
// in which what is outstanding may have happened or not, and none ever will, since every later
// event only says more. Conversely while a configuration is left, the order that it stands for
// explains everything that has been answered. So the place is exact.
//
// Cost: an event costs O(configurations); their number is exponential in the number of operations
// outstanding at once, at worst, and polynomial in the number of crashed ones of each kind.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <map>
#include <span>
#include <vector>

#include "base/effort.hpp"
#include "checker/linearizable/online/online_calls.hpp"
#include "checker/linearizable/online/online_configurations.hpp"

namespace gauntlet {

/// An outstanding operation.
struct OnlineOperation {
  std::uint32_t kind = 0;      ///< as one whose answer is not known
  StreamMoment invoked = no_moment;  ///< no_moment: the slot is free
  bool updates = false;        ///< it may change the state
  bool observes = false;       ///< it may turn out to have changed nothing and seen something
  bool needs_answer = false;   ///< its answer is held against the state before it
};

/// What is known of an object between events. Owned by the monitor; cheap while nothing happens.
struct OnlineObject {
  PackedConfigurations front;
  std::uint32_t front_count = 0;
  std::vector<OnlineOperation> slots;
  OnlineConfiguration::Entries supply;  ///< kind: how many crashed operations there are of it
  std::vector<StreamMoment> observers;        ///< invocations of outstanding observers, ascending
  /// What all configurations have visited, by its moment, once it was too much to keep for each.
  std::map<StreamMoment, boost::unordered_flat_set<StateId>> visited_by_all;
  std::size_t share_at = 0;  ///< length of `visited` at which to look for what all share
};

/// What has become of an object by an event.
enum class OnlineStep {
  possible,
  impossible,  ///< no order is left; the object is as it was before the event
  ambiguous,   ///< the model broke the promise of 1.
  too_many,    ///< more configurations than allowed
  exhausted,   ///< the budget is used up
};

/// The search for all objects of a monitor, one at a time: holds only scratch space. Not
/// thread-safe.
class OnlineSearch {
 public:
  OnlineSearch(OnlineCalls& calls, Effort& effort, std::size_t configurations_max,
               std::size_t shared_states_min)
      : calls_(calls),
        effort_(effort),
        configurations_max_(configurations_max),
        shared_states_min_(shared_states_min) {}

  void begin(OnlineObject& object);
  /// Answers the slot of the operation. The moment is later than all before.
  std::uint32_t invoke(OnlineObject& object, const OnlineOperation& operation);
  /// The operation happened, as a call of `kind`; or, if it `failed`, it did not, and saw what a
  /// call of `kind` says.
  OnlineStep answer(OnlineObject& object, std::uint32_t slot, std::uint32_t kind, bool failed);
  /// The operation did not happen.
  OnlineStep withdraw(OnlineObject& object, std::uint32_t slot);
  /// Nobody will ever know.
  OnlineStep crash(OnlineObject& object, std::uint32_t slot);

  /// Renames all that the object refers to, during a renewal of the calls.
  void renew(OnlineObject& object);

  /// Largest number of configurations that an event had.
  std::size_t configurations_peak() const { return peak_; }

 private:
  void open(const OnlineObject& object, std::uint32_t slot);
  OnlineStep close(OnlineObject& object);
  void receive(OnlineConfiguration& configuration, std::uint32_t kind, bool failed);
  bool confirm(OnlineConfiguration& configuration, std::uint32_t kind);
  bool saw(StateId state, std::uint32_t kind);
  bool has_seen(const OnlineConfiguration& configuration, std::uint32_t kind);
  void expand(const OnlineObject& object, std::uint32_t kind);
  void reach(std::uint32_t kind);
  void move(OnlineConfiguration& configuration, StateId after) const;
  void arrive(OnlineConfiguration& configuration);
  void coarsen(OnlineConfiguration::Entries& visited) const;
  void rest(OnlineObject& object);
  static void settle_spent(OnlineObject& object, std::span<OnlineConfiguration> all);
  void share_visited(OnlineObject& object, std::span<OnlineConfiguration> all) const;
  bool crowded() const { return next_.size() + seen_.size() > configurations_max_; }

  OnlineCalls& calls_;
  Effort& effort_;
  const std::size_t configurations_max_;
  const std::size_t shared_states_min_;
  std::size_t peak_ = 0;

  // The event under way.
  OnlineOperation target_;
  std::uint32_t target_slot_ = 0;
  StreamMoment newest_observer_ = no_moment;  ///< the target apart
  StreamMoment before_target_ = no_moment;    ///< the next older observer than the target
  bool only_observes_ = false;
  bool all_have_seen_ = false;
  bool ambiguous_ = false;
  OnlineConfigurations next_, seen_;  ///< behind the event; before it, to be expanded
  OnlineConfiguration at_, base_, scratch_, arrived_;
  std::vector<OnlineConfiguration> resting_;  ///< space for what looks at all of them at once
};

}  // namespace gauntlet
