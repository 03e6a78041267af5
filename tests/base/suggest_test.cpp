#include "base/suggest.hpp"

#include <doctest/doctest.h>

using namespace gauntlet;

TEST_CASE("edit distance counts swaps as one") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("partition", "partition") == 0);
  CHECK(edit_distance("partiton", "partition") == 1);
  CHECK(edit_distance("palrtition", "partition") == 1);
  CHECK(edit_distance("etdc", "etcd") == 1);
}

TEST_CASE("the closest name is suggested, and only a close one") {
  const std::vector<std::string> names = {"partition", "pause", "kill", "clock"};
  CHECK(closest("partitoin", names) == "partition");
  CHECK(closest("part", names) == "partition");
  CHECK(closest("pasue", names) == "pause");
  CHECK(closest("zebra-crossing", names).empty());
  CHECK(closest("", names).empty());
  CHECK(did_you_mean("kil", names) == "did you mean 'kill'?");
  CHECK(did_you_mean("zebra-crossing", names) == "known: partition, pause, kill, clock");
  CHECK(did_you_mean("x", {}) == "there is none");
}
