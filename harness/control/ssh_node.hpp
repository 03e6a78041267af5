// A node behind SSH, whether the user's machine or our container.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "harness/control/command_log.hpp"
#include "harness/control/node.hpp"
#include "harness/control/session_pool.hpp"

namespace gauntlet {

struct SshNodeOptions {
  std::string name;     ///< "n1", or the host that the user named
  std::string address;  ///< where other nodes and clients reach it
  SshTarget target;
  std::string sudo_password;          ///< empty: sudo must need none
  std::size_t sessions_max = 4;       ///< commands that run at once; sshd opens connections slowly
  std::shared_ptr<CommandLog> log{};  ///< may be null
};

/// What a command may do when its time is up: on the node it runs under `timeout`, which sends its
/// process group SIGTERM at the deadline and SIGKILL a second later. So it ends on the node as
/// well, even if the controller is gone by then, and `run` returns no later than three seconds
/// after the deadline. A command that the node has not read yet (it hangs, or the network does) can
/// still start later, then with its whole time: after a `timeout` error everything is possible.
///
/// The login shell of the user must quote as /bin/sh does (bash, dash, zsh, ash, ksh), and the node
/// needs coreutils.
class SshNode : public Node {
 public:
  explicit SshNode(SshNodeOptions options);

  const std::string& name() const override { return options_.name; }
  const std::string& address() const override { return options_.address; }
  void set_away(bool away) override { pool_.set_away(away); }
  Result<CommandResult> run(const Command& command) override;
  Result<std::unique_ptr<NodeChannel>> open_channel(const std::vector<std::string>& argv,
                                                    bool as_root, Deadline deadline) override;
  Result<void> upload(std::string_view content, const std::string& path, int mode,
                      bool as_root) override;
  /// Of a file longer than `bytes_max` the last `bytes_max` bytes are taken: of a log, what
  /// happened last matters. The local file appears once it is whole, with mode 0644.
  Result<void> download(const std::string& path, const std::string& local_path,
                        std::size_t bytes_max, bool as_root) override;

  const SshTarget& target() const { return options_.target; }

 private:
  using Sink = std::function<void(std::string_view)>;
  /// As `run`, but the output goes to the sink as it arrives.
  Result<CommandResult> run_streaming(const Command& command, const Sink& on_output);
  Result<SshEnding> perform(const Command& command, const Sink& on_output,
                            const Sink& on_error_output, Deadline deadline);
  /// Once a node, before the first command as root.
  Result<void> check_sudo(Deadline deadline);
  Result<void> probe_sudo(Deadline deadline);

  const SshNodeOptions options_;
  SessionPool pool_;
  std::mutex sudo_mutex_;
  std::condition_variable sudo_checked_;
  bool checking_sudo_ = false;  ///< guarded by sudo_mutex_, as is the next
  bool sudo_works_ = false;
};

}  // namespace gauntlet
