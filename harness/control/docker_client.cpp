#include "harness/control/docker_client.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "base/subprocess.hpp"
#include "harness/control/text.hpp"

namespace gauntlet {
namespace {

/// What the daemon said, or else the last line; clients put lines of advice after it.
std::string reason(const ProcessResult& result) {
  constexpr std::string_view mark = "Error response from daemon: ";
  const std::string_view said = result.error_output;
  const auto at = said.find(mark);
  if (at != std::string_view::npos) {
    const auto from = said.substr(at + mark.size());
    return one_line(from.substr(0, from.find('\n')));
  }
  return said.empty() ? fmt::format("exit code {}", result.exit_code) : last_line(said);
}

Error explain(const ProcessResult& result, const std::vector<std::string>& arguments) {
  const auto mentions = [&](std::string_view phrase) {
    return result.error_output.find(phrase) != std::string::npos;
  };
  if (mentions("permission denied while trying to connect"))
    return failure(ErrorKind::resource, "this user may not use dockerd",
                   "run as root, or join the group docker");
  if (mentions("Cannot connect to the Docker daemon") || mentions("Is the docker daemon running"))
    return failure(ErrorKind::resource, "no dockerd answers", "start it with docker/daemon start");
  if (mentions("No such image"))
    return failure(ErrorKind::resource, "the node image is absent: " + reason(result),
                   "build it with docker/build-image");
  return failure(ErrorKind::remote,
                 fmt::format("`docker {}` failed: {}", arguments.front(), reason(result)));
}

}  // namespace

Result<std::string> docker(const std::vector<std::string>& arguments,
                           std::chrono::milliseconds timeout, const std::atomic<bool>* stop) {
  LocalProgram process;
  process.argv = arguments;
  process.argv.insert(process.argv.begin(), "docker");
  process.timeout = timeout;
  process.stop = stop;
  // Else a container might be killed on behalf of a run that is dead and has been healed.
  process.dies_with_us = true;
  auto result = run_process(process);
  if (!result) {
    Error error = result.error();
    if (error.kind == ErrorKind::resource) error.remedy = "apt-get install docker.io";
    return error;
  }
  if (!result->succeeded()) return explain(*result, arguments);
  return std::move(result->output);
}

Result<void> docker_available() {
  if (const char* reason = std::getenv("GAUNTLET_DOCKER_UNAVAILABLE"))
    return failure(ErrorKind::resource, std::string("no Docker: ") + reason);
  const auto version =
      docker({"version", "--format", "{{.Server.Version}}"}, std::chrono::seconds(10));
  if (!version) return version.error();
  return {};
}

std::string default_node_image() {
  const char* image = std::getenv("GAUNTLET_NODE_IMAGE");
  return image != nullptr && *image != '\0' ? image : "gauntlet-node:latest";
}

}  // namespace gauntlet
