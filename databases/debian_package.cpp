#include "databases/debian_package.hpp"

#include <fmt/format.h>

namespace gauntlet {

Result<void> install_package(Node& node, const std::string& package, const std::string& program,
                             const char* script) {
  const auto present = node.run(Command::of({"test", "-x", program}));
  if (!present) return present.error();
  if (present->succeeded()) return {};
  Command command = Command::shell(script);
  command.label = "install " + package;
  const auto installed = node.must(std::move(command).root().within(std::chrono::seconds(240)));
  if (installed) return {};
  return failure(
      installed.error().kind,
      fmt::format("{} is absent and apt could not install it: {}", program, installed.error().what),
      fmt::format("install {} on the node, or give the node a way to a Debian mirror", package));
}

}  // namespace gauntlet
