// Staleness in the summary and on the page: what is said of exact figures, bounds and gaps, and
// that figures of any shape do no harm.
#include "reports/staleness_text.hpp"

#include <doctest/doctest.h>

#include "tests/reports/sample.hpp"

namespace gauntlet {

namespace {

Value bounds(std::int64_t least, Value most) {
  const bool is_exact = most == Value(least);
  return Value::map({{"least", least}, {"most", std::move(most)}, {"exact", is_exact}});
}

Value figures() {
  const Value key = Value::map({{"key", "<b>6"},
                                {"reads", 100},
                                {"stale_reads", 13},
                                {"unexplained_reads", 0},
                                {"lag_max_ns", std::int64_t{1'570'000'000}},
                                {"versions_max", 17},
                                {"delta_ns", bounds(1'570'000'000, 1'570'000'000)},
                                {"k", bounds(18, 23)},
                                {"two_atomic", false}});
  Value all = key;
  all.set("reads", 869);
  all.set("lag_ns", Value::map({{"p50", 1000}, {"p90", 5000}, {"p99", 6000}, {"max", 7000}}));
  all.set("histogram", Value::list({Value::map({{"below_ns", 2000}, {"reads", 9}}),
                                    Value::map({{"below_ns", 5000}, {"reads", 0}}),
                                    Value::map({{"below_ns", 10'000}, {"reads", 4}})}));
  all.set("keys", Value::list({key}));
  all.set("keys_total", 7);
  return all;
}

}  // namespace

TEST_CASE("staleness in two lines") {
  Verdict verdict;
  CHECK(staleness_lines(verdict).empty());
  verdict.statistics.set("staleness", figures());
  CHECK(staleness_lines(verdict) ==
        std::vector<std::string>{
            "stale reads 13 of 869 (1.5 %), by up to 1.57 s and 17 versions",
            "2-atomic: no, k 18 to 23; delta 1.57 s",
        });

  Value other = figures();
  other.set("lag_max_ns", {});
  other.set("delta_ns", {});
  other.set("k", bounds(2, {}));
  other.set("two_atomic", {});
  other.set("versions_max", 1);
  other.set("unexplained_reads", 2);
  other.set("note", "1 of 3 keys were not measured");
  verdict.statistics.set("staleness", other);
  CHECK(staleness_lines(verdict) ==
        std::vector<std::string>{
            "stale reads 13 of 869 (1.5 %), by up to 1 version; 2 reads of values that nobody had "
            "begun to write",
            "2-atomic: undecided, k at least 2",
            "1 of 3 keys were not measured",
        });

  other = figures();
  other.set("stale_reads", 0);
  verdict.statistics.set("staleness", other);
  CHECK(staleness_lines(verdict)[0] == "no read of 869 is stale in every order");
}

TEST_CASE("staleness in the summary and on the page") {
  Sample sample;
  CHECK(terminal_summary(sample.input, false).find("staleness") == std::string::npos);
  CHECK(html_report(sample.input).find("id=\"staleness\"") == std::string::npos);
  sample.verdict.statistics.set("staleness", figures());
  const std::string summary = terminal_summary(sample.input, false);
  CHECK(summary.find("  staleness   stale reads 13 of 869 (1.5 %)") != std::string::npos);
  CHECK(summary.find("\n              2-atomic: no, k 18 to 23") != std::string::npos);
  const std::string page = html_report(sample.input);
  CHECK(page.find("id=\"staleness\"") != std::string::npos);
  CHECK(page.find("by up to 1.57 s and 17 versions") != std::string::npos);
  CHECK(page.find("&lt;b&gt;6") != std::string::npos);
  CHECK(page.find("<b>6") == std::string::npos);
  CHECK(page.find("Stale reads by their lag") != std::string::npos);
  CHECK(page.find("of 7 keys") != std::string::npos);
}

TEST_CASE("figures of a shape that nobody expects do no harm") {
  Sample sample;
  for (const Value& odd :
       {Value(), Value(3), Value("<script>"), Value(-1), Value::list({Value(), Value(1)})}) {
    Value shape = figures();
    for (auto& [name, figure] : shape.entries())
      figure = odd;
    sample.verdict.statistics.set("staleness", shape);
    CHECK(html_report(sample.input).find("<script>\"") == std::string::npos);
    CHECK(!terminal_summary(sample.input, false).empty());
    Value inner = figures();
    inner.set("keys", Value::list({odd, odd}));
    inner.set("histogram", Value::list({odd}));
    inner.set("lag_ns", odd);
    inner.set("k", Value::map({{"least", odd}, {"most", odd}}));
    sample.verdict.statistics.set("staleness", inner);
    CHECK(!html_report(sample.input).empty());
  }
}

}  // namespace gauntlet
