// Looks at the network between n2 and n1, by tools that every machine has.
#include <fmt/format.h>

#include "tests/integration/fault_looks.hpp"
#include "tests/integration/throughput.hpp"

namespace gauntlet {

namespace {

constexpr int ping_count = 20;

/// Holds a connection to the SSH server of its argument and sends it a byte now and then; answers
/// each line that it is given with what happened since the last one.
constexpr const char* connection_holder = R"perl(
use IO::Socket::INET; use IO::Select;
$| = 1; $SIG{PIPE} = "IGNORE"; $input = IO::Select->new(\*STDIN); $event = "open";
while (1) {
  if ($input->can_read(0.05)) {
    sysread STDIN, $line, 100 or exit;
    print "$event\n"; $event = $socket ? "open" : "none";
  }
  if ($socket) {
    $silent = not IO::Select->new($socket)->can_read(0);
    next if syswrite($socket, "x") and ($silent or sysread $socket, $greeting, 1000);
    $event = "cut: $!"; undef $socket;
  } else {
    $socket = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 22, Timeout => 1);
  }
})perl";

}  // namespace

Look pings_answered(Scene& scene) {
  return [&scene] {
    const Pings pings = ping(scene.n2, scene.n1, ping_count, "0.02");
    return Sight{fmt::format("{}", pings.received), pings.received < pings.sent};
  };
}

Look pings_doubled(Scene& scene) {
  return [&scene] {
    const Pings pings = ping(scene.n2, scene.n1, ping_count, "0.02");
    return Sight{fmt::format("{}", pings.duplicates), pings.duplicates > 0};
  };
}

Look ping_time(Scene& scene) {
  return [&scene] {
    const Pings pings = ping(scene.n2, scene.n1, ping_count, "0.02");
    return Sight{fmt::format("{:.1f} ms", pings.mean_ms), pings.mean_ms > 40};
  };
}

Look rate_of_tcp(Scene& scene) {
  return [&scene] {
    const double mbit = throughput_mbit(scene.n2, scene.n1);
    CHECK(mbit > 0);
    return Sight{fmt::format("{:.{}f}", mbit, mbit < 10 ? 1 : 0), mbit < 10};
  };
}

Look datagrams_overtaken(Scene& scene) {
  return [&scene] {
    const Datagrams datagrams = send_datagrams(scene.n2, scene.n1, 300, 1000);
    return Sight{fmt::format("{}", datagrams.overtaken), datagrams.overtaken > 0};
  };
}

Look open_connection(Scene& scene) {
  auto opened = scene.n2.open_channel({"perl", "-e", connection_holder, scene.n1.address()}, false,
                                      Deadline::after(std::chrono::seconds(5)));
  REQUIRE(opened);
  return [holder = std::shared_ptr<NodeChannel>(std::move(*opened))] {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    const auto deadline = Deadline::after(std::chrono::seconds(5));
    REQUIRE(holder->send("?", deadline));
    const auto event = holder->receive(deadline);
    REQUIRE(event);
    return Sight{*event, *event != "open"};
  };
}

}  // namespace gauntlet
