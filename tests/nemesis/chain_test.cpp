#include "nemesis/chain.hpp"

#include <doctest/doctest.h>

#include "nemesis/links.hpp"
#include "nemesis/typed_parameter.hpp"
#include "tests/nemesis/fakes.hpp"

using namespace gauntlet;

TEST_CASE("counters of chains are read with their addresses and targets") {
  const auto counters = parse_chain_counters(
      "-N gauntlet_loss_00000001 -c 0 0\n"
      "-A gauntlet_loss_00000001 -s 10.0.0.3/32 -c 7 588\n"
      "-A gauntlet_loss_00000001 -s 10.0.0.3/32 -m statistic --mode random --probability 0.5 -c 5 "
      "420 -j DROP\n"
      "-A gauntlet_duplicate_00000001 -d fe80::1/128 -c 1 84 -j TEE --gateway fe80::1\n"
      "-A cut -s 10.0.0.3/32 -c\n-A cut -c x 1 -j DROP\nnonsense\n");
  REQUIRE(counters.size() == 3);
  CHECK(counters[0].source == "10.0.0.3");
  CHECK(counters[0].target.empty());
  CHECK(counters[0].packets == 7);
  CHECK(counters[1].target == "DROP");
  CHECK(counters[1].packets == 5);
  CHECK(counters[2].destination == "fe80::1");
  CHECK(counters[2].target == "TEE");
}

TEST_CASE("a chain is filled before it is hooked in, each rule in the tool of its family") {
  const Chain chain{"gauntlet_loss_00000001",
                    "mangle",
                    {"INPUT"},
                    {rule_for("-s", "10.0.0.3", "-j DROP"),
                     rule_for("-s", "2001:db8::1", "-j DROP"),
                     {RuleFamily::both, "-j RETURN"}}};
  const std::string script = chain_script(chain);
  const auto at = [&](const char* text) { return script.find(text); };
  CHECK(at("*mangle\n:gauntlet_loss_00000001 - [0:0]\n-A gauntlet_loss_00000001 -s 10.0.0.3 -j "
           "DROP\n-A gauntlet_loss_00000001 -j RETURN\nCOMMIT\n") < at("-I INPUT"));
  CHECK(at("-A gauntlet_loss_00000001 -s 2001:db8::1 -j DROP\n") != std::string::npos);
  CHECK(at("ip6tables-restore") < at("2001:db8::1"));
}

TEST_CASE("numbers have a range, in parameters and in plans") {
  const NumberParameter share{"share", 0.5, 0, 1, "a share"};
  CHECK(*number_from(Value(), share) == 0.5);
  CHECK(*number_from(Value::map({{"share", "0.25"}}), share) == 0.25);
  CHECK(*number_from(Value::map({{"share", 1}}), share) == 1);
  for (const Value& bad : {Value("2"), Value("-0.1"), Value("x"), Value("0.5x"), Value("nan"),
                           Value(""), Value(true), Value(7)})
    CHECK(number_from(Value::map({{"share", bad}}), share).has_error());
  CHECK(to_parameter(share).description == "a share, 0 to 1");
}

TEST_CASE("links are drawn by target, peer and direction, and survive a plan") {
  FakeCluster cluster(3);
  const FaultContext context{&cluster, nullptr};
  Random random(1);
  const auto grudge = [&](const char* targets, const char* peers, const char* direction) {
    const auto links = choose_links(
        context, Value::map({{"targets", targets}, {"peers", peers}, {"direction", direction}}),
        random);
    REQUIRE(links.has_value());
    Value plan{Value::Map{}};
    put_links(plan, *links);
    const auto read = links_from(plan);
    REQUIRE(read.has_value());
    CHECK(read->grudge == links->grudge);
    CHECK(read->addresses == links->addresses);
    return to_text(links->grudge);
  };
  CHECK(grudge("n1", "n2", "in") == "n2 > n1");
  CHECK(grudge("n1", "n2", "out") == "n1 > n2");
  CHECK(grudge("n1", "n2+n1", "both") == "n1 ~ n2");
  CHECK(grudge("n1", "all", "both") == "n1 ~ n2 n3");
  CHECK(
      choose_links(context, Value::map({{"targets", "n1"}, {"peers", "n1"}}), random).has_error());
  CHECK(check_links(Value::map({{"direction", "up"}}), {}).has_error());
  CHECK(check_links(Value::map({{"peers", "n9"}}), {"n1", "n2"}).has_error());
}

TEST_CASE("plans of links are not taken on trust") {
  const auto plan = [](Value addresses) {
    return Value::map({{"grudge", Value::map({{"n1", Value::list({"n2"})}})},
                       {"addresses", std::move(addresses)}});
  };
  const Value good = Value::list({"10.0.0.1"});
  CHECK(links_from(plan(Value::map({{"n1", good}, {"n2", good}}))).has_value());
  CHECK(links_from(plan(Value::map({{"n1", good}}))).has_error());
  CHECK(
      links_from(plan(Value::map({{"n1", good}, {"n2", Value::list({"x; reboot"})}}))).has_error());
  CHECK(links_from(Value()).has_error());
  CHECK(name_from(Value::map({{"name", "gauntlet_loss_0123abcd"}}), "gauntlet_loss_").has_value());
  for (const char* bad : {"gauntlet_loss_", "gauntlet_loss_0123abcd; x", "gauntlet_loss_0123ABCD"})
    CHECK(name_from(Value::map({{"name", bad}}), "gauntlet_loss_").has_error());
}
