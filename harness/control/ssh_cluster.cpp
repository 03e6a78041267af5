#include "harness/control/ssh_cluster.hpp"

#include <algorithm>
#include <thread>

#include "base/assert.hpp"
#include "harness/control/text.hpp"

namespace gauntlet {
namespace {

constexpr std::chrono::milliseconds login_max{20'000};
constexpr std::chrono::milliseconds retry_pause{100};

Result<std::string> check_node(Node& node, Deadline deadline, bool patient,
                               const std::atomic<bool>* stop) {
  using std::chrono::milliseconds;
  Command command = Command::shell(R"(printf %s "${SSH_CONNECTION%% *}")");
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline.left());
    command.timeout = std::clamp(left, milliseconds(1), login_max);
    const auto result = node.must(command);
    if (result) return one_line(result->output, 64);
    const ErrorKind kind = result.error().kind;
    const bool passing = kind == ErrorKind::transport || kind == ErrorKind::timeout;
    if (!patient || !passing || deadline.passed()) return result.error();
    if (stop != nullptr && stop->load())
      return failure(ErrorKind::interrupted, node.name() + ": stopped while waiting for sshd");
    std::this_thread::sleep_for(retry_pause);
  }
}

}  // namespace

SshCluster::SshCluster(std::string provider, std::vector<SshNodeOptions> nodes)
    : provider_(std::move(provider)) {
  GAUNTLET_ASSERT(!nodes.empty());
  for (SshNodeOptions& options : nodes)
    nodes_.push_back(std::make_unique<SshNode>(std::move(options)));
}

std::vector<Node*> SshCluster::nodes() const {
  std::vector<Node*> result;
  for (const auto& node : nodes_)
    result.push_back(node.get());
  return result;
}

Result<std::vector<std::string>> SshCluster::check(Deadline deadline, bool patient,
                                                   const std::atomic<bool>* stop) const {
  const auto checked = on_each<std::string>(
      nodes(), [&](Node& node) { return check_node(node, deadline, patient, stop); });
  std::vector<std::string> addresses;
  for (const auto& one : checked) {
    if (!one) return one.error();
    addresses.push_back(*one);
  }
  return addresses;
}

}  // namespace gauntlet
