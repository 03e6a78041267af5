#include "base/duration.hpp"

#include <doctest/doctest.h>

using namespace gauntlet;

TEST_CASE("durations are read as people write them") {
  CHECK(parse_duration("30s") == 30 * nanos_per_second);
  CHECK(parse_duration("30") == 30 * nanos_per_second);
  CHECK(parse_duration("1.5m") == 90 * nanos_per_second);
  CHECK(parse_duration("250 us") == 250'000);
  CHECK(parse_duration("0") == 0);
  for (const char* bad : {"", "s", "-1s", "1 parsec", "1e9s", "1.", ".5", "99999999999999999h"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad).has_value());
  }
}

TEST_CASE("durations are shown short") {
  CHECK(format_duration(999) == "999 ns");
  CHECK(format_duration(1'234'000'000) == "1.23 s");
  CHECK(format_duration(45 * nanos_per_millisecond) == "45 ms");
  CHECK(format_duration(125 * nanos_per_second) == "2 m 5 s");
  CHECK(format_duration(3'661 * nanos_per_second) == "1 h 1 m");
  CHECK(format_duration(-5 * nanos_per_second) == "-5 s");
}

TEST_CASE("byte counts") {
  CHECK(parse_bytes("200M") == 200u * 1024 * 1024);
  CHECK(parse_bytes("4GiB") == 4ull << 30);
  CHECK(parse_bytes("512") == 512u);
  CHECK_FALSE(parse_bytes("many").has_value());
  CHECK(format_bytes(1536) == "1.5 KiB");
  CHECK(format_bytes(12) == "12 B");
}
