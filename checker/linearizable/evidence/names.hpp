// What a violation is called, by the pattern of its few operations.
#pragma once

#include <string>

#include "checker/linearizable/evidence/core.hpp"

namespace gauntlet {

/// A name of the field ("lost update", "duplicate dequeue", "double hold", ...) if the core's
/// operations fit a simple pattern, else "nonlinearizable". reports/glossary.cpp explains each.
std::string name_violation(const Part& part, const Core& core, OpId fatal);

}  // namespace gauntlet
