// What is wrong with single reads of registers, by name.
#pragma once

#include <string_view>

#include "checker/transactional/register_evidence.hpp"

namespace gauntlet {

/// Adya's or Elle's name; empty where nothing is wrong. `agrees`: with what its own transaction did
/// to the key before.
std::string_view read_anomaly_name(ReadSource source, bool agrees);

/// What its transaction did to the key last before; no_micro where there is nothing. O(length).
MicroId last_before(const Transactions& all, MicroId m);

/// As Plume names it (Liu et al., OOPSLA 2024, table 1).
std::string_view read_pattern(const RegisterTransactions& registers, const ReadAnomaly& anomaly);

}  // namespace gauntlet
