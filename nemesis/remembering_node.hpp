// A node whose answers are remembered, for who asks it the same again and again.
//
// Each fault looks for its residue by itself, and families of faults look by the same command.
// Asked of such a node, a sweep costs a command a family. Only for commands that change nothing.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "harness/control/node.hpp"

namespace gauntlet {

/// `node`, which is not owned, in other clothes: known by its name. Used by one thread. What could
/// not be asked is not remembered.
class RememberingNode : public Node {
 public:
  explicit RememberingNode(Node& node) : node_(node) {}

  /// What was changed on the node is seen from now on.
  void forget() { answers_.clear(); }

  const std::string& name() const override { return node_.name(); }
  const std::string& address() const override { return node_.address(); }
  Result<CommandResult> run(const Command& command) override {
    const Question question(command.argv, command.script, command.input, command.as_root);
    if (const auto known = answers_.find(question); known != answers_.end()) return known->second;
    auto answer = node_.run(command);
    if (answer) answers_.emplace(question, *answer);
    return answer;
  }
  Result<void> upload(std::string_view content, const std::string& path, int mode,
                      bool as_root) override {
    return node_.upload(content, path, mode, as_root);
  }
  Result<void> download(const std::string& path, const std::string& local_path,
                        std::size_t bytes_max, bool as_root) override {
    return node_.download(path, local_path, bytes_max, as_root);
  }

 private:
  using Question = std::tuple<std::vector<std::string>, std::string, std::string, bool>;

  Node& node_;
  std::map<Question, CommandResult> answers_;
};

}  // namespace gauntlet
