#include <doctest/doctest.h>

#include "harness/run/database.hpp"
#include "tests/databases/named_cluster.hpp"
#include "tests/result_printing.hpp"

using namespace gauntlet;

TEST_CASE("postgres knows its server by the node's name") {
  NamedCluster cluster;
  const auto database = DatabaseRegistry::instance().find("postgres")->make();
  OptionValues values;
  for (const auto& option : database->options())
    values[option.name] = option.default_value;
  REQUIRE(database->configure(cluster, values));
  CHECK(database->processes(NamedNode("n1")).size() == 1);
  CHECK(database->processes(NamedNode("n2")).empty());
}
