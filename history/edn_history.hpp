// Histories as Jepsen writes them in EDN, and the kv logs of Porcupine's tests, which are the same
// with a `:key`.
#pragma once

#include "history/byte_source.hpp"
#include "history/reading.hpp"

namespace gauntlet {

/// Reads operation maps, bare or within vectors and lists; a text that ends inside one is a
/// warning. O(bytes), memory for the text and the history.
Result<void> read_edn(ByteSource& source, Reading& reading);

}  // namespace gauntlet
