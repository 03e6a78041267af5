// What faults on files at rest share: the database is killed on its targets, files below its data
// folder are damaged there (nemesis/agent/damage/), and it is started again.
//
// The heal makes sure that it runs. Where it does not come up on what the damage left, the
// originals are put back and it is started once more; where it came up they are not, since it may
// have acknowledged something since, and older files would take that back: a fault of its own. Even
// so a range is put back only where the file still holds the damage.
#pragma once

#include "nemesis/process_fault.hpp"
#include "nemesis/typed_parameter.hpp"

namespace gauntlet {

class FileDamage : public ProcessFault {
 public:
  std::vector<std::string_view> packages() const override { return {"disk"}; }
  /// "targets", a minority unless asked otherwise, and those of details().
  std::vector<FaultParameter> parameters() const override;
  Result<void> check(const Value& parameters, const std::vector<std::string>& nodes) const override;
  std::optional<std::string> unsupported(const FaultContext& context) const override;

  /// Besides the parameters the plan holds "seed" and "id", which names what is saved on nodes. Of
  /// targets that are a number of nodes, those come first that are damaged already, so that damage
  /// does not spread over a run.
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override;
  FaultOutcome inject(const FaultContext& context, const Value& plan) const override;
  FaultOutcome heal(const FaultContext& context, const Value& plan) const override;
  Result<std::string> residue(const FaultContext& context, Node& node) const override;
  Result<void> clear(const FaultContext& context, Node& node) const override;

 protected:
  struct Details {
    std::vector<NumberParameter> numbers;
    std::vector<ChoiceParameter> choices;
    bool files = false;  ///< whether it takes a pattern of files
  };
  virtual Details details() const = 0;
  /// What gauntlet-agent damage is to do, and its settings for `node`, of a plan that was checked.
  virtual std::string action() const = 0;
  virtual std::vector<std::string> settings(const FaultContext& context, const Value& plan,
                                            const Node& node) const = 0;
  /// Before the kill; the database runs.
  virtual Result<void> before(const FaultContext& context, const Value& plan,
                              const std::vector<Node*>& nodes) const {
    (void)context, (void)plan, (void)nodes;
    return {};
  }
  /// Whether the originals are given up as soon as the database has come up on the damage.
  virtual bool settles_at_once() const { return false; }

  /// One step on one node; the agent's answer.
  Result<std::string> damage(const FaultContext& context, const Value& plan, Node& node,
                             const std::string& action,
                             const std::vector<std::string>& settings) const;

 private:
  Result<std::vector<std::string>> saved_on(Node& node) const;
  /// Removes what is saved of the damage with that id, and its mark.
  Result<void> forget(Node& node, const std::string& id) const;
};

/// Parameters that several of them have.
ChoiceParameter pick_parameter();
ChoiceParameter layout_parameter();
NumberParameter chunk_parameter();

/// "files=...", "pick=..." and "seed=..." of a plan.
std::vector<std::string> file_settings(const Value& plan);
/// "chunk=...", and "modulus=..." and "remainder=..." that keep a node to its own chunks where the
/// plan says helix; where it says any, a seed of the node's own.
std::vector<std::string> chunk_settings(const FaultContext& context, const Value& plan,
                                        const Node& node);

}  // namespace gauntlet
