// Programs that are talked to over SSH: a session of its own for each, lines in and lines out.
#include <fmt/format.h>

#include "harness/control/ssh_node.hpp"
#include "harness/control/text.hpp"

namespace gauntlet {
namespace {

constexpr std::size_t line_bytes_max = 1 << 20;
constexpr std::size_t said_bytes_max = 4096;
constexpr std::string_view input_mark = "--- gauntlet: input follows ---";

class SshNodeChannel : public NodeChannel {
 public:
  SshNodeChannel(std::string node, std::unique_ptr<SshSession> session)
      : node_(std::move(node)), session_(std::move(session)) {}

  Result<void> send(std::string_view line, Deadline deadline) override {
    return session_->send(std::string(line) + "\n", deadline);
  }

  Result<std::string> receive(Deadline deadline) override {
    while (true) {
      if (const std::size_t end = pending_.find('\n'); end != std::string::npos) {
        std::string line = pending_.substr(0, end);
        pending_.erase(0, end + 1);
        return line;
      }
      if (pending_.size() > line_bytes_max)
        return failure(ErrorKind::remote, node_ + ": a program prints a line without an end");
      auto received = session_->receive(pending_, said_, deadline);
      if (said_.size() > said_bytes_max) said_.erase(0, said_.size() - said_bytes_max);
      if (received) continue;
      Error error = received.error();
      if (const std::string said = last_line(said_); !said.empty()) error.what += ": " + said;
      return error;
    }
  }

 private:
  const std::string node_;
  std::unique_ptr<SshSession> session_;
  std::string pending_;
  std::string said_;  ///< on its standard error, the end of it
};

}  // namespace

Result<std::unique_ptr<NodeChannel>> SshNode::open_channel(const std::vector<std::string>& argv,
                                                           bool as_root, Deadline deadline) {
  if (auto there = pool_.check_away(); !there) return there.error();
  const bool sudo = as_root && options_.target.user != "root";
  const bool password = sudo && !options_.sudo_password.empty();
  if (sudo) {
    if (auto works = check_sudo(deadline); !works) return works.error();
  }
  std::string line = "LC_ALL=C.UTF-8 exec ";
  if (sudo) line += password ? "sudo -S -p '' -- " : "sudo -n -- ";
  if (password) {
    // As for commands: sudo takes the password only if the rules ask for one.
    line += fmt::format(
        "/bin/sh -c {} sh ",
        shell_quote(fmt::format(R"(while IFS= read -r l && [ "$l" != {} ]; do :; done; exec "$@")",
                                shell_quote(input_mark))));
  }
  for (const std::string& argument : argv)
    line += shell_quote(argument) + " ";
  auto session = SshSession::connect(options_.target, deadline);
  if (!session) return session.error();
  if (auto started = (*session)->start(line, deadline); !started) return started.error();
  if (password) {
    const std::string preamble = fmt::format("{}\n{}\n", options_.sudo_password, input_mark);
    if (auto sent = (*session)->send(preamble, deadline); !sent) return sent.error();
  }
  return std::unique_ptr<NodeChannel>(
      std::make_unique<SshNodeChannel>(name(), std::move(*session)));
}

}  // namespace gauntlet
