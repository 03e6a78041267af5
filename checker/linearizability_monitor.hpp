// Linearizability, judged while it happens: feed a monitor the events of a run as they come, and it
// says as soon as no order of the operations can explain them any more.
//
//   gauntlet::LinearizabilityMonitor monitor(*gauntlet::find_model("cas-register"));
//   for (;;) {
//     monitor.append(next_event());  // an invocation, or a completion: ok, fail or info
//     if (monitor.violation()) break;
//   }
//
// What it says is what is certain: an operation that is outstanding may take effect at any time
// from its invocation on, or never, and may answer anything. So the place of a violation is the
// first completion after which the history so far, with all that is outstanding taken as crashed,
// is not linearizable. It is reported by the very `append` of that completion. On the whole history
// the checker "linearizable" names the same completion, or an earlier one: it knows how operations
// ended (an outstanding compare-and-set that explains a read explains it no more once it has
// failed). A monitor that reports a violation is never wrong, and one that watches everything
// (`watches_all`) and reports none means that the history so far is linearizable.
//
// Models whose answers decide the state that a call leaves (fenced-mutex, unique-ids) are judged
// later: an event is looked at once all operations on its key that were invoked before it have
// completed. The place is then the checker's.
//
// Memory follows what is outstanding, not the length of the run: per key the possible states and,
// with each, which outstanding operations have taken effect; the crashed operations that may still
// take effect, counted by kind; and what the values of the run were, as long as anything refers to
// them. A key on which nothing is outstanding costs about 300 bytes. Texts and lists (the pair of a
// compare-and-set) are kept for the monitor's life, each distinct one once; integers below 2^30
// cost nothing.
//
// Cost: O(possible orders) an event, see checker/linearizable/online/online_search.hpp. For
// register-like objects with ten clients some microseconds; exponential in the number of operations
// outstanding on one key at worst, which is why there is a bound.
//
// Deterministic: same events, same answers, as long as no limit of time or memory is hit.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checker/checker.hpp"
#include "checker/models/model.hpp"
#include "history/operation.hpp"

namespace gauntlet {

struct MonitorOptions {
  /// Model options and budget; model, threads, anomalies_max and progress are not looked at. When
  /// the budget is used up the monitor ends (`reason`).
  CheckOptions check;
  /// A key that has more configurations than this is not watched any more (about 100 bytes each).
  std::size_t configurations_max = 100'000;
  /// What the past is remembered by is renewed after about so many different calls, or 1 KiB of
  /// states for each. At least 4.
  std::size_t renewal_calls = 4096;
  /// From so many states on that an outstanding operation may have seen, what all configurations
  /// have in common is kept once. At least 1.
  std::size_t shared_states_min = 16;
};

/// Counts, for whoever shows how a monitor is doing.
struct MonitorFigures {
  std::uint64_t events = 0;  ///< appended, those of the nemesis included
  std::size_t keys = 0;
  std::size_t keys_given_up = 0;
  std::size_t outstanding = 0;          ///< operations
  std::size_t configurations_peak = 0;  ///< at one event of one key
  std::size_t memory_bytes = 0;         ///< about; O(keys)
};

/// Movable. One thread at a time; different monitors are independent.
class LinearizabilityMonitor {
 public:
  /// The model outlives the monitor.
  explicit LinearizabilityMonitor(const Model& model, const MonitorOptions& options = {});
  ~LinearizabilityMonitor();
  LinearizabilityMonitor(LinearizabilityMonitor&&) noexcept;
  LinearizabilityMonitor& operator=(LinearizabilityMonitor&&) noexcept;

  /// Takes the next event, in the order of real time. Its process, type, f, value and key count;
  /// a completion belongs to its process's outstanding invocation, whose key counts. Events of the
  /// nemesis only take a number. Once there is a violation, or the monitor has ended, does nothing.
  void append(const Operation& event);

  /// The first violation, if there has been one. Event positions in it count all events appended,
  /// from 0. What it says is this monitor's word alone (`verified_by` is empty): for evidence that
  /// the independent verifier has accepted, have the recorded history judged by the checker.
  const std::optional<Anomaly>& violation() const;

  /// Why the monitor ended before any violation: an event that does not fit the model or the rules
  /// of histories, or the budget; empty while it watches.
  const std::string& reason() const;

  /// Keys that are not watched any more, each with its reason, all `unknown`; at most 100.
  const std::vector<PartVerdict>& given_up() const;

  /// Whether no violation means that there is none: it has not ended, and no key was given up.
  bool watches_all() const;

  MonitorFigures figures() const;

 private:
  class Watch;
  std::unique_ptr<Watch> watch_;
};

/// nullptr if there is no model of that name (`gauntlet list models` shows them).
const Model* find_model(std::string_view name);

}  // namespace gauntlet
