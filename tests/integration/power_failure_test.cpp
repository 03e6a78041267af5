// A loss of power on real nodes: what was acknowledged before it was durable is gone.
#include <doctest/doctest.h>

#include "harness/generator/generators.hpp"
#include "nemesis/data_disk.hpp"
#include "nemesis/heal.hpp"
#include "nemesis/nemesis.hpp"
#include "tests/integration/test_cluster.hpp"

using namespace gauntlet;
using std::chrono::seconds;

namespace {

struct Survey {
  int acknowledged = 0;
  int survived = 0;
};

/// Writes that are acknowledged, a loss of power, reads.
Survey after_power_failure(TestCluster& cluster, const std::string& name,
                           const OptionValues& special) {
  constexpr int keys = 100;
  auto database = DatabaseRegistry::instance().find(name)->make();
  OptionValues values;
  for (const auto& option : database->options())
    values[option.name] = option.default_value;
  for (const auto& [option, value] : special)
    values[option] = value;
  REQUIRE(database->configure(*cluster, values));
  Node& node = cluster.node("n1");
  const std::string folder = *database->data_folder();
  REQUIRE(database->wipe(node));
  REQUIRE(mount_data_disk(node, folder));
  REQUIRE(database->start(node));
  REQUIRE(database->await_ready(Deadline::after(seconds(30))));
  Survey survey;
  const auto all_keys = [&](const char* f, int* ok) {
    auto client = database->open_client(node, Deadline::after(seconds(5)));
    REQUIRE(client);
    for (int key = 0; key < keys; ++key) {
      Operation one =
          operation(f, std::string_view(f) == "write" ? Value(key) : Value(), Value(key));
      (*client)->invoke(one, Deadline::after(seconds(5)));
      *ok += one.type == OperationType::ok && one.value == Value(key);
    }
  };
  all_keys("write", &survey.acknowledged);
  const FaultContext context{&*cluster, database.get()};
  const Fault* fault = FaultRegistry::instance().find("power-failure");
  REQUIRE_FALSE(fault->unsupported(context));
  Random random(1);
  const auto plan = fault->prepare(context, Value::map({{"targets", Value("all")}}), random);
  REQUIRE(plan);
  const FaultOutcome injected = fault->inject(context, *plan);
  MESSAGE(injected.evidence);
  CHECK(injected.took_effect);
  CHECK(fault->heal(context, *plan).took_effect);
  CHECK(database->await_ready(Deadline::after(seconds(30))));
  all_keys("read", &survey.survived);
  MESSAGE(name << ": " << survey.survived << " of " << survey.acknowledged << " survived");
  CHECK(fault->residue(context, node)->empty());
  CHECK(database->kill(node));
  CHECK_FALSE(fault->residue(context, node)->empty());
  CHECK(fault->clear(context, node));
  CHECK_FALSE(*data_disk_mounted(node, folder));
  CHECK(database->wipe(node));
  return survey;
}

}  // namespace

TEST_CASE("power failure: redis everysec loses what it acknowledged, always and etcd do not") {
  if (!docker_for_tests()) return;
  TestCluster cluster(test_cluster_options("power", 1));
  // The fsync of each second may just have come.
  bool lost = false;
  for (int attempt = 0; attempt < 6 && !lost; ++attempt) {
    const Survey everysec = after_power_failure(cluster, "redis", {{"appendfsync", "everysec"}});
    CHECK(everysec.acknowledged == 100);
    lost = everysec.survived < everysec.acknowledged;
  }
  CHECK(lost);
  for (const auto& [name, options] :
       {std::pair{"redis", OptionValues{{"appendfsync", "always"}}}, {"etcd", OptionValues{}}}) {
    const Survey survey = after_power_failure(cluster, name, options);
    CHECK(survey.acknowledged == 100);
    CHECK(survey.survived == 100);
  }
}
