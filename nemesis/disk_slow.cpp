// Slow disk: operations of the database on its files take longer.
//
// A disk that is slow, but does not fail, is worse for many databases than one that is gone
// (Gunawi et al., "Fail-Slow at Scale", FAST 2018).
#include <fmt/format.h>

#include "nemesis/disk_fault.hpp"

namespace gauntlet {

namespace {

NumberParameter latency() {
  return {"latency_ms", 100, 1, 10'000, "how much longer, in ms"};
}

class DiskSlow : public DiskFault {
 public:
  std::string_view name() const override { return "disk-slow"; }
  std::string_view description() const override {
    return "operations on the database's files take longer";
  }

 protected:
  Details details() const override {
    return {{latency(), disk_probability(1)}, {}, "read+write+fsync"};
  }
  std::vector<std::string> rule(const Value& plan) const override {
    return {"slow", fmt::format("delay-ms={:.0f}", number_or_default(plan, latency())),
            rule_setting("probability", plan, disk_probability(1))};
  }
  std::string effect(const Value& plan) const override {
    return fmt::format("takes {:.0f} ms longer, probability {}", number_or_default(plan, latency()),
                       number_or_default(plan, disk_probability(1)));
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, DiskSlow);

}  // namespace gauntlet
