// JUnit's XML, as CI systems read it: one test case a verdict. What could not be decided is an
// error, so that it never passes.
#include <fmt/format.h>

#include "base/assert.hpp"
#include "reports/markup.hpp"
#include "reports/report.hpp"
#include "reports/text.hpp"
#include "reports/timebase.hpp"
#include "reports/wording.hpp"

namespace gauntlet {

namespace {

std::string seconds(const ReportInput& input) {
  const Timebase timebase(*input.history);
  if (!timebase.has_times()) return "0";
  return fmt::format("{:.3f}", static_cast<double>(timebase.end()) / 1e9);
}

void write_case(Markup& xml, const ReportInput& input) {
  const Verdict& verdict = *input.verdict;
  xml.open("testcase",
           {{"name", input.title.empty() ? "history" : printable(input.title)},
            {"classname", fmt::format("gauntlet.{}", verdict.consistency.empty()
                                                         ? "consistency"
                                                         : printable(verdict.consistency))},
            {"time", seconds(input)}});
  if (verdict.validity == Validity::valid) {
    xml.element("system-out", verdict_sentence(verdict)).close();
    return;
  }
  const bool invalid = verdict.validity == Validity::invalid;
  const std::string type = !invalid                    ? "unknown"
                           : verdict.anomalies.empty() ? "violation"
                                                       : verdict.anomalies.front().name;
  xml.open(invalid ? "failure" : "error",
           {{"type", type}, {"message", printable(verdict_sentence(verdict), 1000)}});
  for (const auto& anomaly : verdict.anomalies) {
    xml.text(anomaly_title(anomaly)).raw("\n");
    for (const auto& sentence : anomaly.explanation)
      xml.text("  " + printable(sentence, 1000)).raw("\n");
  }
  xml.close().close();
}

}  // namespace

std::string junit_report(const std::vector<ReportInput>& inputs) {
  std::size_t failures = 0;
  std::size_t errors = 0;
  for (const auto& input : inputs) {
    GAUNTLET_ASSERT(input.history != nullptr && input.verdict != nullptr);
    failures += input.verdict->validity == Validity::invalid;
    errors += input.verdict->validity == Validity::unknown;
  }
  Markup xml;
  xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  const std::string tests = std::to_string(inputs.size());
  for (const char* tag : {"testsuites", "testsuite"}) {
    xml.open(tag, {{"name", "gauntlet"},
                   {"tests", tests},
                   {"failures", std::to_string(failures)},
                   {"errors", std::to_string(errors)}});
  }
  for (const auto& input : inputs)
    write_case(xml, input);
  xml.close().close();
  return xml.take() + "\n";
}

}  // namespace gauntlet
