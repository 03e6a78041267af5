// Small JSON documents as a Value: plans, ledgers, results. Not for histories.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "history/value.hpp"

namespace gauntlet {

/// Parses one JSON document; an error is ErrorKind::input with "name:line:column: what". Integers
/// that fit 64 bits stay integers. Nesting deeper than 64 is an error. O(bytes).
Result<Value> parse_json(std::string_view text, const std::string& name);

/// The same from a file of at most 16 MiB.
Result<Value> read_json_file(const std::string& path);

}  // namespace gauntlet
