#include "nemesis/targets.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/nemesis/fakes.hpp"

using namespace gauntlet;

namespace {

std::size_t size_of(const std::string& text, std::size_t nodes, std::uint64_t seed = 1) {
  FakeCluster cluster(nodes);
  Random random(seed);
  const auto chosen = choose_targets(text, {&cluster, nullptr}, random);
  return chosen ? chosen->size() : 0;
}

}  // namespace

TEST_CASE("words stand for so many nodes") {
  const std::size_t minority[] = {0, 0, 1, 1, 2, 2, 3};
  const std::size_t third[] = {0, 0, 0, 1, 1, 1, 2};
  for (std::size_t n = 1; n <= 7; ++n) {
    CAPTURE(n);
    CHECK(size_of("one", n) == 1);
    CHECK(size_of("minority", n) == minority[n - 1]);
    CHECK(size_of("minority-third", n) == third[n - 1]);
    CHECK(size_of("majority", n) == n / 2 + 1);
    CHECK(size_of("all", n) == n);
    CHECK(size_of("any", n) >= 1);
    CHECK(size_of("random", n) >= 1);
  }
}

TEST_CASE("targets come in the cluster's order, and the seed decides") {
  FakeCluster cluster(5);
  const FaultContext context{&cluster, nullptr};
  std::set<NodeNames> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random a(seed), b(seed);
    const auto chosen = choose_targets("minority", context, a);
    REQUIRE(chosen.has_value());
    CHECK(std::ranges::is_sorted(*chosen));
    CHECK(*chosen == *choose_targets("minority", context, b));
    seen.insert(*chosen);
  }
  CHECK(seen.size() == 10);  // all pairs of five

  Random random(1);
  CHECK(*choose_targets("n3+n1", context, random) == NodeNames{"n1", "n3"});
  CHECK(*choose_targets("n4", context, random) == NodeNames{"n4"});
}

TEST_CASE("primaries are asked of the database") {
  FakeCluster cluster(3);
  FakeDatabase database;
  const FaultContext context{&cluster, &database};
  Random random(1);
  CHECK(choose_targets("primaries", context, random).has_error());
  database.primaries_now = {"n3", "n1", "stranger"};
  CHECK(*choose_targets("primaries", context, random) == NodeNames{"n1", "n3"});
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random draws(seed);
    database.primaries_now.clear();
    CHECK(choose_targets("any", context, draws).has_value());
  }
}

TEST_CASE("what could not be targets is refused with a suggestion") {
  const NodeNames nodes = {"n1", "n2", "n3"};
  for (const char* good : {"any", "one", "majority", "primaries", "n1", "n2+n3"})
    CHECK(check_targets(good, nodes).has_value());
  CHECK(check_targets("n9", {}).has_value());
  CHECK(check_targets("majorty", nodes).error().remedy == "did you mean 'majority'?");
  CHECK(check_targets("n4", nodes).error().kind == ErrorKind::usage);
  CHECK(check_targets("", {}).has_error());
  CHECK(check_targets("n1+", nodes).has_error());
  CHECK(check_targets("n1+n1", nodes).has_error());
}
