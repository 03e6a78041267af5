// Histories as JSON: one object a line, or an array of the same objects.
#pragma once

#include "history/byte_source.hpp"
#include "history/reading.hpp"

namespace gauntlet {

/// Reads one event a line; blank lines count for nothing. A last line that is cut off is a warning.
/// O(bytes), memory for the history and the longest line.
Result<void> read_json_lines(ByteSource& source, Reading& reading);

/// Reads an array of events. O(bytes), memory for the text and the history.
Result<void> read_json_array(ByteSource& source, Reading& reading);

}  // namespace gauntlet
