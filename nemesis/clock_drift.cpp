// Clock drift: the wall clock of the database's processes goes too fast or too slow.
#include <fmt/format.h>

#include "nemesis/clock_fault.hpp"
#include "nemesis/typed_parameter.hpp"

namespace gauntlet {

namespace {

/// Time would stand still at -1000.
NumberParameter rate() {
  return {"rate", 50, -900, 10'000, "how many milliseconds it gains in a second"};
}

class ClockDrift : public ClockFault {
 public:
  std::string_view name() const override { return "clock-drift"; }
  std::string_view description() const override {
    return "the database's wall clock goes too fast or too slow";
  }
  std::vector<FaultParameter> parameters() const override {
    return with_targets({to_parameter(rate())});
  }

 protected:
  Result<ClockChange> change(const Value& parameters, const std::string&, Random&) const override {
    const auto milliseconds = number_from(parameters, rate());
    if (!milliseconds) return milliseconds.error();
    return ClockChange{"drift", static_cast<std::int64_t>(*milliseconds * 1000), 0};
  }
  std::string wording(const ClockChange& change) const override {
    return fmt::format("gains {} ms in a second", static_cast<double>(change.a) / 1000);
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, ClockDrift);

}  // namespace gauntlet
