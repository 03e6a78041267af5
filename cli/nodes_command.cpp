// gauntlet nodes up|down|status|ssh: the containers that tests run on, by hand.

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/suggest.hpp"
#include "cli/command.hpp"
#include "cli/signals.hpp"
#include "harness/control/docker_cluster.hpp"

namespace gauntlet {
namespace {

DockerClusterOptions docker_options(const Settings& settings) {
  DockerClusterOptions options;
  options.name = settings.text("cluster");
  options.nodes = static_cast<int>(settings.integer("nodes"));
  options.subnet = settings.text("subnet");
  options.run = "gauntlet nodes";
  options.wait.time = std::chrono::milliseconds(settings.duration("wait") / 1'000'000);
  options.wait.stop = &stop_requested();
  options.stop = &stop_requested();
  return options;
}

Result<ExitCode> up(const Settings& settings) {
  const Nanos started_ns = monotonic_now();
  const auto cluster = docker_up(docker_options(settings));
  if (!cluster) return cluster.error();
  for (const Node* node : (*cluster)->nodes()) {
    fmt::print("{}\t{}\n", node->name(), node->address());
  }
  fmt::print(stderr, "{} nodes up in {:.1f} s; gauntlet nodes down removes them\n",
             (*cluster)->nodes().size(), static_cast<double>(monotonic_now() - started_ns) / 1e9);
  return ExitCode::valid;
}

Result<ExitCode> down(const Settings& settings) {
  const auto removed = docker_down(settings.text("cluster"), docker_options(settings).wait);
  if (!removed) return removed.error();
  return ExitCode::valid;
}

Result<ExitCode> status(const Settings& settings) {
  const auto nodes = docker_status();
  if (!nodes) return nodes.error();
  if (settings.flag("json")) {
    Value::List rows;
    for (const auto& node : *nodes) {
      rows.push_back(Value::map({{"cluster", node.cluster},
                                 {"node", node.node},
                                 {"container", node.container},
                                 {"address", node.address},
                                 {"image", node.image},
                                 {"state", node.state}}));
    }
    fmt::print("{}\n", to_json(Value(std::move(rows))));
    return ExitCode::valid;
  }
  if (nodes->empty()) fmt::print("no nodes are up\n");
  for (const auto& node : *nodes) {
    fmt::print("{:<12} {:<5} {:<15} {:<10} {}\n", node.cluster, node.node, node.address, node.state,
               node.image);
  }
  return ExitCode::valid;
}

/// Becomes the ssh program.
Result<ExitCode> ssh(const Settings& settings) {
  if (settings.positionals().size() < 2) {
    return failure(ErrorKind::usage, "nodes ssh needs a node",
                   "for example: gauntlet nodes ssh n1");
  }
  const auto command = docker_ssh_command(settings.text("cluster"), settings.positionals()[1]);
  if (!command) return command.error();
  std::vector<std::string> words = *command;
  words.insert(words.end(), settings.positionals().begin() + 2, settings.positionals().end());
  std::vector<char*> argv;
  for (auto& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  return failure(ErrorKind::resource, fmt::format("{}: {}", words[0], std::strerror(errno)),
                 "install openssh-client");
}

class NodesCommand : public SubCommand {
 public:
  std::string_view name() const override { return "nodes"; }
  std::string_view description() const override {
    return "Bring containers up or down, show them, log in to one";
  }
  std::string_view positionals() const override { return "up|down|status|ssh [NODE [COMMAND...]]"; }
  std::size_t positionals_min() const override { return 1; }
  std::size_t positionals_max() const override { return 1000; }
  std::vector<std::string_view> options() const override {
    return {"nodes", "cluster", "subnet", "wait", "json"};
  }

  Result<ExitCode> run(Settings& settings) const override {
    const std::string& action = settings.positionals().front();
    if (action == "ssh") return ssh(settings);
    if (settings.positionals().size() > 1) {
      return failure(ErrorKind::usage,
                     fmt::format("unexpected argument '{}'", settings.positionals()[1]),
                     "see gauntlet nodes --help");
    }
    if (action == "up") return up(settings);
    if (action == "down") return down(settings);
    if (action == "status") return status(settings);
    return failure(ErrorKind::usage, fmt::format("unknown action '{}'", action),
                   did_you_mean(action, {"up", "down", "status", "ssh"}));
  }
};

}  // namespace

GAUNTLET_REGISTER(SubCommand, NodesCommand);

}  // namespace gauntlet
