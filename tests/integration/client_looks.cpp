// Looks at the database of n1 as its clients see it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/duration.hpp"
#include "tests/integration/fault_looks.hpp"

namespace gauntlet {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool answers(Client& client, Deadline deadline) {
  Operation read = operation("read", {}, Value(0));
  client.invoke(read, deadline);
  return read.type == OperationType::ok;
}

/// Milliseconds that each of so many reads took, one after the other; none if one was not answered.
std::vector<double> read_times_ms(Scene& scene, int count, milliseconds pause) {
  const auto deadline = Deadline::after(seconds(8));
  auto client = scene.database.open_client(scene.n1, deadline);
  if (!client || !answers(**client, deadline)) return {};  // connects
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    std::this_thread::sleep_for(pause);
    const Nanos start = monotonic_now();
    if (!answers(**client, deadline)) return {};
    times.push_back(static_cast<double>(monotonic_now() - start) / nanos_per_millisecond);
  }
  std::ranges::sort(times);
  return times;
}

Sight sight_of_ms(double ms, double usual_max) {
  return {fmt::format("{:.0f} ms", ms), ms > usual_max};
}

/// "+1.5 s"; never "-0.0 s".
std::string signed_seconds(double value) {
  return fmt::format("{:+.1f} s", std::round(value * 10) / 10 + 0.0);
}

constexpr Sight no_answer() {
  return {"no answer", true};
}

/// Seconds by which the database's clock is ahead of ours, as it tells.
std::optional<double> clock_offset_s(Scene& scene) {
  const auto told = scene.database.clock(scene.n1);
  if (!told || !*told) return std::nullopt;
  const Nanos now_ns = std::chrono::system_clock::now().time_since_epoch().count();
  return static_cast<double>((*told)->time_ns - now_ns) / nanos_per_second;
}

}  // namespace

Look client_answered(Scene& scene) {
  return [&scene] {
    const auto deadline = Deadline::after(seconds(2));
    auto client = scene.database.open_client(scene.n1, deadline);
    return client && answers(**client, deadline) ? Sight{"answered", false} : no_answer();
  };
}

Look usual_read(Scene& scene) {
  return [&scene] {
    const auto times = read_times_ms(scene, 5, milliseconds(0));
    return times.empty() ? no_answer() : sight_of_ms(times[times.size() / 2], 90);
  };
}

Look slowest_read(Scene& scene) {
  return [&scene] {
    const auto times = read_times_ms(scene, 8, milliseconds(130));
    return times.empty() ? no_answer() : sight_of_ms(times.back(), 400);
  };
}

Look many_connections(Scene& scene) {
  return [&scene] {
    constexpr std::size_t wanted = 40, unanswered_max = 2;
    std::vector<ClientPtr> clients;
    std::size_t served = 0;
    while (clients.size() < wanted && clients.size() - served < unanswered_max) {
      const auto deadline = Deadline::after(seconds(1));
      auto client = scene.database.open_client(scene.n1, deadline);
      if (client && answers(**client, deadline)) ++served;
      clients.push_back(client ? std::move(*client) : nullptr);
    }
    return Sight{fmt::format("{}", served), served < wanted};
  };
}

Look database_clock(Scene& scene) {
  return [&scene] {
    const auto offset = clock_offset_s(scene);
    return offset ? Sight{signed_seconds(*offset), std::abs(*offset) > 1.5} : no_answer();
  };
}

Look database_clock_steady(Scene& scene) {
  return [&scene] {
    double least = 0, most = 0;
    for (int i = 0; i < 10; ++i) {
      const auto offset = clock_offset_s(scene);
      if (!offset) return no_answer();
      least = i == 0 ? *offset : std::min(least, *offset);
      most = i == 0 ? *offset : std::max(most, *offset);
      std::this_thread::sleep_for(milliseconds(200));
    }
    return Sight{fmt::format("{:.1f} s", most - least), most - least > 1.5};
  };
}

Look database_clock_rate(Scene& scene) {
  return [&scene] {
    constexpr auto watched = seconds(3);
    const auto before = clock_offset_s(scene);
    std::this_thread::sleep_for(watched);
    const auto after = clock_offset_s(scene);
    if (!before || !after) return no_answer();
    const double gained = (*after - *before) / static_cast<double>(watched.count());
    return Sight{signed_seconds(gained), std::abs(gained) > 1};
  };
}

}  // namespace gauntlet
