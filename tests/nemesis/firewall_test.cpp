#include "nemesis/firewall.hpp"

#include <doctest/doctest.h>

#include "nemesis/addresses.hpp"
#include "tests/nemesis/fakes.hpp"

using namespace gauntlet;

TEST_CASE("counters are read from nft and from iptables") {
  const auto nft = parse_drop_counters(
      "table inet gauntlet_partition_0 {\n"
      "\tchain input {\n"
      "\t\ttype filter hook input priority -10; policy accept;\n"
      "\t\tip saddr 10.0.0.3 counter packets 37 bytes 3108 drop\n"
      "\t\tip6 saddr fe80::1 counter packets 0 bytes 0 drop\n"
      "\t}\n}\n");
  CHECK(nft == std::map<std::string, std::int64_t>{{"10.0.0.3", 37}, {"fe80::1", 0}});
  const auto iptables = parse_drop_counters(
      "-N gauntlet_partition_0 -c 0 0\n"
      "-A gauntlet_partition_0 -s 10.0.0.3/32 -c 5 420 -j DROP\n"
      "-A gauntlet_partition_0 -s fe80::1/128 -c 1 84 -j DROP\n");
  CHECK(iptables == std::map<std::string, std::int64_t>{{"10.0.0.3", 5}, {"fe80::1", 1}});
  CHECK(parse_drop_counters("").empty());
  CHECK(parse_drop_counters("ip saddr nonsense counter packets 1\nip saddr 10.0.0.1 counter")
            .empty());
}

TEST_CASE("rules are made of canonical addresses only") {
  CHECK(canonical_address("10.0.0.1") == "10.0.0.1");
  CHECK(canonical_address("2001:DB8:0::1") == "2001:db8::1");
  for (const char* bad : {"", "n1", "10.0.0", "10.0.0.1; reboot", "10.0.0.1/8", "::1 drop"})
    CHECK(canonical_address(bad).empty());

  const std::string script = drop_script("gauntlet_partition_0", {"10.0.0.3", "2001:db8::1"});
  CHECK(script.find("ip saddr 10.0.0.3 counter drop\n") != std::string::npos);
  CHECK(script.find("ip6 saddr 2001:db8::1 counter drop\n") != std::string::npos);
  CHECK(script.find("delete table inet gauntlet_partition_0\n") != std::string::npos);
}

TEST_CASE("addresses: figures are taken as they are, names are asked of the nodes") {
  FakeCluster cluster(2);
  cluster.add("db.example", "db.example");
  CHECK(addresses_of(cluster).has_error());  // nobody can resolve it
  cluster.fakes[0]->answer = [](const std::string& script) {
    CHECK(script.find("getent ahosts db.example |") != std::string::npos);
    return std::string("2 10.0.0.9\n2 10.0.0.9\n2 2001:DB8::9\n7 10.0.0.7\nx\n2 rubbish\n");
  };
  cluster.fakes[2]->answer = [](const std::string&) { return std::string("2 127.0.1.1\n"); };
  const auto addresses = addresses_of(cluster);
  REQUIRE(addresses.has_value());
  CHECK(addresses->at("n1") == std::vector<std::string>{"10.0.0.1"});
  CHECK(addresses->at("db.example") == std::vector<std::string>{"10.0.0.9", "2001:db8::9"});
}

TEST_CASE("the controller is never cut off, nor a node that shares its address") {
  FakeCluster cluster(3);
  CHECK(addresses_of(cluster).has_value());
  cluster.controller = "10.0.0.2";
  CHECK(addresses_of(cluster).error().what.find("controller") != std::string::npos);
  cluster.controller.clear();
  cluster.add("twin", "10.0.0.1");
  CHECK(addresses_of(cluster).error().what == "n1 and twin have the same address 10.0.0.1");
  FakeCluster local(1);
  local.add("local", "127.0.0.1");
  CHECK(addresses_of(local).has_error());
}
