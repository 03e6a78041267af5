// The text format of PolySI and Plume: a line an operation of a transaction,
//
//     w(1,2,0,7)
//
// which is w or r, then key, value, session and transaction. Operations of a session stand in its
// order; sessions may be interleaved. A write in transaction -1 was aborted.
#pragma once

#include <string_view>

#include "history/byte_source.hpp"
#include "history/reading.hpp"

namespace gauntlet {

/// Whether a text begins like this format.
bool is_transaction_text(std::string_view front);

/// A session is a process. Writes of transaction -1 that follow each other in a session become one
/// transaction that failed; its reads say nothing and are left out. O(bytes), memory for the
/// history and the transactions that are open.
Result<void> read_transaction_text(ByteSource& source, Reading& reading);

}  // namespace gauntlet
