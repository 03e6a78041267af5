// Scripts on nodes, as faults run them: as root, bounded, with an error that reads well.
#pragma once

#include <string>

#include "base/error.hpp"
#include "harness/control/node.hpp"

namespace gauntlet {

/// What the script printed; `label` stands for it in the log of commands. An exit code other than 0
/// is ErrorKind::remote with the end of what it wrote to stderr. Takes 10 s at most.
Result<std::string> run_script(Node& node, std::string label, std::string script);

/// The last line of `text` that is not blank, cut to 200 bytes.
std::string last_line_of(const std::string& text);

}  // namespace gauntlet
