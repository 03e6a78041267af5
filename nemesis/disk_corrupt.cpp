// Corrupt reads: a bit of what the database reads from its files is flipped.
//
// The files themselves stay as they are. Ganesan et al., "Redundancy Does Not Imply Fault
// Tolerance" (FAST 2017), found that most replicated stores serve or even spread what was read so.
#include <fmt/format.h>

#include "nemesis/disk_fault.hpp"

namespace gauntlet {

namespace {

class DiskCorrupt : public DiskFault {
 public:
  std::string_view name() const override { return "disk-corrupt"; }
  std::string_view description() const override {
    return "a bit is flipped in a share of what is read from the database's files";
  }

 protected:
  Details details() const override { return {{disk_probability(0.05)}, {}}; }
  std::vector<std::string> rule(const Value& plan) const override {
    return {"corrupt", rule_setting("probability", plan, disk_probability(0.05))};
  }
  std::string effect(const Value& plan) const override {
    return fmt::format("is read with a bit flipped, probability {}",
                       number_or_default(plan, disk_probability(0.05)));
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, DiskCorrupt);

}  // namespace gauntlet
