// Failing fsync: the database is told that its data did not reach the disk.
//
// What becomes of the data is what makes it hard ("fsyncgate", 2018): on ext4 and XFS the pages
// count as clean afterwards, so that a second fsync succeeds and writes nothing; on Btrfs the old
// ones are read again. Rebello et al., "Can Applications Recover from fsync Failures?" (ATC 2020).
// What is lost shows when the power fails.
#include <fmt/format.h>

#include "nemesis/disk_fault.hpp"

namespace gauntlet {

namespace {

ChoiceParameter data() {
  return {"data",
          "lose",
          {"lose", "keep", "revert"},
          "what becomes of what was written (lose: no later fsync writes it; keep: one does; "
          "revert: as lose, and what was there before is read again)"};
}

class DiskFsync : public DiskFault {
 public:
  std::string_view name() const override { return "disk-fsync"; }
  std::string_view description() const override {
    return "an fsync of the database fails, and what it should have written is lost";
  }

 protected:
  Details details() const override {
    return {{disk_times(1), disk_probability(1)}, {disk_errno(), data()}};
  }
  std::vector<std::string> rule(const Value& plan) const override {
    return {"error",
            "on=fsync",
            "errno=" + text_from(plan, "errno", "EIO"),
            "data=" + text_from(plan, "data", "lose"),
            rule_setting("times", plan, disk_times(1)),
            rule_setting("probability", plan, disk_probability(1))};
  }
  std::string effect(const Value& plan) const override {
    return fmt::format("fails to fsync with {}, data: {}", text_from(plan, "errno", "EIO"),
                       text_from(plan, "data", "lose"));
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, DiskFsync);

}  // namespace gauntlet
