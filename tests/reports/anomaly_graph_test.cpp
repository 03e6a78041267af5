// Graphs of anomalies: what they hold, as text for Graphviz, laid out, drawn, and in the page.
#include "reports/anomaly_graph.hpp"

#include <doctest/doctest.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <cstdio>
#include <sstream>

#include "base/subprocess.hpp"
#include "checker/consistency_models.hpp"
#include "reports/glossary.hpp"
#include "reports/graph_drawing.hpp"
#include "reports/graph_layout.hpp"
#include "reports/operation_text.hpp"
#include "tests/reports/cycle_sample.hpp"
#include "tests/reports/hostile.hpp"

namespace gauntlet {

namespace {

bool graphviz_available() {
  static const bool available = [] {
    const auto result = run_process({.argv = {"dot", "-V"}});
    if (!result) std::puts("SKIPPED: the tests of layouts need the package graphviz");
    return result.has_value();
  }();
  return available;
}

/// Whether dot takes the text for a graph and answers SVG.
bool is_dot(const std::string& text) {
  const auto result = run_process({.argv = {"dot", "-Tsvg"}, .input = text});
  return result.has_value() && result->succeeded() && result->error_output.empty();
}

/// A register's history of `size` writes and an anomaly that claims a cycle of them, with as many
/// steps from which it follows.
struct LongCycle : CycleSample {
  explicit LongCycle(int size) {
    for (int i = 0; i < 2 * size; ++i) {
      add(OperationType::invoke, i, "write", i);
      add(OperationType::ok, i, "write", i);
    }
    REQUIRE(history.pair().has_value());
    Anomaly anomaly;
    anomaly.name = "CyclicCF";
    for (int i = 0; i < size; ++i) {
      const auto event = [&](int k) { return static_cast<EventIndex>(2 * k); };
      anomaly.edges.push_back({event(size + i), event(i), "session", "a step", false});
      anomaly.edges.push_back({event(i), event((i + 1) % size), "conflict", "a reason"});
    }
    verdict.anomalies.push_back(anomaly);
  }
};

}  // namespace

TEST_CASE("a cycle of transactions becomes a graph with stable ids") {
  const WriteSkew sample;
  REQUIRE(sample.verdict.validity == Validity::invalid);
  const Anomaly& anomaly = sample.verdict.anomalies.at(0);
  CHECK(anomaly.name == "G2-item");
  const AnomalyGraph graph = anomaly_graph(sample.history, anomaly);
  REQUIRE(graph.nodes.size() == 2);
  REQUIRE(graph.edges.size() == 2);
  CHECK(graph.nodes[0].lines[0].find("T1, operation ") == 0);
  CHECK(graph.nodes[0].lines.size() == 3);
  const std::string dot = to_dot(graph, 3, "G2-item");
  CHECK(dot.find("id=\"anomaly-3-op-0\"") != std::string::npos);
  CHECK(dot.find("id=\"anomaly-3-edge-1\"") != std::string::npos);
  CHECK(dot.find("URL=\"#op-1\"") != std::string::npos);
  CHECK(dot.find("label=\"rw\"") != std::string::npos);
  CHECK(dot.find("read \\\"x\\\" = []\\l") != std::string::npos);
}

TEST_CASE("a long cycle is drawn with its middle together, and derivations as far as they fit") {
  const LongCycle sample(100);
  const AnomalyGraph graph = anomaly_graph(sample.history, sample.verdict.anomalies[0]);
  CHECK(graph.nodes_left_out == 84);
  CHECK(graph.nodes.size() <= 33);
  CHECK(graph.edges_left_out > 0);
  std::size_t in_cycle = 0;
  for (const AnomalyGraph::Edge& edge : graph.edges) {
    REQUIRE(edge.from < graph.nodes.size());
    REQUIRE(edge.to < graph.nodes.size());
    in_cycle += edge.in_cycle;
  }
  CHECK(in_cycle == 17);  // closed, by way of the one that stands for the others
  if (!graphviz_available()) return;
  const auto layouts = lay_out({graph, AnomalyGraph(), graph});
  REQUIRE(layouts.has_value());
  CHECK((*layouts)[0].nodes.size() == graph.nodes.size());
  CHECK((*layouts)[1].nodes.empty());
  for (const GraphLayout::Box& box : (*layouts)[2].nodes) {
    CHECK(box.middle.x > 0);
    CHECK(box.middle.x < (*layouts)[2].width);
    CHECK(box.middle.y < (*layouts)[2].height);
  }
}

TEST_CASE("an anomaly that is no cycle has an arrow from what it contradicts") {
  CycleSample sample;
  const auto append = Value::list({Value::list({"append", "x", 1})});
  sample.add(OperationType::invoke, 0, "txn", append);
  sample.add(OperationType::fail, 0, "txn", append);
  sample.add(OperationType::invoke, 1, "txn", Value::list({Value::list({"r", "x", {}})}));
  sample.add(OperationType::ok, 1, "txn", Value::list({Value::list({"r", "x", Value::list({1})})}));
  sample.judge("list-append", "list-append", "all");
  REQUIRE(sample.verdict.validity == Validity::invalid);
  const Anomaly& anomaly = sample.verdict.anomalies.at(0);
  CHECK(anomaly.name == "G1a");
  REQUIRE(anomaly.edges.size() == 1);
  CHECK(anomaly.edges[0].from == 0);
  CHECK(anomaly.edges[0].to == 2);
  CHECK(!anomaly.edges[0].in_cycle);
  CHECK(anomaly_graph(sample.history, anomaly).nodes.size() == 2);
}

TEST_CASE("no text of a history gets out of its label") {
  if (!graphviz_available()) return;
  for (const std::string& text : hostile_texts()) {
    if (text.size() > 1000) continue;
    CAPTURE(text);
    for (const std::string& name : {text, text + "\\", text + "\\N\\G\"];x[label=\"", "<" + text}) {
      const WriteSkew sample(name, name + "2", name);
      REQUIRE(sample.verdict.validity == Validity::invalid);
      const AnomalyGraph graph = anomaly_graph(sample.history, sample.verdict.anomalies[0]);
      CHECK(is_dot(to_dot(graph, 0, name)));
      const auto layouts = lay_out({graph});
      REQUIRE(layouts.has_value());
      std::istringstream svg(draw_file(graph, (*layouts)[0], 0, name));
      boost::property_tree::ptree tree;
      CHECK_NOTHROW(boost::property_tree::read_xml(svg, tree));
      CHECK(svg.str().find("<img") == std::string::npos);
      CHECK(svg.str().find("<script") == std::string::npos);
    }
  }
}

TEST_CASE("what does not fit is refused as a layout") {
  AnomalyGraph graph;
  graph.nodes.resize(2);
  graph.edges.push_back({0, 1, 0, "ww", true});
  const std::string right =
      "graph 1 2 2\nnode n0 1 1 1 0.5 \"\" solid box black lightgrey\n"
      "node n1 1 0.2 1 0.5 \"\" solid box black lightgrey\n"
      "edge n0 n1 4 1 1 1 1 1 1 1 1 mm 1 1 solid #000000\nstop\n";
  REQUIRE(parse_plain(right, {graph}).has_value());
  CHECK((*parse_plain(right, {graph}))[0].nodes[0].middle.y == 72);
  const auto changed = [&](const std::string& what, const std::string& by) {
    std::string text = right;
    text.replace(text.find(what), what.size(), by);
    return parse_plain(text, {graph}).has_value();
  };
  CHECK(!changed("stop\n", ""));
  CHECK(!changed("stop\n", "stop\n" + right));
  CHECK(!changed("node n1", "node n2"));
  CHECK(!changed("node n1", "node n0"));
  CHECK(!changed("#000000", "#000001"));
  CHECK(!changed("n0 n1 4 1", "n0 n1 400 1"));
  CHECK(!changed("n0 n1 4 1 1 1 1", "n0 n1 2 1 1 1 1"));
  CHECK(!changed("0.2", "nan"));
  CHECK(!changed("0.2", "1e300"));
  CHECK(!parse_plain("", {graph}).has_value());
}

TEST_CASE("the page shows the graph, its reasons, and how strong the history is") {
  if (!graphviz_available()) return;
  const WriteSkew sample;
  const std::string page = html_report(sample.input);
  for (const char* expected :
       {"class=\"graph\"", "id=\"anomaly-0-edge-0\"", "href=\"#anomaly-0-edge-0-why\"",
        "id=\"anomaly-0-edge-0-why\"", "id=\"anomaly-0-op-0\"", "<dt>satisfies</dt>",
        "<dt>breaks</dt>", "repeatable-read (G2-item)", "id=\"models\"", "✓ holds", "✗ broken"}) {
    CAPTURE(expected);
    CHECK(page.find(expected) != std::string::npos);
  }
  const GraphFiles files = graph_files(sample.history, sample.verdict);
  REQUIRE(files.files.size() == 2 * sample.verdict.anomalies.size());
  CHECK(files.files[0].first == "anomaly-0.dot");
  CHECK(files.files[1].second.find("<style>") != std::string::npos);
  CHECK(files.note.empty());
}

TEST_CASE("a history without real time is not drawn as if it told any") {
  WriteSkew sample;
  CHECK(html_report(sample.input).find("no order is possible from here on") != std::string::npos);
  sample.history.forget_real_time();
  const std::string page = html_report(sample.input);
  CHECK(page.find("no order is possible from here on") == std::string::npos);
  CHECK(page.find("class=\"order\"") == std::string::npos);
  CHECK(page.find("The history tells no real time") != std::string::npos);
}

TEST_CASE("of a large transaction a graph shows what its edges are about") {
  CycleSample sample;
  Value::List asked, answered;
  for (const char* key : {"a", "b", "c", "d"}) {
    asked.push_back(Value::list({"r", key, {}}));
    answered.push_back(Value::list({"r", key, Value::list({1, 2})}));
  }
  sample.add(OperationType::invoke, 0, "txn", asked);
  sample.add(OperationType::ok, 0, "txn", answered);
  REQUIRE(sample.history.pair().has_value());
  const Values& values = sample.history.values();
  const ValueId b = values.as_list(values.as_list(sample.history.value(0))[1])[1];
  using Lines = std::vector<std::string>;
  CHECK(operation_lines(sample.history, 0, 40, {b}) == Lines{"read \"b\" = [1 2]", "…"});
  CHECK(operation_lines(sample.history, 0, 40).size() == 4);
}

TEST_CASE("every anomaly and every model of the table has its words") {
  for (const Subject subject : {Subject::operations, Subject::transactions}) {
    for (const ConsistencyModel& model : consistency_models(subject)) {
      CAPTURE(model.name);
      CHECK(!promise_of(model.name, "").empty());
      for (const std::string_view anomaly : model.forbids) {
        CAPTURE(anomaly);
        CHECK(!meaning_of(anomaly).empty());
      }
    }
  }
}

}  // namespace gauntlet
