// The calls and states that an online search has met, named by small numbers, and renewed when most
// of them are of the past: what is still referred to moves into a fresh table, the rest is
// forgotten. So memory follows what is outstanding and not the length of the run.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <span>
#include <vector>

#include "checker/models/model.hpp"

namespace gauntlet {

/// One a monitor: keys share it, since what a call does to a state does not depend on the key. Not
/// thread-safe.
class OnlineCalls {
 public:
  /// `renewal_calls`: how many kinds make a renewal pay, at the least.
  OnlineCalls(const Model& model, const CheckOptions& options, std::size_t renewal_calls);
  ~OnlineCalls();
  OnlineCalls(const OnlineCalls&) = delete;
  OnlineCalls& operator=(const OnlineCalls&) = delete;

  const Model& model() const { return model_; }
  const ModelContext& context() const { return context_; }
  Values& values() { return values_; }

  /// The kind of a call. Room for it must have been made (`wants_renewal` is asked between events).
  std::uint32_t kind(const ModelCall& call);
  const ModelCall& call(std::uint32_t kind) const { return calls_[kind]; }
  bool updates(std::uint32_t kind) const { return updates_[kind]; }

  StateId initial() { return states_->initial(); }
  StateId step(StateId state, std::uint32_t kind) { return states_->step(state, kind); }
  std::string describe(StateId state) const { return states_->describe(state); }

  /// Whether so much has been met since the last renewal that another one pays. O(1).
  bool wants_renewal() const;

  /// Begins a renewal: from here on `keep` names in the fresh table what the old names meant.
  /// Everything that holds names calls it for each, then `end_renewal`. Where nearly everything was
  /// kept, `wants_renewal` stays true; the next renewal then makes room.
  void begin_renewal();
  StateId keep_state(StateId old);
  std::uint32_t keep_kind(std::uint32_t old);
  void end_renewal();

  std::size_t memory_bytes() const;

 private:
  const Model& model_;
  Values values_;
  ModelContext context_;
  std::vector<ModelCall> calls_;  // of fixed size, which the states see; kinds_ of them are used
  std::vector<bool> updates_;
  std::size_t kinds_ = 0;
  std::size_t kinds_kept_ = 0;  // by the last renewal
  boost::unordered_flat_map<ModelCall, std::uint32_t, boost::hash<ModelCall>> ids_;
  std::unique_ptr<StateSpace> states_;
  const std::size_t bytes_min_;
  std::size_t bytes_max_;  // of states, at which a renewal pays; bytes_min_ or more

  struct Old;
  std::unique_ptr<Old> old_;  // during a renewal
};

}  // namespace gauntlet
