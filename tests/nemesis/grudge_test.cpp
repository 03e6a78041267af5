#include "nemesis/grudge.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace gauntlet;

namespace {

NodeNames names(std::size_t n) {
  NodeNames result;
  for (std::size_t i = 1; i <= n; ++i)
    result.push_back("n" + std::to_string(i));
  return result;
}

/// Nodes that `node` exchanges packets with, itself included.
std::set<std::string> seen_by(const std::string& node, const Grudge& grudge, const NodeNames& all) {
  std::set<std::string> seen;
  for (const auto& other : all) {
    if (linked(grudge, node, other)) seen.insert(other);
  }
  return seen;
}

bool symmetric(const Grudge& grudge) {
  for (const auto& [listener, speakers] : grudge) {
    for (const auto& speaker : speakers) {
      if (!grudge.contains(speaker) || !grudge.at(speaker).contains(listener)) return false;
    }
  }
  return true;
}

bool drops_itself(const Grudge& grudge) {
  return std::ranges::any_of(grudge, [](const auto& g) { return g.second.contains(g.first); });
}

}  // namespace

TEST_CASE("a majorities ring: everybody sees a majority, no two the same") {
  for (std::size_t n = 3; n <= 12; ++n) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      CAPTURE(n);
      CAPTURE(seed);
      Random random(seed);
      const auto all = names(n);
      const Grudge grudge = random_majorities_ring(all, random);
      CHECK(symmetric(grudge));
      CHECK_FALSE(drops_itself(grudge));
      std::set<std::set<std::string>> majorities;
      std::size_t larger = 0;
      for (const auto& node : all) {
        const auto seen = seen_by(node, grudge, all);
        CHECK(seen.size() >= n / 2 + 1);
        CHECK(seen.size() <= n / 2 + 2);
        larger += seen.size() == n / 2 + 2;
        majorities.insert(seen);
      }
      CHECK(larger == (n % 4 == 3 ? 1u : 0u));
      CHECK(majorities.size() == n);
    }
  }
}

TEST_CASE("halves: two groups of almost the same size that do not see each other") {
  for (std::size_t n = 2; n <= 7; ++n) {
    Random random(n);
    const auto all = names(n);
    const Grudge grudge = random_halves(all, random);
    CHECK(symmetric(grudge));
    std::set<std::set<std::string>> groups;
    for (const auto& node : all)
      groups.insert(seen_by(node, grudge, all));
    REQUIRE(groups.size() == 2);
    CHECK(groups.begin()->size() + groups.rbegin()->size() == n);
    CHECK(std::min(groups.begin()->size(), groups.rbegin()->size()) == n / 2);
  }
}

TEST_CASE("a bridge: one sees all, the others see it and their half") {
  for (std::size_t n = 3; n <= 7; ++n) {
    CAPTURE(n);
    Random random(n);
    const auto all = names(n);
    const Grudge grudge = random_bridge(all, random);
    CHECK(symmetric(grudge));
    const auto bridge =
        std::ranges::find_if(all, [&](const auto& node) { return !grudge.contains(node); });
    REQUIRE(bridge != all.end());
    for (const auto& node : all) {
      const auto seen = seen_by(node, grudge, all);
      CHECK(seen.contains(*bridge));
      if (node == *bridge) {
        CHECK(seen.size() == n);
      } else {
        CHECK(seen.size() >= (n - 1) / 2 + 1);
        CHECK(seen.size() <= n / 2 + 1);
        CHECK(grudge.contains(node));
      }
    }
  }
}

TEST_CASE("random pairs: symmetric, at least one, the same for the same seed") {
  for (std::size_t n = 2; n <= 7; ++n) {
    Random a(n), b(n);
    const Grudge grudge = random_pairs(names(n), a);
    CHECK_FALSE(grudge.empty());
    CHECK(symmetric(grudge));
    CHECK(grudge == random_pairs(names(n), b));
  }
}

TEST_CASE("groups and one-way cuts") {
  const Grudge groups = cut_between({{"n1", "n2"}, {"n3"}, {"n4"}, {}});
  CHECK(linked(groups, "n1", "n2"));
  CHECK_FALSE(linked(groups, "n3", "n4"));
  CHECK(groups.at("n1") == std::set<std::string>{"n3", "n4"});

  const Grudge one_way = cut_one_way({"n1"}, {"n2", "n3"});
  CHECK(one_way == Grudge{{"n2", {"n1"}}, {"n3", {"n1"}}});
  CHECK(to_text(one_way) == "n1 > n2 n3");
  CHECK(to_text(cut_one_way({"n2", "n3"}, {"n1"})) == "n2 n3 > n1");
  CHECK(to_text(cut_between({{"n1", "n4"}, {"n2", "n3"}})) == "n1 n4 ~ n2 n3");
  CHECK(to_text(cut_between({{"n1"}, {"n2"}, {"n3"}})) == "n1 ~ n2 n3, n2 ~ n3");
  CHECK(to_text({}).empty());
  CHECK(cut_between({{"n1"}, {}}).empty());
}

TEST_CASE("explicit grudges are read as they are written") {
  const auto all = names(5);
  CHECK(*parse_grudge("n1+n2~n3+n4+n5", all) == cut_between({{"n1", "n2"}, {"n3", "n4", "n5"}}));
  CHECK(*parse_grudge("n1~*", all) == cut_between({{"n1"}, {"n2", "n3", "n4", "n5"}}));
  CHECK(*parse_grudge("*>n1", all) == cut_one_way({"n2", "n3", "n4", "n5"}, {"n1"}));
  const auto mixed = parse_grudge("n1>n2+n3/n4~n5", all);
  REQUIRE(mixed.has_value());
  CHECK(to_text(*mixed) == "n4 ~ n5, n1 > n2 n3");
  CHECK(parse_grudge("x~y", {}).has_value());  // names are not known yet

  for (const char* bad : {"", "n1", "n1~n2~n3", "n1~n6", "n1~", "~n2", "n1+n1~n2", "n1~n1", "*~*",
                          "n1~n2/", "n1>n2~n3", "n1++n2~n3"}) {
    CAPTURE(bad);
    const auto parsed = parse_grudge(bad, all);
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().kind == ErrorKind::usage);
  }
  CHECK(parse_grudge("n1~m2", all).error().remedy == "did you mean 'n2'?");
}
