// Clock bump: the wall clock of the database's processes jumps, and stays off until it is healed.
//
// Leases, timeouts and timestamps that are taken from the time of day go wrong; what is measured by
// monotonic clocks does not.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nemesis/clock_fault.hpp"
#include "nemesis/typed_parameter.hpp"

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
    return with_targets(
        {{"offset", "random",
          "by how much: a duration from 1ms to 366 days (8784h), with - in front for the past; "
          "or `random`, either way, small ones as likely as large ones, each node its own; or "
          "node by node: `n1=-5m/n2=200ms`"},
         {"most", "5m", "the largest that is drawn at random: a duration from 1ms to 8784h"}});
  }

  /// What was drawn, node by node, to the microsecond.
  Value decided(const Value& given, const Value& plan) const override {
    Value parameters = Fault::decided(given, plan);
    std::string each;
    for (const auto& [node, change] : clock_changes(plan))
      each += fmt::format("{}{}={}us", each.empty() ? "" : "/", node, change.a / 1000);
    if (!each.empty()) parameters.set("offset", each);
    return parameters;
  }

 protected:
  Result<ClockChange> change(const Value& parameters, const std::string& node,
                             Random& random) const override {
    const std::string offset = text_from(parameters, "offset", "random");
    const auto most = duration_from(parameters, "most", "5m", false, least_ns, most_ns);
    if (!most) return most.error();
    if (offset.find('=') != std::string::npos) return of_node(offset, node);
    if (offset != "random") {
      const auto fixed = duration_within("offset", offset, true, least_ns, most_ns);
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

 private:
  /// Of "n1=-5m/n2=200ms". All of it is checked, whichever node is asked for.
  static Result<ClockChange> of_node(std::string_view offsets, const std::string& node) {
    ClockChange found{"fixed", 0, 0};
    bool any = node.empty();
    while (!offsets.empty()) {
      const std::size_t end = std::min(offsets.find('/'), offsets.size());
      const std::string_view one = offsets.substr(0, end);
      offsets.remove_prefix(std::min(end + 1, offsets.size()));
      const std::size_t sign = one.find('=');
      if (sign == std::string_view::npos) {
        return failure(ErrorKind::usage, fmt::format("offset has '{}'", one), "give NODE=DURATION");
      }
      const auto offset = duration_within("offset", one.substr(sign + 1), true, least_ns, most_ns);
      if (!offset) return offset.error();
      if (one.substr(0, sign) != node) continue;
      found.a = *offset;
      any = true;
    }
    if (any) return found;
    return failure(ErrorKind::usage, "offset says nothing of " + node, "give NODE=DURATION for it");
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, ClockBump);

}  // namespace gauntlet
