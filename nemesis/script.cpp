#include "nemesis/script.hpp"

#include <fmt/format.h>

namespace gauntlet {

Result<std::string> run_script(Node& node, std::string label, std::string script) {
  constexpr std::chrono::seconds timeout(10);
  Command command = Command::shell(std::move(script)).root().within(timeout);
  command.label = std::move(label);
  auto result = node.run(command);
  if (!result) return result.error();
  if (result->succeeded()) return std::move(result->output);
  std::string why = last_line_of(result->error_output);
  if (why.empty()) why = fmt::format("a script ended with exit code {}", result->exit_code);
  return failure(ErrorKind::remote, why);
}

std::string last_line_of(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \r\n");
  if (end == std::string::npos) return {};
  const std::size_t newline = text.rfind('\n', end);
  const std::size_t begin = newline == std::string::npos ? 0 : newline + 1;
  return text.substr(begin, std::min<std::size_t>(end + 1 - begin, 200));
}

}  // namespace gauntlet
