// The few operations of an anomaly as a picture that needs no script: a bar an operation, a row a
// process, time from left to right.
//
// The order of the events is exact; distances are not. Between the operations of a violation lie
// microseconds here and half a minute there, so the axis is compressed: each gap takes the space
// that its labels need, and its duration is written below it.
#pragma once

#include <string>
#include <vector>

#include "checker/verdict.hpp"
#include "history/history.hpp"
#include "reports/faults.hpp"
#include "reports/timebase.hpp"

namespace gauntlet {

/// The anchor in the report of the operation with this invocation: "op-1234".
std::string operation_anchor(EventIndex invocation);

/// An SVG element styled by the report's sheet; empty where the anomaly names no operation.
/// `operations` are invocations in order; the first `operations_max` are drawn.
std::string anomaly_timeline(const History& history, const Timebase& timebase,
                             const std::vector<EventIndex>& operations, EventIndex detected_at,
                             const std::vector<FaultEpisode>& faults,
                             std::size_t operations_max = 24);

}  // namespace gauntlet
