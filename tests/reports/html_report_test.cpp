// The HTML report: complete without a script, escaped, bounded.
#include <doctest/doctest.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <sstream>

#include "history/json_value.hpp"
#include "reports/timeline_data.hpp"
#include "tests/reports/hostile.hpp"
#include "tests/reports/sample.hpp"

namespace gauntlet {

namespace {

/// The text between the first `begin` and the `end` after it.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find(begin);
  REQUIRE(from != std::string::npos);
  const std::size_t to = text.find(end, from + begin.size());
  REQUIRE(to != std::string::npos);
  return text.substr(from + begin.size(), to - from - begin.size());
}

constexpr const char* data_begin = "<script type=\"application/json\" id=\"data\">";

/// The page without what the scripts, the style and the data are made of.
std::string static_part(const std::string& html) {
  return between(html, "<body>", data_begin);
}

std::size_t occurrences(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("an invalid run is readable without a script") {
  const Sample sample;
  const std::string page = static_part(html_report(sample.input));
  for (const char* expected :
       {"INVALID", "Not linearizable as a cas-register: stale read on key", "cas-register",
        "rules out", "no order is possible from here on", "So there is no moment at which",
        "the container lacks CAP_SYS_TIME", "no packet was dropped",
        "2 nodes drop packets of 3 others (1,204 counted)", "etcdserver: request timed out",
        "--read-consistency serializable", "./nodes/n1/etcd.log",
        "Confirmed by a second checker: the brute-force verifier", "Verdict by key",
        "median lateness of operations 41 us", "How far an order can get",
        "leads no further than this", "but the value is"}) {
    CAPTURE(expected);
    CHECK(page.find(expected) != std::string::npos);
  }
  // The picture of the anomaly has a bar for each operation, which leads into the timeline.
  const std::string picture = between(page, "class=\"mini\"", "</svg>");
  for (const EventIndex i : sample.stale)
    CHECK(occurrences(picture, "href=\"#op-" + std::to_string(i) + "\"") == 1);
  CHECK(occurrences(picture, "class=\"operation ok fatal\"") == 1);
}

TEST_CASE("clocks are shown where they were sampled, escaped and bounded") {
  Sample sample;
  CHECK(static_part(html_report(sample.input)).find("id=\"clocks\"") == std::string::npos);
  NodeClock strobed{"n1<b>", true, {}, 3};
  for (Nanos i = 0; i < 5000; ++i)
    strobed.samples.push_back({i * nanos_per_millisecond, i % 2 * -3600 * nanos_per_second, 7000});
  sample.input.clocks = {strobed, {"n2", false, {}, 4}};
  const std::string page = static_part(html_report(sample.input));
  const std::string section = between(page, "id=\"clocks\"", "</section>");
  for (const char* expected : {"n1&lt;b&gt;", "-1 h", "5,000", "7 us", "the machine&#39;s"})
    CHECK_MESSAGE(section.find(expected) != std::string::npos, std::string(expected));
  CHECK(section.size() < 12'000);
  std::istringstream in("<body>" + page + "</body>");
  boost::property_tree::ptree tree;
  CHECK_NOTHROW(boost::property_tree::read_xml(in, tree));
}

TEST_CASE("the page is well-formed") {
  const Sample sample;
  std::istringstream in("<body>" + static_part(html_report(sample.input)) + "</body>");
  boost::property_tree::ptree tree;
  CHECK_NOTHROW(boost::property_tree::read_xml(in, tree));
}

TEST_CASE("the page loads nothing and says so to the browser") {
  const Sample sample;
  const std::string html = html_report(sample.input);
  CHECK(html.find("default-src &#39;none&#39;; script-src &#39;sha256-") != std::string::npos);
  CHECK(html.find("unsafe-inline") == std::string::npos);
  // The only addresses in it are the names of XML's namespaces.
  CHECK(occurrences(html, "http") ==
        occurrences(html, "http://www.w3.org/2000/svg") + occurrences(html, "http-equiv"));
  CHECK(html.find("src=") == std::string::npos);
  CHECK(html.find("<link") == std::string::npos);
  CHECK(html.find("@import") == std::string::npos);
  CHECK(html.find("url(") == std::string::npos);
  CHECK(html.find("innerHTML") == std::string::npos);
}

TEST_CASE("a valid run says what was checked, and cautions") {
  SampleOptions options;
  options.stale_read = false;
  const Sample sample(options);
  const std::string page = static_part(html_report(sample.input));
  CHECK(page.find("VALID") != std::string::npos);
  CHECK(page.find("INVALID") == std::string::npos);
  CHECK(page.find("operations that were judged are linearizable") != std::string::npos);
  CHECK(page.find("Of 6 faults, 1 was skipped, 1 had no effect") != std::string::npos);
  CHECK(page.find("id=\"anomalies\"") == std::string::npos);
}

TEST_CASE("an empty history of an unknown verdict still makes a page") {
  const History history;
  Verdict verdict;
  verdict.reason = "the history is empty";
  ReportInput input;
  input.history = &history;
  input.verdict = &verdict;
  const std::string html = html_report(input);
  CHECK(html.find("UNKNOWN") != std::string::npos);
  CHECK(html.find("the history is empty") != std::string::npos);
  CHECK(parse_json(between(html, data_begin, "</script>"), "data").has_value());
}

TEST_CASE("hostile texts everywhere neither break the page nor swell it") {
  for (const auto& text : hostile_texts()) {
    CAPTURE(text.substr(0, 40));
    History history;
    Operation op;
    op.f = text.substr(0, 1000);
    op.value = text;
    op.key = text;
    op.node = text;
    history.append(op);
    op.type = OperationType::info;
    op.error = text;
    history.append(op);
    op = {};
    op.process = nemesis_process;
    op.f = "inject-" + text.substr(0, 1000);
    op.value = Value::map({{"targets", Value::list({text})}, {"evidence", text}, {text, text}});
    history.append(op);
    op.type = OperationType::info;
    history.append(op);
    REQUIRE(history.pair().has_value());
    Verdict verdict;
    verdict.validity = Validity::invalid;
    verdict.reason = verdict.checker = verdict.consistency = verdict.model = text;
    verdict.algorithm = text;
    verdict.parts = {{text, Validity::invalid, text, 1}};
    verdict.statistics =
        Value::map({{text, text}, {"table", Value::list({Value::map({{text, text}})})}});
    Anomaly anomaly;
    anomaly.name = anomaly.key = anomaly.verified_by = text;
    anomaly.rules_out = anomaly.explanation = {text};
    anomaly.operations = {0, 1, 2, 999};
    anomaly.detected_at = 12345;
    anomaly.dead_ends = {{{0, 1, 999, 12345}, text, {{12345, text}, {0, text}}}, {{}, text, {}}};
    anomaly.certificate = text;
    verdict.anomalies = {anomaly};
    ReportInput input;
    input.title = text;
    input.history = &history;
    input.verdict = &verdict;
    input.facts = {{text, text}, {"command", text}};
    input.notes = {text};
    input.links = {{text, text}};

    const std::string html = html_report(input);
    CHECK(html.size() < 600'000);
    CHECK(occurrences(html, "<script") == 2);
    CHECK(occurrences(html, "</script>") == 2);
    CHECK(html.find("<img") == std::string::npos);
    CHECK(html.find("<svg onload") == std::string::npos);
    CHECK(html.find('\x1b') == std::string::npos);
    CHECK(html.find("\xE2\x80\xAE") == std::string::npos);
    CHECK(html.find("\xE2\x80\xA8") == std::string::npos);
    const std::string json = between(html, data_begin, "</script>");
    CHECK(parse_json(json, "data").has_value());
    std::istringstream in("<body>" + static_part(html) + "</body>");
    boost::property_tree::ptree tree;
    CHECK_NOTHROW(boost::property_tree::read_xml(in, tree));
  }
}

TEST_CASE("the data of the timeline matches the history") {
  const Sample sample;
  const Timebase timebase(sample.history);
  const auto faults = fault_episodes(sample.history, timebase);
  const TimelineData data =
      timeline_data(sample.history, timebase, faults, sample.verdict.anomalies);
  CHECK(data.operations_embedded == data.operations_total);
  const auto parsed = parse_json(data.json, "data");
  REQUIRE(parsed.has_value());
  const Value& columns = *parsed->find("operations");
  for (const auto& column : columns.entries()) {
    CAPTURE(column.first);
    CHECK(column.second.items().size() == data.operations_embedded);
  }
  const Value& anomaly = parsed->find("anomalies")->items().at(0);
  CHECK(anomaly.find("events")->items().size() == 3);
  CHECK(parsed->find("faults")->items().size() == 6);
  CHECK(parsed->find("lanes")->items().size() == 10);
  CHECK(parsed->find("bins")->find("lane")->items().empty());
}

TEST_CASE("a large history: anomalies and faults first, the rest counted, the page bounded") {
  SampleOptions options;
  options.length_ns = 630 * nanos_per_second;
  options.processes = 40;
  options.pause_ns = 70 * nanos_per_millisecond;
  const Sample sample(options);
  const std::string html = html_report(sample.input);
  CHECK(html.size() < 5'000'000);
  const auto parsed = parse_json(between(html, data_begin, "</script>"), "data");
  REQUIRE(parsed.has_value());
  const std::int64_t total = parsed->find("total")->integer();
  CHECK(total > 300'000);
  const auto& events = parsed->find("operations")->find("event")->items();
  CHECK(events.size() == 20'000);
  for (const EventIndex i : sample.stale)
    CHECK(std::find(events.begin(), events.end(), Value(std::int64_t{i})) != events.end());
  // Nothing is lost: what is not embedded is in the bins.
  std::int64_t counted = 0;
  for (const char* kind : {"ok", "fail", "info"}) {
    for (const auto& count : parsed->find("bins")->find(kind)->items())
      counted += count.integer();
  }
  CHECK(counted + static_cast<std::int64_t>(events.size()) == total);
}

TEST_CASE("values of a large history cannot swell the page") {
  History history;
  for (int i = 0; i < 30'000; ++i) {
    Operation op;
    op.process = i;
    op.f = "write";
    op.value = std::to_string(i) + std::string(400, '<');
    op.error = std::to_string(i) + std::string(400, '"');
    history.append(op);
    op.type = OperationType::fail;
    history.append(op);
  }
  REQUIRE(history.pair().has_value());
  Verdict verdict;
  ReportInput input;
  input.history = &history;
  input.verdict = &verdict;
  CHECK(html_report(input).size() < 5'000'000);
}

}  // namespace gauntlet
