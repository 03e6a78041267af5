// Clock strobe: the wall clock of the database's processes jumps to and fro.
//
// Time that seems to go backwards again and again finds what compares two readings of it.
#include <fmt/format.h>

#include "base/duration.hpp"
#include "nemesis/clock_fault.hpp"

namespace gauntlet {

namespace {

class ClockStrobe : public ClockFault {
 public:
  std::string_view name() const override { return "clock-strobe"; }
  std::string_view description() const override {
    return "the database's wall clock jumps to and fro";
  }
  std::vector<FaultParameter> parameters() const override {
    return with_targets(
        {{"delta", "200ms",
          "how far it jumps: a duration from 1ms to 24h, with - in front for the past"},
         {"period", "10ms", "how long it stays there, and then here: from 1ms to 1m"}});
  }

 protected:
  Result<ClockChange> change(const Value& parameters, const std::string&, Random&) const override {
    const auto delta = duration_from(parameters, "delta", "200ms", true, nanos_per_millisecond,
                                     24 * 3600 * nanos_per_second);
    if (!delta) return delta.error();
    const auto period = duration_from(parameters, "period", "10ms", false, nanos_per_millisecond,
                                      60 * nanos_per_second);
    if (!period) return period.error();
    return ClockChange{"strobe", *delta, *period};
  }
  std::string wording(const ClockChange& change) const override {
    return fmt::format("off by {} and right in turn, {} each", signed_duration(change.a),
                       format_duration(change.b));
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, ClockStrobe);

}  // namespace gauntlet
