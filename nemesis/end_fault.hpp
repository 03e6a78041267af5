// What faults that end the database's processes share: how it is shown that they are gone, and the
// start that heals.
#pragma once

#include "nemesis/process_fault.hpp"

namespace gauntlet {

class EndFault : public ProcessFault {
 public:
  std::string_view proof() const override { return "the processes are gone"; }
  FaultOutcome inject(const FaultContext& context, const Value& plan) const override;
  std::vector<std::string> keeps_dead(const Value& plan) const override {
    return starts_at_once() ? NodeNames() : names_from(plan.find("targets"));
  }
  FaultOutcome heal(const FaultContext& context, const Value& plan) const override;
  /// A process that has ended leaves nothing behind that a node would have to be cleared of.
  Result<std::string> residue(const FaultContext&, Node&) const override { return std::string(); }
  Result<void> clear(const FaultContext&, Node&) const override { return {}; }

 protected:
  virtual Result<void> end(Database& database, Node& node, const Value& plan) const = 0;
  virtual std::string_view ended() const = 0;  ///< "killed", "stopped"
  /// Whether it is started again within `inject`; then nothing is left to heal but a start that
  /// failed.
  virtual bool starts_at_once() const { return false; }
  /// Whether a target is taken when the one before it runs again; else all at once.
  virtual bool one_by_one() const { return false; }
};

}  // namespace gauntlet
