// What faults on the disk share: a rule of the file system below the database (data_disk.hpp) on
// each target, which counts how often it applied, and a database that may have ended of it.
//
// The agent puts the rule in and takes it out again when its channel closes. It is looked at and
// removed without an agent as well, since the file system outlives both agent and controller.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nemesis/counted_fault.hpp"
#include "nemesis/typed_parameter.hpp"

namespace gauntlet {

class DiskFault : public CountedFault {
 public:
  std::vector<std::string_view> packages() const override { return {"disk"}; }
  std::string_view proof() const override {
    return "how often the rule applied, after a file of ours is written and read, if it matches";
  }
  std::string_view needs() const override { return "the data on our file system: --disk fuse"; }
  std::vector<FaultParameter> parameters() const override;
  Result<void> check(const Value& parameters, const std::vector<std::string>& nodes) const override;
  std::optional<std::string> unsupported(const FaultContext& context) const override;
  /// The plan: "targets", "name" (the rule's id), "folder", "seed", and the parameters.
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override;
  /// The rule is gone, and the database runs.
  FaultOutcome heal(const FaultContext& context, const Value& plan) const override;
  Result<std::string> residue(const FaultContext& context, Node& node) const override;
  Result<void> clear(const FaultContext& context, Node& node) const override;

 protected:
  struct Details {
    std::vector<NumberParameter> numbers;
    std::vector<ChoiceParameter> choices;
    std::string operations = {};  ///< by default; empty: it takes none
    bool paths = true;            ///< whether it takes a pattern of files
  };
  virtual Details details() const = 0;
  /// The rule of a plan that was checked, without id, operations, path and seed: its kind and
  /// settings (nemesis/agent/disk/rules.hpp).
  virtual std::vector<std::string> rule(const Value& plan) const = 0;
  /// "fails with EIO", of what the rule concerns.
  virtual std::string effect(const Value& plan) const = 0;
  /// Shell commands that use the file "$f" so that the rule applies; empty where the database alone
  /// may use it up.
  virtual std::string usage(const Value& plan) const;

  Result<NodeNames> concerned(const Value& plan) const override;
  Result<RuleCounts> put_in(const FaultContext& context, const Value& plan,
                            Node& node) const override;
  Result<RuleCounts> count(const FaultContext& context, const Value& plan,
                           Node& node) const override;
  Result<RuleCounts> take_out(const FaultContext& context, const Value& plan,
                              Node& node) const override;
  void probe(const FaultContext& context, const Value& plan) const override;
  std::string wording(const Value& plan) const override;
  std::string affected_noun() const override { return "operation"; }

 private:
  std::string prefix() const;
};

/// Parameters that several of them have.
NumberParameter disk_probability(double default_value);
NumberParameter disk_times(double default_value);
ChoiceParameter disk_errno();
/// "NAME=" and a number of a plan, as a rule takes it.
std::string rule_setting(std::string_view name, const Value& plan, const NumberParameter& number);

}  // namespace gauntlet
