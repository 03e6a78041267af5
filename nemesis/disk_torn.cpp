// Torn writes: only a part of what the database writes reaches its files.
//
// A short write is told, as POSIX allows, and the database has to write the rest. A torn one is
// answered as if it were whole, but ends where a sector does: the rest is damaged for good.
#include <fmt/format.h>

#include "nemesis/disk_fault.hpp"

namespace gauntlet {

namespace {

ChoiceParameter kind() {
  return {"kind", "short", {"short", "torn"}, "whether the database is told how much was written"};
}

class DiskTorn : public DiskFault {
 public:
  std::string_view name() const override { return "disk-torn"; }
  std::string_view description() const override {
    return "a share of the database's writes is written in part, told or not";
  }

 protected:
  Details details() const override { return {{disk_probability(0.5)}, {kind()}}; }
  std::vector<std::string> rule(const Value& plan) const override {
    return {text_from(plan, "kind", "short") == "torn" ? "tear" : "shorten",
            rule_setting("probability", plan, disk_probability(0.5))};
  }
  std::string effect(const Value& plan) const override {
    return fmt::format("has {} writes, probability {}", text_from(plan, "kind", "short"),
                       number_or_default(plan, disk_probability(0.5)));
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, DiskTorn);

}  // namespace gauntlet
