#include "cli/option_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/assert.hpp"
#include "base/duration.hpp"

namespace gauntlet {

namespace {

std::vector<OptionSpec> general_options() {
  using enum OptionKind;
  return {
      // What is run.
      {"workload", text, "register", "NAME", "", "Test", "What the clients do (gauntlet list)"},
      {"nemesis", list, "", "FAULT,...", "", "Test",
       "Faults to inject, each with its parameters: partition:shape=halves,kill:targets=one; or "
       "packages of them: standard, network, crash, clock, disk, resource, all"},
      {"nemesis-interval", duration, "5s", "DURATION", "10ms..1h", "Test",
       "About how long a fault lasts, and how long it is quiet between two"},
      {"nemesis-overlap", integer, "1", "N", "1..20", "Test",
       "How many faults may be in place at once; each is healed by itself"},
      {"nemesis-pace", text, "even", "PACE", "", "Test",
       "even, or in Chaos Monkey's manner "
       "random:mean=20s:min=5s:lasts=5s:group=fault:quiet=30s-45s"},
      {"schedule", text, "", "SCHEDULE", "", "Test",
       "Exactly what happens when: 'at 5s partition halves; at 15s heal; at 20s kill n1'"},
      {"time-limit", duration, "30s", "DURATION", "10ms..30h", "Test",
       "How long clients and faults go on; for check: how long the analysis may take"},
      {"ops", integer, "0", "N", "0..4000000000", "Test",
       "End after so many client operations; 0: no limit"},
      {"rate", integer, "200", "N", "0..10000000", "Test",
       "Client operations a second, all clients together; 0: as fast as they can"},
      {"concurrency", text, "2n", "N|Kn", "", "Test",
       "How many clients work at once; 2n is two a node"},
      {"operation-timeout", duration, "2s", "DURATION", "1ms..1h", "Test",
       "How long a client waits for an answer; after that the operation is indefinite"},
      {"stop-on-violation", flag, "false", "", "", "Test",
       "Judge the run while it goes on, and end it as soon as a violation is certain"},
      {"recovery", duration, "5s", "DURATION", "0..1h", "Test",
       "Quiet time between the final heal and the last reads"},
      {"seed", integer, "", "N", "0..9223372036854775807", "Test",
       "Replays generators and fault schedule; by default drawn at random and printed"},
      // Where it runs.
      {"nodes", integer, "5", "N", "1..100", "Nodes", "How many containers to bring up"},
      {"cluster", text, "default", "NAME", "", "Nodes", "Name of the cluster of containers"},
      {"subnet", text, "", "CIDR", "", "Nodes",
       "Subnet of the containers' network; by default a free one"},
      {"node", list, "", "[USER@]HOST[:PORT]", "", "Nodes",
       "A host to use instead of containers; give it once for each"},
      {"nodes-file", text, "", "FILE", "", "Nodes", "Hosts to use, one a line"},
      {"identity", text, "", "FILE", "", "Nodes", "SSH private key for hosts"},
      {"known-hosts", text, "", "FILE", "", "Nodes",
       "Known hosts file for hosts; by default ~/.ssh/known_hosts"},
      {"wait", duration, "0s", "DURATION", "0..24h", "Nodes",
       "How long to wait for nodes or a store that another run holds; 0: refuse at once"},
      {"leave-db-running", flag, "false", "", "", "Nodes", "Do not stop the database at the end"},
      {"disk", choice, "none", "none|fuse", "none|fuse", "Nodes",
       "Put the database's data on a file system of ours, which faults on disks need"},
      {"keep-nodes", flag, "false", "", "", "Nodes",
       "Do not remove the containers that this run brought up"},
      // How it is judged.
      {"model", text, "", "NAME", "", "Check",
       "Data type to judge by (gauntlet list models); by default from the functions seen"},
      {"consistency", list, "", "MODEL,...", "", "Check",
       "Consistency models to satisfy (gauntlet list consistency), or all; by default "
       "linearizable, or strict-serializable for transactions"},
      {"init", text, "", "VALUE", "", "Check", "The model's initial value as JSON; default nil"},
      {"key-order", choice, "none", "none|sequential|linearizable", "none|sequential|linearizable",
       "Check",
       "Which order of the writes of each key is taken for granted in transactions on registers: "
       "that of each process, or of real time"},
      {"nil-read", choice, "value", "any|value", "any|value", "Check",
       "Whether a read of nil means the value nil, or that the value is not known"},
      {"failed-cas", choice, "drop", "drop|check", "drop|check", "Check",
       "Whether a failed compare-and-set says nothing, or that the value differed"},
      {"format", choice, "detect", "FORMAT",
       "detect|json-lines|json-array|edn|jepsen-log|porcupine-kv|cobra|dbcop|plume", "Check",
       "How a history is written; by default recognized from its content"},
      {"check-time-limit", duration, "5m", "DURATION", "1ms..24h", "Check",
       "How long the analysis of a run may take"},
      {"memory-limit", bytes, "", "BYTES", "", "Check",
       "How much memory the analysis may take; by default half of what is available"},
      {"threads", integer, "0", "N", "0..1024", "Check", "Threads of the analysis; 0: one a core"},
      // What comes out.
      {"store", text, "store", "DIR", "", "Output", "Where run directories are made"},
      {"json", flag, "false", "", "", "Output", "Results as JSON on standard output"},
      {"markdown", flag, "false", "", "", "Output",
       "The list as the reference part of a page of docs/"},
      {"html", text, "", "FILE", "", "Output", "Write the report to this file"},
      {"junit", text, "", "FILE", "", "Output", "Write the verdict as JUnit XML to this file"},
      {"order", text, "", "FILE", "", "Output",
       "Write a legal order of the operations on each linearizable key to this file"},
      {"graphs", text, "", "DIR", "", "Output",
       "Write the graph of each anomaly that is a cycle to this folder, as DOT and SVG"},
      {"config", text, "", "FILE", "", "Output", "Read options from this TOML file"},
      {"print-config", flag, "false", "", "", "Output",
       "Print every option with its value and where it came from, and end"},
  };
}

std::vector<OptionSpec> crash_test_options() {
  using enum OptionKind;
  return {
      {"states", integer, "100", "N", "1..100000", "Crash test",
       "On how many different crash states the database is started at most"},
      {"strict", flag, "false", "", "", "Crash test",
       "Take no more for durable than POSIX promises: names need an fsync of their folder, and "
       "pages within what was appended may be missing"},
      {"record", text, "", "RUN", "", "Crash test",
       "Explore the record of an earlier crash-test instead of making one"},
      {"state", text, "", "ENTRY:LOSS:SEED", "", "Crash test",
       "Try this one crash state of the record, as an earlier report names it"},
  };
}

}  // namespace

const std::vector<OptionSpec>& option_table() {
  static const std::vector<OptionSpec> table = [] {
    std::vector<OptionSpec> all = general_options();
    const auto more = crash_test_options();
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }();
  return table;
}

const OptionSpec* find_option(std::string_view name) {
  for (const auto& spec : option_table()) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

namespace {

/// The bounds of "low..high".
std::pair<std::string_view, std::string_view> bounds(std::string_view range) {
  const std::size_t dots = range.find("..");
  GAUNTLET_ASSERT(dots != std::string_view::npos);
  return {range.substr(0, dots), range.substr(dots + 2)};
}

std::optional<std::int64_t> to_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::string> misfit(const OptionSpec& spec, std::string_view value) {
  switch (spec.kind) {
    case OptionKind::text:
    case OptionKind::list:
      return std::nullopt;
    case OptionKind::flag:
      if (value == "true" || value == "false") return std::nullopt;
      return "expected true or false";
    case OptionKind::bytes:
      if (value.empty() || parse_bytes(value)) return std::nullopt;
      return "expected a number of bytes such as 200M or 4G";
    case OptionKind::choice: {
      std::string_view rest = spec.range;
      while (true) {
        const std::size_t bar = rest.find('|');
        if (value == rest.substr(0, bar)) return std::nullopt;
        if (bar == std::string_view::npos) break;
        rest.remove_prefix(bar + 1);
      }
      return fmt::format("expected one of {}", spec.range);
    }
    case OptionKind::duration: {
      const auto duration = parse_duration(value);
      const auto [low, high] = bounds(spec.range);
      if (!duration) return "expected a duration such as 500ms, 30s or 2m";
      if (*duration < *parse_duration(low) || *duration > *parse_duration(high)) {
        return fmt::format("expected between {} and {}", low, high);
      }
      return std::nullopt;
    }
    case OptionKind::integer: {
      if (value.empty() && spec.default_value.empty()) return std::nullopt;
      const auto number = to_integer(value);
      const auto [low, high] = bounds(spec.range);
      if (!number || *number < *to_integer(low) || *number > *to_integer(high)) {
        return fmt::format("expected a whole number from {} to {}", low, high);
      }
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::string environment_name(std::string_view option) {
  std::string name = "GAUNTLET_";
  for (const char c : option) {
    name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

std::string options_markdown() {
  std::string out;
  std::string_view group;
  for (const auto& spec : option_table()) {
    if (spec.group != group) {
      group = spec.group;
      out += fmt::format("\n### {}\n\n| option | default | meaning |\n|---|---|---|\n", group);
    }
    std::string value(spec.placeholder);
    std::string::size_type at = 0;
    while ((at = value.find('|', at)) != std::string::npos) {
      value.replace(at, 1, "\\|");
      at += 2;
    }
    out += fmt::format("| `--{}{}{}` | {} | {} |\n", spec.name, value.empty() ? "" : " ", value,
                       spec.default_value.empty() ? "" : fmt::format("`{}`", spec.default_value),
                       spec.description);
  }
  return out;
}

}  // namespace gauntlet
