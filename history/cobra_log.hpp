// The logs of Cobra (Tan, Zhao, Mu and Walfish, OSDI 2020), as in CobraLogs: a file a client, which
// is a sequence of records of big-endian numbers of 64 bits behind a letter:
//
//     S transaction                      it began
//     W write key value                  it wrote; `write` is unique, `value` a hash
//     R transaction write key value      it read what that write of that transaction wrote
//     C transaction                      it committed
//
// A read whose write is 0xbebeebee (what the key held at first) or 0xdeadbeef (nothing) found null.
#pragma once

#include <string_view>

#include "history/byte_source.hpp"
#include "history/reading.hpp"

namespace gauntlet {

/// Whether bytes begin like such a file.
bool is_cobra_log(std::string_view front);

/// Reads one file as the transactions of `process`; what stands for a value is the write that wrote
/// it. Places are bytes of line 1. A record or transaction that the end of the file cuts off is
/// left out with a warning. O(bytes), memory for the file and the history.
Result<void> read_cobra_log(ByteSource& source, Reading& reading, Process process);

}  // namespace gauntlet
