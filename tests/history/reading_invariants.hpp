// What must hold whatever bytes a reader is given; shared by unit tests and fuzz targets.
#pragma once

#include <string>
#include <string_view>

#include "history/reader.hpp"

namespace gauntlet {

/// Reads `text` and says which invariant is broken, or nothing: an error names the file and a place
/// on one printable line, a history pairs with itself and comes back the same from JSON lines.
std::string broken_invariant(std::string_view text, HistoryFormat format);

/// Reads `line` as one JSON event, fast and slowly, and says where they differ: what the fast
/// parser takes, the slow one must take alike.
std::string parser_difference(const std::string& line);

}  // namespace gauntlet
