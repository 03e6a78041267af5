// Stop: the database is shut down in its orderly way on its targets; it is started again to heal.
//
// A leader hands its office on, buffers are written, connections are closed: what goes wrong here
// goes wrong at every upgrade.
#include "nemesis/end_fault.hpp"
#include "nemesis/fault.hpp"

namespace gauntlet {

namespace {

class Stop : public EndFault {
 public:
  std::string_view name() const override { return "stop"; }
  std::string_view description() const override {
    return "the database is shut down in order, later it is started again";
  }

 protected:
  Result<void> end(Database& database, Node& node, const Value&) const override {
    return database.stop(node);
  }
  std::string_view ended() const override { return "stopped"; }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Stop);

}  // namespace gauntlet
