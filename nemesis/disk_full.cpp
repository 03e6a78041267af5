// Full disk: after some bytes more there is no space left, which the file system tells as well.
//
// What lies within the size that a file has counts as space that it has, so that preallocated files
// can be written on; unless overwrites need space, too, as on file systems that copy on write.
#include <fmt/format.h>

#include "nemesis/disk_fault.hpp"

namespace gauntlet {

namespace {

NumberParameter bytes() {
  return {"bytes", 0, 0, 1e12, "how many bytes it still takes"};
}
ChoiceParameter overwrites() {
  return {"overwrites", "free", {"free", "full"}, "whether overwriting needs no space, or does"};
}

class DiskFull : public DiskFault {
 public:
  std::string_view name() const override { return "disk-full"; }
  std::string_view description() const override {
    return "the disk below the database is full, at once or after some bytes more";
  }

 protected:
  Details details() const override { return {{bytes()}, {overwrites()}, "", false}; }
  std::vector<std::string> rule(const Value& plan) const override {
    return {
        "full", fmt::format("bytes={:.0f}", number_or_default(plan, bytes())),
        text_from(plan, "overwrites", "free") == "full" ? "overwrites=true" : "overwrites=false"};
  }
  std::string effect(const Value& plan) const override {
    return fmt::format("the disk is full after {:.0f} bytes more",
                       number_or_default(plan, bytes()));
  }
  /// An allocation of more than is left is refused, and takes nothing.
  std::string usage(const Value& plan) const override {
    return fmt::format("fallocate -l {:.0f} \"$f\"; rm -f \"$f\"",
                       number_or_default(plan, bytes()) + 4096);
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, DiskFull);

}  // namespace gauntlet
