// The operations in a log of Jepsen, as in the etcd logs of Porcupine's tests and in history.txt:
//
//     INFO  jepsen.util - 3    :invoke    :cas    [2 4]
//
// that is a process, a type, a function and a value in EDN, behind whatever the logger puts first.
#pragma once

#include "history/byte_source.hpp"
#include "history/reading.hpp"

namespace gauntlet {

/// Reads the lines that hold an operation; others are counted in a warning. Where a completion has
/// an error in the place of its value (`:info :write :timed-out`), the value is its invocation's.
/// O(bytes), memory for the history and the longest line.
Result<void> read_jepsen_log(ByteSource& source, Reading& reading);

}  // namespace gauntlet
