// What a set has lost, in the summary and on the page.
#include "reports/losses.hpp"

#include <doctest/doctest.h>

#include "checker/checker.hpp"
#include "reports/report.hpp"
#include "tests/checker/histories.hpp"

namespace gauntlet {

namespace {

constexpr int elements = 100;

/// One after the other, of which ten in a row are lost.
History history_with_losses() {
  std::vector<testing::TestOperation> operations;
  Value::List kept;
  for (int i = 0; i < elements; ++i) {
    const bool is_lost = i >= 30 && i < 40;
    if (!is_lost) kept.emplace_back(i);
    operations.push_back({i, "add", i, i, 2 * i, 2 * i + 1, OperationType::ok, "set"});
  }
  operations.push_back({elements,
                        "read",
                        {},
                        Value(std::move(kept)),
                        2 * elements,
                        2 * elements + 1,
                        OperationType::ok,
                        "set"});
  return testing::make_history(operations);
}

}  // namespace

TEST_CASE("losses: how many, and when they had been acknowledged") {
  const History history = history_with_losses();
  const Verdict verdict = CheckerRegistry::instance().find("set-elements")->check(history, {});
  REQUIRE(verdict.validity == Validity::invalid);
  const Timebase timebase(history);
  const Losses losses = losses_of(history, verdict, timebase, 10);
  CHECK(losses.all.acknowledged == 100);
  CHECK(losses.all.lost == 10);
  std::uint64_t acknowledged = 0, lost = 0;
  for (const auto& bar : losses.bars) {
    CHECK(bar.lost <= bar.acknowledged);
    acknowledged += bar.acknowledged;
    lost += bar.lost;
  }
  CHECK(acknowledged == 100);
  CHECK(lost == 10);
  CHECK(losses.bars[0].lost == 0);
  CHECK(losses.bars[3].lost > 0);
  CHECK(losses.bars[9].lost == 0);
  CHECK(losses_line(losses, timebase).starts_with("10 of 100 acknowledged elements (10.0 %), "));

  ReportInput input;
  input.history = &history;
  input.verdict = &verdict;
  CHECK(terminal_summary(input, false).find("  lost        10 of 100") != std::string::npos);
  const std::string page = html_report(input);
  CHECK(page.find("id=\"losses\"") != std::string::npos);
  CHECK(page.find("Lost: 10 of 100 acknowledged elements") != std::string::npos);
}

TEST_CASE("losses: indices of no add, and none at all, do no harm") {
  const History history = history_with_losses();
  const Timebase timebase(history);
  Verdict verdict;
  CHECK(losses_of(history, verdict, timebase).all.lost == 0);
  for (const Value& odd : {Value(), Value(3), Value::list({Value("<b>"), Value(-1), Value(1)})}) {
    verdict.statistics = Value::map({{"lost_adds", odd}});
    CHECK(losses_of(history, verdict, timebase).all.lost == 0);
    ReportInput input;
    input.history = &history;
    input.verdict = &verdict;
    CHECK_FALSE(html_report(input).empty());
    CHECK_FALSE(terminal_summary(input, false).empty());
  }
}

}  // namespace gauntlet
