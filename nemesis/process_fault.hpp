// What faults on the database's processes share: targets, and a plan that remembers processes.
#pragma once

#include <fmt/format.h>

#include "nemesis/fault.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/targets.hpp"
#include "nemesis/wording.hpp"

namespace gauntlet {

class ProcessFault : public Fault {
 public:
  std::vector<std::string_view> packages() const override { return {"standard", "crash"}; }
  std::vector<FaultParameter> parameters() const override {
    return {{"targets", "any", "on which nodes: " + target_words()}};
  }
  Result<void> check(const Value& parameters,
                     const std::vector<std::string>& nodes) const override {
    return check_targets(targets_text(parameters), nodes);
  }
  std::optional<std::string> unsupported(const FaultContext& context) const override {
    return no_processes(context.cluster, context.database);
  }

  /// The plan: "targets", those of the chosen nodes where the database runs, and "processes".
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override;

 protected:
  static std::string text_of_targets(const Value& plan);

  /// "; n3: connection lost; n9 is no node of this cluster", or "". `results` are those of `nodes`.
  template <class T>
  static std::string failures_of(const FaultContext& context, const Value& plan,
                                 const std::vector<Node*>& nodes,
                                 const std::vector<Result<T>>& results) {
    std::string text;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!results[i]) text += "; " + told_of(nodes[i]->name(), results[i].error());
    }
    for (const auto& name : names_of(processes_from(plan.find("processes")))) {
      if (context.cluster->find(name) == nullptr) {
        text += fmt::format("; {} is no node of this cluster", name);
      }
    }
    return text;
  }

 private:
  static std::string targets_text(const Value& parameters);
};

}  // namespace gauntlet
