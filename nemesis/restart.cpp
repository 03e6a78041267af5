// Restart: the database is shut down in order on its targets and started again at once.
#include "nemesis/end_fault.hpp"
#include "nemesis/fault.hpp"

namespace gauntlet {

namespace {

class Restart : public EndFault {
 public:
  std::string_view name() const override { return "restart"; }
  std::string_view proof() const override { return "the processes are gone, others run"; }
  std::string_view description() const override {
    return "the database is shut down in order and started again at once";
  }

 protected:
  Result<void> end(Database& database, Node& node, const Value&) const override {
    return database.stop(node);
  }
  std::string_view ended() const override { return "stopped"; }
  bool starts_at_once() const override { return true; }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Restart);

}  // namespace gauntlet
