// Shell scripts on this node, as the agent runs them.
#pragma once

#include <string>

namespace gauntlet::agent {

struct ShellOutput {
  std::string text;  ///< of standard output
  bool succeeded = false;
};

/// Runs a script; its process group ends with it, or after 10 s.
ShellOutput run_shell(const std::string& script);

}  // namespace gauntlet::agent
