// What the network between two nodes does, as their own tools see it.
#pragma once

#include <fmt/format.h>

#include <sstream>
#include <string>
#include <thread>

#include "tests/integration/arena.hpp"

namespace gauntlet {

/// All that a script prints as root.
inline std::string output_of(Node& node, const std::string& script) {
  const auto result = node.run(Command::shell(script).root().within(std::chrono::seconds(60)));
  REQUIRE(result);
  return result->output + result->error_output;
}

struct Pings {
  std::int64_t sent = 0, received = 0, duplicates = 0;
  double mean_ms = 0, deviation_ms = 0;
};

inline Pings ping(Node& from, const Node& to, int count, const char* interval_s = "0.005") {
  const std::string output = output_of(
      from, fmt::format("ping -n -q -c {} -i {} -W 0.3 {}", count, interval_s, to.address()));
  const bool twice = output.find(" duplicates") != std::string::npos;
  Pings pings{number_before(output, " packets transmitted"), number_before(output, " received"),
              twice ? number_before(output, " duplicates") : 0};
  const std::string key = "min/avg/max/mdev = ";
  if (const auto at = output.find(key); at != std::string::npos) {
    std::string figures = output.substr(at + key.size());
    for (char& c : figures)
      c = c == '/' ? ' ' : c;
    double least = 0, most = 0;
    std::istringstream(figures) >> least >> pings.mean_ms >> most >> pings.deviation_ms;
  }
  return pings;
}

/// Mbit/s of one TCP stream as the receiver sees it, over some seconds. What takes more than
/// 10 s to arrive does not count.
inline double throughput_mbit(Node& from, Node& to, int seconds = 1) {
  std::string received;
  std::thread receiver([&] {
    received = output_of(
        to,
        "perl -MIO::Socket::INET -MTime::HiRes=time -e '$s = IO::Socket::INET->new(Listen => 1, "
        "LocalPort => 5001, ReuseAddr => 1) or die; $SIG{ALRM} = sub {}; alarm 10; $c = "
        "$s->accept; $t = time; $n += $r "
        "while $r = sysread $c, $b, 1 << 20; printf \"%d %.6f\\n\", $n, time - $t'");
  });
  output_of(from,
            fmt::format("perl -MIO::Socket::INET -MTime::HiRes=time,sleep -e 'alarm 10; for (1 .. "
                        "100) {{ last if $c = IO::Socket::INET->new(PeerAddr => \"{}\", PeerPort "
                        "=> 5001); sleep 0.02 }} $b = \"x\" x 65536; $e = time + {}; while (time < "
                        "$e) {{ syswrite $c, $b }}'",
                        to.address(), seconds));
  receiver.join();
  std::istringstream words(received);
  double bytes = 0, seconds_taken = 1;
  words >> bytes >> seconds_taken;
  return bytes * 8 / seconds_taken / 1e6;
}

struct Datagrams {
  std::int64_t sent = 0, received = 0;
  std::int64_t overtaken = 0;  ///< arrived after a later one
  double per_second = 0;       ///< as they were sent
};

/// Sends so many numbered datagrams at a steady rate and counts what arrives, until a second of
/// silence.
inline Datagrams send_datagrams(Node& from, Node& to, int count, int per_second) {
  std::string received;
  std::thread receiver([&] {
    received = output_of(
        to,
        "perl -MIO::Socket::INET -MIO::Select -e '$s = IO::Socket::INET->new(Proto => \"udp\", "
        "LocalPort => 5002) or die; setsockopt $s, SOL_SOCKET, 33, pack(\"l\", 1 << 26); $w = "
        "IO::Select->new($s); $n = $late = $last = 0; $wait = 5; while ($w->can_read($wait)) { "
        "recv $s, $b, 100, 0; ++$n; $i = unpack \"N\", $b; $i < $last ? ++$late : ($last = $i); "
        "$wait = 1 } print \"$n $late\"'");
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const std::string took = output_of(
      from, fmt::format("perl -MIO::Socket::INET -MTime::HiRes=time -e '$c = IO::Socket::INET->new("
                        "Proto => \"udp\", PeerAddr => \"{}\", PeerPort => 5002) or die; $t = "
                        "time; for $i (1 .. {}) {{ 1 while time < $t + $i / {}; send $c, "
                        "pack(\"N\", $i) . \"x\" x 60, 0 }} print time - $t'",
                        to.address(), count, per_second));
  receiver.join();
  Datagrams datagrams{count, 0, 0, count / std::stod(took)};
  std::istringstream(received) >> datagrams.received >> datagrams.overtaken;
  return datagrams;
}

}  // namespace gauntlet
