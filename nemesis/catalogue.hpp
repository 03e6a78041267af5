// The faults as documentation: generated from the registry, so that it cannot be out of date.
#pragma once

#include <string>

namespace gauntlet {

/// A table of all faults and one of each fault's parameters, in Markdown.
std::string faults_markdown();

}  // namespace gauntlet
