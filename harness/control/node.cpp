#include "harness/control/node.hpp"

#include <fmt/format.h>

#include "harness/control/command_log.hpp"
#include "harness/control/text.hpp"

namespace gauntlet {
Result<CommandResult> Node::must(const Command& command) {
  auto result = run(command);
  if (!result || result->succeeded()) return result;
  const std::string ending = result->signal.empty() ? fmt::format("exit code {}", result->exit_code)
                                                    : fmt::format("signal {}", result->signal);
  std::string why = last_line(result->error_output);
  if (why.empty()) why = last_line(result->output);
  return failure(ErrorKind::remote,
                 fmt::format("{}: `{}` failed with {}{}{}", name(), describe(command), ending,
                             why.empty() ? "" : ": ", why));
}

}  // namespace gauntlet
