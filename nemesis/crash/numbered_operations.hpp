// Operations that leave a trace each: number N is an element of a set, or a register of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/run/database.hpp"

namespace gauntlet::crash {

/// "add" where the database has sets, since then one read tells all; else "write"; nullopt if its
/// client has neither, or cannot read.
std::optional<std::string> function_to_record(const Database& database);

/// Carries out number `number`; whether it was acknowledged. `client` may be null and is opened;
/// it is given up after an answer that was not definite.
bool carry_out(Database& database, Node& node, ClientPtr& client, const std::string& function,
               std::int64_t number, Deadline deadline);

struct Found {
  std::set<std::int64_t> operations;  ///< whose traces are there
  std::vector<std::string> wrong;     ///< what no operation can have left, in words; at most 10
};

/// Which of `asked` are there; of a set, all that is there. Asks again until the deadline.
Result<Found> find_operations(Database& database, Node& node, const std::string& function,
                              const std::set<std::int64_t>& asked, Deadline deadline);

}  // namespace gauntlet::crash
