// The histories of dbcop (Biswas and Enea, OOPSLA 2019), which PolySI uses too: history.bincode,
// the encoding of Rust's serde that puts little-endian numbers of 64 bits behind each other:
//
//     id, sessions, keys, transactions a session, operations a transaction      as planned
//     three texts: the database, when it began, when it ended                   length, bytes
//     sessions: count, then each: transactions: count, then each:
//         operations: count, then each: is a write (1 byte), key, value, succeeded (1 byte)
//         committed (1 byte)
#pragma once

#include <string_view>

#include "history/byte_source.hpp"
#include "history/reading.hpp"

namespace gauntlet {

/// Whether bytes begin like this format.
bool is_dbcop_bincode(std::string_view front);

/// A session is a process. A transaction that did not commit failed. In one that did, reads that
/// did not succeed are left out, and writes that did not are a failed transaction before it. Places
/// are bytes of line 1. O(bytes), memory for the file and the history.
Result<void> read_dbcop_bincode(ByteSource& source, Reading& reading);

}  // namespace gauntlet
