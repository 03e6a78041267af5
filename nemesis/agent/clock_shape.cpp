#include "nemesis/agent/clock_shape.hpp"

#include "base/integer.hpp"

namespace gauntlet::agent {

namespace {

constexpr std::chrono::milliseconds drift_interval{10};
constexpr std::int64_t period_ns_min = 1'000'000;

}  // namespace

std::optional<ClockShape> ClockShape::parse(const std::string& shape, const std::string& a,
                                            const std::string& b, Monotonic::time_point begun,
                                            std::string& error) {
  ClockShape result;
  result.begun_ = begun;
  const auto first = integer_from(a);
  const auto second = integer_from(b);
  if (!first || !second) {
    error = "clock: what is no number?";
    return std::nullopt;
  }
  result.a_ = *first;
  result.b_ = *second;
  if (shape == "strobe" && *second >= period_ns_min) {
    result.shape_ = Shape::strobe;
  } else if (shape == "drift") {
    result.shape_ = Shape::drift;
  } else if (shape != "fixed") {
    error = "clock: fixed, strobe with a period of 1 ms or more, or drift?";
    return std::nullopt;
  }
  return result;
}

std::int64_t ClockShape::offset_ns(Monotonic::time_point now) const {
  const std::int64_t passed_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now - begun_).count();
  switch (shape_) {
    case Shape::fixed:
      return a_;
    case Shape::strobe:
      return passed_ns / b_ % 2 == 0 ? a_ : 0;
    case Shape::drift:
      break;
  }
  return passed_ns / 1'000'000 * a_;
}

std::optional<ClockShape::Monotonic::duration> ClockShape::next_change(
    Monotonic::time_point now) const {
  if (shape_ == Shape::fixed) return std::nullopt;
  if (shape_ == Shape::drift) return drift_interval;
  const auto period = std::chrono::nanoseconds(b_);
  return period - (now - begun_) % period;
}

}  // namespace gauntlet::agent
