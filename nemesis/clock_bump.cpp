// Clock bump: the wall clock of the database's processes jumps, and stays off until it is healed.
//
// Leases, timeouts and timestamps that are taken from the time of day go wrong; what is measured by
// monotonic clocks does not.
#include <fmt/format.h>

#include <cmath>

#include "nemesis/clock_fault.hpp"

namespace gauntlet {

namespace {

constexpr std::int64_t least_ns = nanos_per_millisecond;
constexpr std::int64_t most_ns = 366ll * 24 * 3600 * nanos_per_second;

class ClockBump : public ClockFault {
 public:
  std::string_view name() const override { return "clock-bump"; }
  std::string_view description() const override {
    return "the database's wall clock jumps, and back at the heal";
  }
  std::vector<FaultParameter> parameters() const override {
    return {targets_parameter(),
            {"offset", "random",
             "by how much: a duration from 1ms to 366 days (8784h), with - in front for the past; "
             "or `random`, either way, small ones as likely as large ones, each node its own"},
            {"most", "5m", "the largest that is drawn at random: a duration from 1ms to 8784h"}};
  }

 protected:
  Result<ClockChange> change(const Value& parameters, Random& random) const override {
    const Value* const offset = parameters.find("offset");
    const bool is_random =
        offset == nullptr || !offset->is_string() || offset->string() == "random";
    const auto most = duration_from(parameters, "most", "5m", false, least_ns, most_ns);
    if (!most) return most.error();
    if (!is_random) {
      const auto fixed = duration_from(parameters, "offset", "1m", true, least_ns, most_ns);
      if (!fixed) return fixed.error();
      return ClockChange{"fixed", *fixed, 0};
    }
    const double orders = std::log(static_cast<double>(*most) / static_cast<double>(least_ns));
    const double size = static_cast<double>(least_ns) * std::exp(orders * random.fraction());
    const auto drawn = static_cast<std::int64_t>(size);
    return ClockChange{"fixed", random.chance(0.5) ? drawn : -drawn, 0};
  }
  std::string wording(const ClockChange& change) const override {
    return "off by " + signed_duration(change.a);
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, ClockBump);

}  // namespace gauntlet
