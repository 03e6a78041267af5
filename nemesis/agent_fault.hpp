// What faults share that a module of the agent carries out by `put`, `count` and `take`: its name,
// a plan of numbers, figures that show the effect, and a database that may have ended of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nemesis/fault.hpp"
#include "nemesis/typed_parameter.hpp"

namespace gauntlet {

/// What a module answers: "open=17 limit=20".
using Figures = std::map<std::string, std::int64_t, std::less<>>;

/// Words that are no figure are left out.
Figures figures_from(std::string_view text);
/// 0 where there is none of that name.
std::int64_t figure(const Figures& figures, std::string_view name);

class AgentFault : public Fault {
 public:
  std::vector<FaultParameter> parameters() const override;
  Result<void> check(const Value& parameters, const std::vector<std::string>& nodes) const override;
  std::optional<std::string> unsupported(const FaultContext& context) const override;
  /// The plan: "targets", "injection" (its name), the numbers, and "words" by node: what the
  /// module is told.
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override;
  FaultOutcome inject(const FaultContext& context, const Value& plan) const override;
  FaultOutcome heal(const FaultContext& context, const Value& plan) const override;
  Result<std::string> residue(const FaultContext& context, Node& node) const override;
  Result<void> clear(const FaultContext& context, Node& node) const override;

 protected:
  virtual std::string module() const = 0;
  virtual std::vector<NumberParameter> numbers() const = 0;
  /// What follows "put NAME" for a node.
  virtual std::vector<std::string> words(const FaultContext& context, const Node& node,
                                         const Value& plan) const = 0;
  /// "runs 20.1 % of the time", and whether that is an effect.
  virtual FaultOutcome told(const Figures& figures) const = 0;
  /// Whether the database's processes may end of it, so that it is started at the heal.
  virtual bool may_end_database() const { return false; }

 private:
  Result<std::string> take(const FaultContext& context, Node& node, const Value& plan) const;
};

}  // namespace gauntlet
