// The faults of a run, as the nemesis left them in the history (nemesis/nemesis.hpp): each
// injection joined with its heal, and whether it really happened.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "history/history.hpp"
#include "reports/timebase.hpp"

namespace gauntlet {

/// Texts come from the history and are not escaped.
struct FaultEpisode {
  std::string name;                  ///< "partition"
  std::vector<std::string> targets;  ///< names of nodes
  std::string details;               ///< the rest of the plan, as JSON; empty if none
  EventIndex injection = no_event;   ///< its invocation
  Nanos begin = 0;                   ///< the nemesis starts to inject
  std::optional<Nanos> injected;     ///< ... and has done so
  std::optional<Nanos> heal_begin;
  std::optional<Nanos> healed;
  std::optional<bool> took_effect;  ///< unset where the history does not say
  std::string evidence;             ///< how that is known
  std::string skipped;              ///< why it was not applied
  std::string heal_evidence;

  /// The moment from which it is no longer in place, as far as the history tells.
  Nanos over(const Timebase& timebase) const;
};

/// In order of injection. Also understands the pairs start/stop and start-NAME/stop-NAME of other
/// harnesses. At most `faults_max` are answered. O(events).
std::vector<FaultEpisode> fault_episodes(const History& history, const Timebase& timebase,
                                         std::size_t faults_max = 2000);

struct FaultTally {
  std::size_t total = 0;
  std::size_t took_effect = 0;
  std::size_t without_effect = 0;  ///< applied, but nothing of it was observed
  std::size_t skipped = 0;
  std::size_t not_healed = 0;
};

FaultTally tally(const std::vector<FaultEpisode>& faults);

/// "took effect", "skipped", "no effect", "not verified".
std::string effect_text(const FaultEpisode& fault);

/// "n1, n2" or "-".
std::string targets_text(const FaultEpisode& fault);

}  // namespace gauntlet
