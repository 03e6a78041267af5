// Module "disk": rules of the file system below the database, which end with this agent.
//
//   add ID KIND NAME=VALUE...   a rule of nemesis/agent/disk/rules.hpp; replaces the one of that ID
//   remove ID                   succeeds where there is none
//
// The file system is a daemon of its own and goes on when this agent ends, since the database lives
// on it. The rules are found there by their ids, so that no journal is needed.
#include <algorithm>
#include <cstring>

#include "nemesis/agent/disk/command_socket.hpp"
#include "nemesis/agent/disk/rule_status.hpp"
#include "nemesis/agent/module.hpp"

namespace gauntlet::agent {

namespace {

using disk::RuleStatus;

constexpr std::chrono::seconds answer_time{2};

bool is_plain(const std::string& word) {
  return !word.empty() && word.find_first_of(" \t\r\n") == std::string::npos;
}

class DiskRules : public Module {
 public:
  std::string_view name() const override { return "disk"; }

  Reply handle(const std::vector<std::string>& words) override {
    if (words.size() < 2 || (words[0] != "add" && words[0] != "remove"))
      return refuse("disk takes: add, remove");
    if (!words[1].starts_with(disk::fault_rule_prefix)) return refuse(words[1] + " is not ours");
    if (!std::ranges::all_of(words, is_plain)) return refuse("a word with a blank in it");
    const std::string reply = tell(words);
    return {reply.starts_with("ok"), reply};
  }

  Reply heal() override {
    std::string failed;
    for (const RuleStatus& rule : rules(failed)) {
      const std::string reply = tell({"remove", rule.id});
      if (!reply.starts_with("ok")) failed = reply;
    }
    return failed.empty() ? Reply{} : refuse(failed);
  }

  std::string residue() override {
    std::string failed, found;
    for (const RuleStatus& rule : rules(failed))
      found += (found.empty() ? "the disk has " : ", ") + rule.id;
    return found;
  }

 private:
  static std::string tell(const std::vector<std::string>& words) {
    return disk::send_command(std::string(disk::usual_socket), words, answer_time);
  }
  /// Ours that are in place; none where no file system serves.
  static std::vector<RuleStatus> rules(std::string& failed) {
    const std::string status = tell({"status"});
    if (!status.starts_with("ok") && status != disk::nobody_listens) failed = status;
    auto all = disk::rules_in(status);
    std::erase_if(
        all, [](const RuleStatus& rule) { return !rule.id.starts_with(disk::fault_rule_prefix); });
    return all;
  }
};

}  // namespace

GAUNTLET_REGISTER(Module, DiskRules);

}  // namespace gauntlet::agent
