// Rolling restart: target after target is shut down in order and started again, as at an upgrade.
// The next one is taken when the database's processes run again on the last one.
#include <fmt/format.h>

#include "nemesis/end_fault.hpp"
#include "nemesis/fault.hpp"

namespace gauntlet {

namespace {

class RollingRestart : public EndFault {
 public:
  std::string_view name() const override { return "rolling-restart"; }
  std::string_view proof() const override { return "the processes are gone, others run"; }
  std::string_view description() const override {
    return "node after node is shut down in order and started again";
  }
  std::vector<FaultParameter> parameters() const override {
    return {{"targets", "all", "on which nodes: " + target_words()}};
  }
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override {
    Value with_targets = parameters;
    if (with_targets.find("targets") == nullptr) with_targets.set("targets", "all");
    return ProcessFault::prepare(context, with_targets, random);
  }

 protected:
  Result<void> end(Database& database, Node& node, const Value&) const override {
    return database.stop(node);
  }
  std::string_view ended() const override { return "stopped"; }
  bool starts_at_once() const override { return true; }
  bool one_by_one() const override { return true; }
};

}  // namespace

GAUNTLET_REGISTER(Fault, RollingRestart);

}  // namespace gauntlet
