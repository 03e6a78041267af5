// Nodes that leave the cluster: how many may, what is pending, and that a heal looks first.
#include <doctest/doctest.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "nemesis/node_names.hpp"
#include "tests/nemesis/fakes.hpp"
#include "tests/result_printing.hpp"

using namespace gauntlet;

namespace {

/// Members in memory. A change can be lost, or come about without being confirmed.
class MemberDatabase : public FakeDatabase {
 public:
  explicit MemberDatabase(const Cluster& cluster) {
    for (const Node* node : cluster.nodes())
      in.insert(node->name());
  }
  std::optional<std::string> has_to_stay(const Node& node) const override {
    if (node.name() != staying) return std::nullopt;
    return "nothing takes over from it";
  }
  Result<std::vector<std::string>> members(Node& asked) override {
    const std::lock_guard lock(mutex);
    if (!in.contains(asked.name())) return failure(ErrorKind::transport, "refused");
    return std::vector<std::string>(in.begin(), in.end());
  }
  Result<void> leave(Node& node) override {
    if (lost) return failure(ErrorKind::timeout, "not confirmed");
    in.erase(node.name());
    if (unconfirmed) return failure(ErrorKind::timeout, "not confirmed");
    return {};
  }
  Result<void> join(Node& node) override {
    if (lost) return failure(ErrorKind::timeout, "not confirmed");
    joins += in.insert(node.name()).second ? 1 : 0;
    return {};
  }

  std::string staying;  ///< who cannot leave
  std::mutex mutex;
  std::set<std::string> in;
  bool lost = false, unconfirmed = false;
  int joins = 0;
};

Value parameters(const std::string& targets) {
  return Value::map({{"targets", targets}});
}

struct Site {
  explicit Site(std::size_t nodes) : cluster(nodes), database(cluster) {}
  FaultContext context() { return {&cluster, &database}; }
  Result<Value> prepare(const std::string& targets, std::uint64_t seed = 1) {
    Random random(seed);
    return fault->prepare(context(), parameters(targets), random);
  }

  FakeCluster cluster;
  MemberDatabase database;
  const Fault* fault = FaultRegistry::instance().find("membership");
};

bool tells(const FaultOutcome& outcome, const std::string& words) {
  return outcome.evidence.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a majority of all nodes stays, whoever has left before") {
  for (const std::size_t nodes : {3, 4, 5, 7}) {
    Site site(nodes);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      for (const std::string targets : {"all", "majority", "random", "any", "one"}) {
        const auto plan = site.prepare(targets, seed);
        if (!plan) continue;  // there is no primary
        const auto chosen = names_from(plan->find("targets"));
        CHECK(!chosen.empty());
        CHECK(nodes - chosen.size() >= nodes / 2 + 1);
      }
    }
    const auto plan = site.prepare("all");
    REQUIRE(plan);
    CHECK(site.fault->inject(site.context(), *plan).took_effect);
    CHECK(site.database.in.size() == nodes / 2 + 1);
    const auto more = site.prepare("one");
    REQUIRE_FALSE(more);
    CHECK(more.error().what.find("majority") != std::string::npos);
  }
  Site two(2);
  CHECK(two.fault->unsupported(two.context()));
  Site three(3);
  CHECK_FALSE(three.fault->unsupported(three.context()));
  FakeDatabase other;
  CHECK(three.fault->unsupported({&three.cluster, &other}));
  CHECK_FALSE(three.fault->check(parameters("half"), {"n1", "n2", "n3"}));
}

TEST_CASE("who has to stay is not chosen, and why is told where it is asked for") {
  Site site(5);
  site.database.staying = "n1";
  site.database.primaries_now = {"n1"};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const std::string targets : {"all", "majority", "random", "any", "one", "n1+n2"}) {
      const auto plan = site.prepare(targets, seed);
      REQUIRE(plan);
      const auto chosen = names_from(plan->find("targets"));
      CHECK(!chosen.empty());
      CHECK(std::ranges::count(chosen, "n1") == 0);
    }
  }
  for (const std::string targets : {"n1", "primaries"}) {
    const auto plan = site.prepare(targets);
    REQUIRE_FALSE(plan);
    CHECK(plan.error().what == targets + ": n1 has to stay: nothing takes over from it");
  }
  CHECK_FALSE(site.fault->unsupported(site.context()));
}

TEST_CASE("who has left is told, and joins again") {
  Site site(5);
  const auto plan = site.prepare("n2+n4");
  REQUIRE(plan);
  const FaultOutcome left = site.fault->inject(site.context(), *plan);
  CHECK(left.took_effect);
  CHECK(left.evidence ==
        "n2 left; n4 left; n1 says that n1 n3 n5 are members, before n1 n2 n3 n4 n5");
  CHECK(site.fault->inject(site.context(), *plan).took_effect);
  CHECK(site.fault->residue(site.context(), *site.cluster.find("n3"))->empty());
  CHECK_FALSE(site.fault->residue(site.context(), *site.cluster.find("n4"))->empty());
  CHECK(site.fault->clear(site.context(), *site.cluster.find("n4")));
  const FaultOutcome healed = site.fault->heal(site.context(), *plan);
  CHECK(healed.took_effect);
  CHECK(tells(healed, "n1 n2 n3 n4 n5 are members"));
  CHECK(site.fault->heal(site.context(), *plan).took_effect);
  CHECK(site.database.joins == 2);
  CHECK(site.fault->residue(site.context(), *site.cluster.find("n4"))->empty());
}

TEST_CASE("a change that was not confirmed is pending; what is true is looked up") {
  Site site(3);
  const auto plan = site.prepare("n3");
  REQUIRE(plan);
  SUBCASE("it came about") {
    site.database.unconfirmed = true;
    const FaultOutcome left = site.fault->inject(site.context(), *plan);
    CHECK(left.took_effect);
    CHECK(tells(left, "pending: n3: not confirmed; n1 says that n1 n2 are members"));
    CHECK(site.fault->heal(site.context(), *plan).took_effect);
    CHECK(site.database.joins == 1);
  }
  SUBCASE("it did not") {
    site.database.lost = true;
    const FaultOutcome left = site.fault->inject(site.context(), *plan);
    CHECK_FALSE(left.took_effect);
    CHECK(tells(left, "pending: n3"));
    site.database.lost = false;
    CHECK(site.fault->heal(site.context(), *plan).took_effect);
    CHECK(site.database.joins == 0);
  }
  SUBCASE("nor does the way back") {
    CHECK(site.fault->inject(site.context(), *plan).took_effect);
    site.database.lost = true;
    CHECK_FALSE(site.fault->heal(site.context(), *plan).took_effect);
    CHECK_FALSE(site.fault->clear(site.context(), *site.cluster.find("n3")));
  }
  SUBCASE("nobody serves") {
    site.database.in.clear();
    CHECK_FALSE(site.prepare("n3"));
    CHECK(site.fault->residue(site.context(), *site.cluster.find("n3"))->empty());
  }
}
