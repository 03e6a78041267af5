// What is known of a record by its list, and which crash points are chosen of it.
#include "nemesis/crash/crash_points.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>

#include "tests/result_printing.hpp"

using namespace gauntlet;
using namespace gauntlet::crash;

namespace {

constexpr const char* list =
    "3 mark invoke\\x200\n"
    "5 fsync log\n"
    "6 mark ok\\x200\n"
    "7 mark invoke\\x201\n"
    "9 mark ok\\x201\n"
    "10 fsync-folder .\n"
    "12 write-sync log 0+10\n"
    "15 end\n";

}  // namespace

TEST_CASE("the list of a record gives the epochs between its fsyncs, and what was known by when") {
  const auto index = parse_record_index(list);
  REQUIRE(index);
  CHECK(index->entries == 15);
  REQUIRE(index->epochs.size() == 4);
  const std::uint64_t bounds[4][2] = {{0, 4}, {5, 9}, {10, 11}, {12, 15}};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(index->epochs[i].first == bounds[i][0]);
    CHECK(index->epochs[i].last == bounds[i][1]);
  }
  CHECK(index->epochs[3].sync == "write-sync log");
  CHECK(index->epoch_of(9).sync == "fsync log");
  CHECK(index->epoch_of(10).sync == "fsync-folder .");
  CHECK(index->acknowledged_by(5).empty());
  CHECK(index->acknowledged_by(6) == std::set<std::int64_t>{0});
  CHECK(index->invoked_by(2).empty());
  CHECK(index->invoked_by(7) == std::set<std::int64_t>{0, 1});
}

TEST_CASE("lists that make no sense are refused") {
  CHECK(parse_record_index("0 end\n"));
  for (const char* text :
       {"", "5 fsync log\n", "end\n", "x fsync log\n2 end\n", "-1 end\n", "5 fsync log\n4 end\n",
        "5 fsync log\n5 fsync log\n6 end\n", "5 write log\n6 end\n", "5 mark hello\n6 end\n",
        "5 mark ok\\x20x\n6 end\n", "99999999999999999999 end\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_record_index(text));
  }
}

TEST_CASE("crash points: every fsync is covered, and parts are lost in between") {
  const auto index = parse_record_index(list);
  const auto points = choose_crash_points(*index, 40, 1);
  REQUIRE(points.size() == 40);
  CHECK(points[0].entries == 15);
  CHECK(points[0].first == 12);
  std::set<std::uint64_t> whole;
  std::set<std::string> losses;
  for (const CrashPoint& point : points) {
    CHECK(point.first <= point.entries);
    CHECK(point.entries <= index->entries);
    losses.insert(point.loss);
    if (point.loss != "whole") CHECK(point.first == point.entries);
    if (point.loss == "whole") CHECK(whole.insert(point.entries).second);
  }
  CHECK(whole == std::set<std::uint64_t>{4, 9, 11, 15});
  CHECK(losses == std::set<std::string>{"whole", "pages", "sectors"});
  const auto same = choose_crash_points(*index, 40, 1), other = choose_crash_points(*index, 40, 2);
  CHECK(to_text(same[5]) == to_text(points[5]));
  CHECK(to_text(other[1]) != to_text(points[1]));
  CHECK(choose_crash_points(*parse_record_index("0 end\n"), 3, 1).size() == 3);
}

TEST_CASE("a crash point is named and found again") {
  const auto point = parse_crash_point("812:sectors:17");
  REQUIRE(point);
  CHECK(to_text(*point) == "812:sectors:17");
  for (const char* text : {"", "1", "1:whole", "1:half:0", "x:whole:0", "1:whole:-1", "1:whole:0 ",
                           "1:whole:9223372036854775808"})
    CHECK_FALSE(parse_crash_point(text));
  const auto index = parse_record_index(list);
  CHECK(placed(*index, *parse_crash_point("9:whole:0")).first == 5);
  CHECK(placed(*index, *parse_crash_point("9:pages:0")).first == 9);
}
