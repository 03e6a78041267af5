// How far a clock is put off as time goes by: by a fixed amount, to and fro, or more and more.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace gauntlet::agent {

/// In words, a shape and two numbers:
///   fixed OFFSET_NS 0          off by that much
///   strobe DELTA_NS PERIOD_NS  now off by that much and now not, for a period each
///   drift RATE_PPM 0           goes faster by so many millionths, from its begin on
class ClockShape {
 public:
  using Monotonic = std::chrono::steady_clock;

  /// Begins at `begun`. nullopt, and why in `error`, for words that make no sense.
  static std::optional<ClockShape> parse(const std::string& shape, const std::string& a,
                                         const std::string& b, Monotonic::time_point begun,
                                         std::string& error);

  std::int64_t offset_ns(Monotonic::time_point now) const;
  /// How long that offset lasts; nullopt: for good.
  std::optional<Monotonic::duration> next_change(Monotonic::time_point now) const;

 private:
  enum class Shape { fixed, strobe, drift };

  Shape shape_ = Shape::fixed;
  std::int64_t a_ = 0, b_ = 0;
  Monotonic::time_point begun_{};
};

}  // namespace gauntlet::agent
