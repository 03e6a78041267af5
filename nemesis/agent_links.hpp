// The agents on the nodes of a run: uploaded, started, talked to, kept alive.
//
// An agent (nemesis/agent/) serves as long as it hears from us. When this object or its process is
// gone, or the connection is, the agent heals what it did and ends.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "harness/control/cluster.hpp"

namespace gauntlet {

/// The program, as a static executable for this machine's architecture.
std::string_view agent_program();
/// Where it is on a node: named after its contents, so that another version is another file.
std::string agent_path();

/// Thread-safe. Must not outlive the nodes.
class AgentLinks {
 public:
  explicit AgentLinks(std::chrono::seconds lease = std::chrono::seconds(15));
  ~AgentLinks();
  AgentLinks(const AgentLinks&) = delete;
  AgentLinks& operator=(const AgentLinks&) = delete;

  /// Has the agent of a node carry out a request, starting it if it does not run. What it answers;
  /// ErrorKind::remote with its reason where it refuses; transport or timeout where it was lost,
  /// and with it everything that it had done.
  Result<std::string> call(Node& node, const std::vector<std::string>& words, Deadline deadline);

 private:
  struct Link {
    std::mutex mutex;
    Node* node = nullptr;
    std::unique_ptr<NodeChannel> channel;
  };

  Link& link_to(Node& node);
  Result<void> open(Link& link, Deadline deadline) const;
  static Result<std::string> exchange(Link& link, const std::vector<std::string>& words,
                                      Deadline deadline);
  void keep_alive();

  const std::chrono::seconds lease_;
  std::mutex mutex_;  ///< of links_ and closing_
  std::condition_variable closed_;
  std::map<std::string, std::unique_ptr<Link>> links_;  ///< by node name
  bool closing_ = false;
  std::thread keeper_;
};

/// Makes sure that the program is on the node. Idempotent.
Result<void> install_agent(Node& node);
/// What a module of the agent has in place on the node, whether one serves or not. "" as well where
/// no agent ever was. All modules are asked, by one and the same command.
Result<std::string> agent_residue(Node& node, const std::string& module);
/// Ends an agent that serves, and undoes what it or another before it did.
Result<void> heal_agent(Node& node, const std::string& module);

}  // namespace gauntlet
