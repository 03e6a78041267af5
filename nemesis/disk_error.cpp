// Disk error: operations of the database on its files fail.
//
// What CharybdeFS does. Most databases never see such errors in their tests (Yuan et al., "Simple
// Testing Can Prevent Most Critical Failures", OSDI 2014).
#include <fmt/format.h>

#include "nemesis/disk_fault.hpp"

namespace gauntlet {

namespace {

class DiskError : public DiskFault {
 public:
  std::string_view name() const override { return "disk-error"; }
  std::string_view description() const override {
    return "a share of the operations on the database's files fails";
  }

 protected:
  Details details() const override {
    return {{disk_probability(0.1), disk_times(0)}, {disk_errno()}, "read+write+fsync"};
  }
  std::vector<std::string> rule(const Value& plan) const override {
    return {"error", "errno=" + text_from(plan, "errno", "EIO"),
            rule_setting("probability", plan, disk_probability(0.1)),
            rule_setting("times", plan, disk_times(0))};
  }
  std::string effect(const Value& plan) const override {
    return fmt::format("fails with {}, probability {}", text_from(plan, "errno", "EIO"),
                       number_or_default(plan, disk_probability(0.1)));
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, DiskError);

}  // namespace gauntlet
