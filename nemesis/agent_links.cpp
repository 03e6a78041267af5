#include "nemesis/agent_links.hpp"

#include <fmt/format.h>

#include "harness/control/checksum.hpp"
#include "nemesis/agent_wire.hpp"
#include "nemesis/script.hpp"
#include "nemesis/words.hpp"

namespace gauntlet {

namespace embedded {
std::string_view agent_program();
}

using std::chrono::seconds;

namespace {

constexpr std::string_view folder = "/var/lib/gauntlet/agent";
constexpr seconds alive_timeout{4};

/// Of this version's program or, where that is not there, of any other's: what one did the next can
/// undo. Prints nothing where none ever was.
std::string script_of(const std::string& action, const std::string& module) {
  return fmt::format(
      "for p in {} {}/gauntlet-agent-*; do [ -x \"$p\" ] && exec \"$p\" {} {}; done; exit 0",
      shell_quote(agent_path()), folder, action, shell_quote(module));
}

}  // namespace

std::string_view agent_program() {
  return embedded::agent_program();
}

std::string agent_path() {
  static const std::string path =
      fmt::format("{}/gauntlet-agent-{}", folder, sha256(agent_program()).substr(0, 16));
  return path;
}

Result<void> install_agent(Node& node) {
  const auto there =
      node.run(Command::shell(fmt::format("mkdir -p {}; test -x {}", folder, agent_path())).root());
  if (!there) return there.error();
  if (there->succeeded()) return {};
  return node.upload(agent_program(), agent_path(), 0755, true);
}

Result<std::string> agent_residue(Node& node, const std::string& module) {
  const auto printed = run_script(node, "what the agent left", script_of("residue", ""));
  if (!printed) return printed;
  std::string found;
  for (std::string_view lines = *printed; !lines.empty();) {
    const std::string_view line = take_until(lines, '\n');
    if (line.starts_with(module + ": ")) found = line.substr(module.size() + 2);
  }
  return found;
}

Result<void> heal_agent(Node& node, const std::string& module) {
  Command command = Command::shell(script_of("heal", module));
  command.label = "heal of the agent";
  const auto healed = node.must(std::move(command).root().within(seconds(20)));
  return healed ? Result<void>() : healed.error();
}

AgentLinks::AgentLinks(seconds lease) : lease_(lease), keeper_([this] { keep_alive(); }) {}

AgentLinks::~AgentLinks() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  closed_.notify_all();
  keeper_.join();
}

AgentLinks::Link& AgentLinks::link_to(Node& node) {
  const std::lock_guard lock(mutex_);
  auto& link = links_[node.name()];
  if (!link) {
    link = std::make_unique<Link>();
    link->node = &node;
  }
  return *link;
}

Result<void> AgentLinks::open(Link& link, Deadline deadline) const {
  if (auto installed = install_agent(*link.node); !installed) return installed;
  auto channel = link.node->open_channel({agent_path(), "serve", std::to_string(lease_.count())},
                                         true, deadline);
  if (!channel) return channel.error();
  // It greets once it is the only one, and has undone what another before it left.
  const auto greeting = (*channel)->receive(deadline);
  if (!greeting) return greeting.error();
  const auto words = agent_words(*greeting);
  if (!words || words->size() != 2 || (*words)[0] != "ok") {
    return failure(ErrorKind::remote, fmt::format("{}: the agent cannot begin: {}",
                                                  link.node->name(), greeting->substr(0, 200)));
  }
  link.channel = std::move(*channel);
  return {};
}

Result<std::string> AgentLinks::exchange(Link& link, const std::vector<std::string>& words,
                                         Deadline deadline) {
  Result<std::string> answer = failure(ErrorKind::transport, "");
  if (auto sent = link.channel->send(agent_line(words), deadline); !sent) {
    answer = sent.error();
  } else {
    answer = link.channel->receive(deadline);
  }
  if (!answer) {
    link.channel.reset();  // a late answer would be taken for that of the next request
    return answer;
  }
  const auto parts = agent_words(*answer);
  if (!parts || parts->size() != 2) {
    link.channel.reset();
    return failure(ErrorKind::remote, link.node->name() + ": the agent answers in riddles");
  }
  if ((*parts)[0] == "ok") return (*parts)[1];
  return failure(ErrorKind::remote, fmt::format("{}: {}", link.node->name(), (*parts)[1]));
}

Result<std::string> AgentLinks::call(Node& node, const std::vector<std::string>& words,
                                     Deadline deadline) {
  Link& link = link_to(node);
  const std::lock_guard lock(link.mutex);
  if (link.channel) {
    auto answer = exchange(link, words, deadline);
    // It may have died while nobody asked it. Whatever it did it has undone, so the request may be
    // made again of another.
    if (answer || answer.error().kind != ErrorKind::transport) return answer;
  }
  if (auto opened = open(link, deadline); !opened) return opened.error();
  return exchange(link, words, deadline);
}

void AgentLinks::keep_alive() {
  std::unique_lock lock(mutex_);
  while (!closed_.wait_for(lock, lease_ / 4, [&] { return closing_; })) {
    std::vector<Node*> nodes;
    for (const auto& [name, link] : links_)
      nodes.push_back(link->node);
    lock.unlock();
    // All at once, so that one that is lost does not cost the others their lease.
    on_each<void>(nodes, [&](Node& node) -> Result<void> {
      Link& link = link_to(node);
      const std::unique_lock in_use(link.mutex, std::try_to_lock);
      const bool is_idle = in_use.owns_lock() && link.channel != nullptr;
      if (is_idle) (void)exchange(link, {"ping"}, Deadline::after(alive_timeout));
      return {};
    });
    lock.lock();
  }
}

}  // namespace gauntlet
