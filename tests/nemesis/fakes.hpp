// Nodes, a cluster and a database without machines: they record what they are asked to do.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "nemesis/fault.hpp"
#include "tests/fake_database.hpp"

namespace gauntlet {

/// Understands the scripts of nemesis/firewall.hpp as far as a partition needs it: keeps tables,
/// prints their rules, each with one packet counted.
class FakeNode : public Node {
 public:
  FakeNode(std::string name, std::string address)
      : name_(std::move(name)), address_(std::move(address)) {}
  const std::string& name() const override { return name_; }
  const std::string& address() const override { return address_; }

  Result<CommandResult> run(const Command& command) override {
    const std::lock_guard lock(mutex_);
    scripts.push_back(command.script);
    if (down) return failure(ErrorKind::transport, "connection lost");
    if (before_run) before_run(command.script);
    CommandResult result;
    const bool refused = !refuses.empty() && command.script.find(refuses) != std::string::npos;
    result.exit_code = refused ? 1 : 0;
    if (refused) return result;
    if (answer) {
      result.output = answer(command.script);
      if (!result.output.empty()) return result;
    }
    const std::string table = word_after(command.script, "list table inet ");
    if (command.script.find("nft -f -") != std::string::npos) {
      tables[table] = rules_in(command.script);
      result.output = tables[table];
    } else if (command.script.find("nft delete table inet") != std::string::npos) {
      result.output = tables[table];
      tables.erase(table);
    } else if (!table.empty()) {
      result.output = tables[table];
    } else if (command.script.find("nft list tables 2>/dev/null | grep") != std::string::npos) {
      for (const auto& [name, rules] : tables)
        result.output += "table inet " + name + "\n";
    } else if (command.script.find("nft list tables 2>/dev/null | while") != std::string::npos) {
      tables.clear();
    }
    return result;
  }
  Result<void> upload(std::string_view, const std::string&, int, bool) override { return {}; }
  Result<void> download(const std::string&, const std::string&, std::size_t, bool) override {
    return {};
  }

  std::atomic<bool> down = false;
  std::string refuses;  ///< scripts that say this fail
  std::vector<std::string> scripts;
  std::map<std::string, std::string> tables;  ///< rules as nft prints them, by table
  std::function<void(const std::string& script)> before_run;
  std::function<std::string(const std::string& script)> answer;  ///< "" for the usual one

 private:
  static std::string word_after(const std::string& text, const std::string& words) {
    const std::size_t at = text.find(words);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + words.size();
    return text.substr(begin, text.find_first_of(" ;\n", begin) - begin);
  }
  static std::string rules_in(const std::string& script) {
    std::string rules;
    for (std::size_t at = 0; (at = script.find("saddr ", at)) != std::string::npos; ++at) {
      rules += "    ip " + script.substr(at, script.find(" counter", at) - at) +
               " counter packets 1 bytes 84 drop\n";
    }
    return rules;
  }

  std::string name_, address_;
  std::mutex mutex_;
};

/// Machines of FakeNodes: one that is paused or off answers nothing.
class FakeMachines : public Machines {
 public:
  Result<MachineStatus> status(Node& node) override { return of(node); }
  Result<void> pause(Node& node) override { return become(node, MachineState::paused); }
  Result<void> resume(Node& node) override { return become(node, MachineState::running); }
  Result<void> turn_off(Node& node) override { return become(node, MachineState::off); }
  Result<void> turn_on(Node& node) override {
    const std::lock_guard lock(mutex_);
    statuses_[node.name()].started_at = std::to_string(++starts_);
    set(node, MachineState::running);
    return {};
  }
  Result<MemoryLimits> memory_limits(Node& node) override {
    const std::lock_guard lock(mutex_);
    const MemoryLimit usual{1 << 30, 1 << 30};
    return MemoryLimits{limits_.try_emplace(node.name(), usual).first->second, usual};
  }
  Result<void> limit_memory(Node& node, const MemoryLimit& limit) override {
    const std::lock_guard lock(mutex_);
    limits_[node.name()] = limit;
    return {};
  }

 private:
  MachineStatus of(Node& node) {
    const std::lock_guard lock(mutex_);
    return statuses_.try_emplace(node.name(), MachineStatus{MachineState::running, "0"})
        .first->second;
  }
  Result<void> become(Node& node, MachineState state) {
    (void)of(node);
    const std::lock_guard lock(mutex_);
    set(node, state);
    return {};
  }
  void set(Node& node, MachineState state) {
    statuses_[node.name()].state = state;
    static_cast<FakeNode&>(node).down = state != MachineState::running;
  }

  std::mutex mutex_;
  std::map<std::string, MachineStatus> statuses_;
  std::map<std::string, MemoryLimit> limits_;
  int starts_ = 0;
};

class FakeCluster : public Cluster {
 public:
  /// n1, n2, ... with addresses 10.0.0.1, 10.0.0.2, ...
  explicit FakeCluster(std::size_t size) {
    for (std::size_t i = 1; i <= size; ++i)
      add("n" + std::to_string(i), "10.0.0." + std::to_string(i));
  }
  void add(const std::string& name, const std::string& address) {
    fakes.push_back(std::make_unique<FakeNode>(name, address));
  }
  std::string_view provider() const override { return "fake"; }
  std::vector<Node*> nodes() const override {
    std::vector<Node*> result;
    for (const auto& fake : fakes)
      result.push_back(fake.get());
    return result;
  }
  std::string controller_address() const override { return controller; }
  Machines* machines() const override { return has_machines ? &fake_machines : nullptr; }

  std::vector<std::unique_ptr<FakeNode>> fakes;
  std::string controller = "10.0.0.254";
  bool has_machines = true;
  mutable FakeMachines fake_machines;
};

}  // namespace gauntlet
