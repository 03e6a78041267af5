// results.json and JUnit: their schema, read back with a parser.
#include <doctest/doctest.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <sstream>

#include "history/json_value.hpp"
#include "tests/reports/hostile.hpp"
#include "tests/reports/sample.hpp"

namespace gauntlet {

namespace {

Value reparsed(const Value& value) {
  auto result = parse_json(to_json(value), "results.json");
  REQUIRE(result.has_value());
  return *result;
}

boost::property_tree::ptree parse_xml(const std::string& text) {
  std::istringstream in(text);
  boost::property_tree::ptree tree;
  boost::property_tree::read_xml(in, tree);
  return tree;
}

}  // namespace

TEST_CASE("results.json holds the verdict and the operations of its anomalies in full") {
  const Sample sample;
  const Value result = reparsed(verdict_to_value(sample.verdict, sample.history));
  CHECK(*result.find("schema") == Value(1));
  CHECK(*result.find("valid") == Value(false));
  CHECK(*result.find("consistency") == Value("linearizable"));
  CHECK(*result.find("model") == Value("cas-register"));
  CHECK(*result.find("anomalies_total") == Value(3));
  CHECK(result.find("parts")->items().size() == 3);
  CHECK(*result.find("parts")->items()[0].find("valid") == Value(false));
  REQUIRE(result.find("anomalies")->items().size() == 1);
  const Value& anomaly = result.find("anomalies")->items()[0];
  CHECK(*anomaly.find("name") == Value("stale read"));
  REQUIRE(anomaly.find("operations")->items().size() == 3);
  const Value& read = anomaly.find("operations")->items()[2];
  const Value& invocation = *read.find("invocation");
  const Value& completion = *read.find("completion");
  const EventIndex at = sample.stale[2];
  CHECK(*invocation.find("index") == Value(sample.history.index(at)));
  CHECK(*invocation.find("time") == Value(sample.history.time_ns(at)));
  CHECK(*invocation.find("type") == Value("invoke"));
  CHECK(*invocation.find("process") == Value(sample.history.process(at)));
  CHECK(*invocation.find("node") == Value("n1"));
  CHECK(*invocation.find("f") == Value("read"));
  CHECK(*completion.find("type") == Value("ok"));
  CHECK(*completion.find("value") ==
        *anomaly.find("operations")->items()[0].find("invocation")->find("value"));
  CHECK(*anomaly.find("detected_at")->find("index") == *completion.find("index"));
  const Value& dead_end = anomaly.find("dead_ends")->items().at(0);
  CHECK(dead_end.find("order")->items().size() == 2);
  CHECK(*dead_end.find("refused")->items().at(0).find("operation") ==
        *anomaly.find("operations")->items()[2].find("invocation")->find("index"));
}

TEST_CASE("unknown is neither true nor false") {
  const History history;
  Verdict verdict;
  verdict.reason = "out of time";
  const Value result = reparsed(verdict_to_value(verdict, history));
  CHECK(*result.find("valid") == Value("unknown"));
  CHECK(*result.find("reason") == Value("out of time"));
  CHECK(result.find("anomalies")->items().empty());
}

TEST_CASE("hostile texts leave both formats well-formed and bounded") {
  for (const auto& text : hostile_texts()) {
    History history;
    Operation op;
    op.f = text.substr(0, 1000);
    op.value = text;
    op.node = text;
    history.append(op);
    op.type = OperationType::fail;
    op.error = text;
    history.append(op);
    REQUIRE(history.pair().has_value());
    Verdict verdict;
    verdict.validity = Validity::invalid;
    Anomaly anomaly;
    anomaly.name = text.substr(0, 1000);
    anomaly.operations = {0, 7'000'000};
    anomaly.explanation = {text};
    anomaly.dead_ends = {{{0, 7'000'000}, text, {{7'000'000, text}}}};
    verdict.anomalies = {anomaly};
    ReportInput input;
    input.title = text;
    input.history = &history;
    input.verdict = &verdict;

    const std::string json = to_json(verdict_to_value(verdict, history));
    CHECK(parse_json(json, "x").has_value());
    CHECK(json.find('<') == std::string::npos);
    const std::string xml = junit_report({input});
    CHECK_NOTHROW(parse_xml(xml));
    CHECK(xml.size() < 30'000);
    for (const char c : xml)
      CHECK_UNARY((static_cast<unsigned char>(c) >= 0x20 || c == '\n'));
  }
}

TEST_CASE("JUnit tells failures, errors and passes apart") {
  const Sample invalid;
  SampleOptions options;
  options.stale_read = false;
  const Sample valid(options);
  const History empty;
  Verdict undecided;
  undecided.reason = "no operation succeeded";
  ReportInput unknown;
  unknown.title = "nothing";
  unknown.history = &empty;
  unknown.verdict = &undecided;

  const auto tree = parse_xml(junit_report({invalid.input, valid.input, unknown}));
  const auto& suite = tree.get_child("testsuites.testsuite");
  CHECK(suite.get<std::string>("<xmlattr>.tests") == "3");
  CHECK(suite.get<std::string>("<xmlattr>.failures") == "1");
  CHECK(suite.get<std::string>("<xmlattr>.errors") == "1");
  std::vector<std::string> outcomes;
  for (const auto& [tag, child] : suite) {
    if (tag != "testcase") continue;
    outcomes.push_back(child.count("failure") > 0 ? "failure"
                       : child.count("error") > 0 ? "error"
                                                  : "pass");
  }
  CHECK(outcomes == std::vector<std::string>{"failure", "pass", "error"});
}

}  // namespace gauntlet
