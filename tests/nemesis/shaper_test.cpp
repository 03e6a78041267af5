#include "nemesis/shaper.hpp"

#include <doctest/doctest.h>

using namespace gauntlet;

TEST_CASE("each injection has classes of its own, one for each address") {
  Random random(1);
  for (int i = 0; i < 1000; ++i)
    CHECK(is_first_class(draw_first_class(random)));
  for (const std::int64_t bad : {-64, 0, 1, 65, 65536})
    CHECK_FALSE(is_first_class(bad));
  const std::string script = shape_script({0x80, 1e7, {"10.0.0.3", "2001:db8::1"}});
  const auto has = [&](const char* text) { return script.find(text) != std::string::npos; };
  CHECK(has("classid 6a75:80 htb rate 10000000bit"));
  CHECK(has("protocol ip prio 5 u32 match ip dst 10.0.0.3/32 flowid 6a75:80"));
  CHECK(has("protocol ipv6 prio 6 u32 match ip6 dst 2001:db8::1/128 flowid 6a75:81"));
}

TEST_CASE("counters of classes are read for the classes of one injection only") {
  const Shaper shaper{0x80, 1e7, {"10.0.0.3", "10.0.0.4"}};
  const auto packets = parse_shaper_counters(
      shaper,
      "class htb 6a75:80 root leaf 8001: prio 0 rate 10Mbit ceil 10Mbit burst 16000b \n"
      " Sent 98 bytes 1 pkt (dropped 0, overlimits 0 requeues 0) \n"
      " backlog 0b 0p requeues 0\n"
      "class htb 6a75:81 root leaf 8002: prio 0 rate 10Mbit ceil 10Mbit burst 16000b \n"
      " Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0) \n"
      "class htb 6a75:c0 root leaf 8003: prio 0 rate 1Mbit ceil 1Mbit burst 16000b \n"
      " Sent 980 bytes 10 pkt (dropped 0, overlimits 0 requeues 0) \n");
  CHECK(packets == std::vector<std::int64_t>{1, 0});
  CHECK(parse_shaper_counters(shaper, "nonsense\nclass htb 6a75:zz\n Sent x").empty());
}
