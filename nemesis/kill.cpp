// Kill: SIGKILL to the database on its targets; it is started again to heal.
//
// What was written but not synced stays, since the kernel lives on: this tests recovery from the
// log, failover and what clients make of lost connections, not loss of power.
#include "nemesis/end_fault.hpp"
#include "nemesis/fault.hpp"

namespace gauntlet {

namespace {

class Kill : public EndFault {
 public:
  std::string_view name() const override { return "kill"; }
  std::string_view description() const override {
    return "the database's processes are killed (SIGKILL), later it is started again";
  }

 protected:
  Result<void> end(Database& database, Node& node, const Value&) const override {
    return database.kill(node);
  }
  std::string_view ended() const override { return "killed"; }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Kill);

}  // namespace gauntlet
