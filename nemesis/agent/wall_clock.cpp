#include "nemesis/agent/wall_clock.hpp"

#include <sys/timex.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <limits>
#include <sstream>

namespace gauntlet::agent {

namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

std::int64_t read_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * ns_per_second + time.tv_nsec;
}

std::string adjust(timex& change) {
  return clock_adjtime(CLOCK_REALTIME, &change) >= 0 ? "" : std::strerror(errno);
}

class KernelClock : public WallClock {
 public:
  std::int64_t ahead_ns() const override {
    // Of several readings the one in the narrowest gap, since anything may come between two calls.
    std::int64_t best = 0, narrowest = std::numeric_limits<std::int64_t>::max();
    for (int i = 0; i < 5; ++i) {
      const std::int64_t before = read_ns(CLOCK_BOOTTIME);
      const std::int64_t real = read_ns(CLOCK_REALTIME);
      const std::int64_t gap = read_ns(CLOCK_BOOTTIME) - before;
      if (gap >= narrowest) continue;
      narrowest = gap;
      best = real - before - gap / 2;
    }
    return best;
  }
  std::int64_t boot_ns() const override { return read_ns(CLOCK_BOOTTIME); }

  std::string step(std::int64_t ns) override {
    timex change{};
    change.modes = ADJ_SETOFFSET;  // relative: what passes between a reading and this is not lost
    const std::int64_t us = ns >= 0 ? (ns + 500) / 1000 : (ns - 500) / 1000;
    change.time.tv_sec = us / 1'000'000;
    change.time.tv_usec = us % 1'000'000;
    if (change.time.tv_usec < 0) {
      --change.time.tv_sec;
      change.time.tv_usec += 1'000'000;
    }
    return adjust(change);
  }

  std::string discipline() const override {
    timex state{};
    if (clock_adjtime(CLOCK_REALTIME, &state) < 0) return "";
    std::ostringstream words;
    words << state.status << ' ' << state.freq << ' ' << state.tick << ' ' << state.constant << ' '
          << state.maxerror << ' ' << state.esterror;
    return words.str();
  }
  std::string set_discipline(const std::string& text) override {
    timex state{};
    std::istringstream words(text);
    words >> state.status >> state.freq >> state.tick >> state.constant >> state.maxerror >>
        state.esterror;
    if (!words) return "its discipline was not written down";
    state.status &= ~STA_RONLY;
    state.modes =
        ADJ_STATUS | ADJ_FREQUENCY | ADJ_TICK | ADJ_TIMECONST | ADJ_MAXERROR | ADJ_ESTERROR;
    return adjust(state);
  }
};

}  // namespace

WallClock& machine_wall_clock() {
  static KernelClock clock;
  return clock;
}

}  // namespace gauntlet::agent
