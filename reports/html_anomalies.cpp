// The anomalies: what, why, with which operations.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "reports/anomaly_graph.hpp"
#include "reports/anomaly_timeline.hpp"
#include "reports/glossary.hpp"
#include "reports/graph_drawing.hpp"
#include "reports/graph_layout.hpp"
#include "reports/html_dead_ends.hpp"
#include "reports/html_sections.hpp"
#include "reports/operation_text.hpp"
#include "reports/text.hpp"
#include "reports/wording.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t anomalies_max = 20;
constexpr std::size_t operations_max = 60;
constexpr std::size_t sentences_max = 60;

/// What all operations of an anomaly lack gets no column.
struct OperationColumns {
  bool node = false;
  bool key = false;
};

void write_operation_row(Markup& html, const ReportContext& context, EventIndex invocation,
                         EventIndex detected_at, const OperationColumns& columns) {
  const History& history = context.history;
  const Timebase& timebase = context.timebase;
  const OperationText text = operation_text(history, invocation);
  const EventIndex completion = history.partner(invocation);
  const bool fatal =
      detected_at != no_event && (invocation == detected_at || completion == detected_at);
  html.open("tr", {{"class", fatal ? "fatal" : ""}});
  html.open("td", {{"class", "number"}});
  html.element("a", std::to_string(history.index(invocation)),
               {{"href", "#" + operation_anchor(invocation)}, {"title", "show in the timeline"}});
  html.close();
  number_cell(html, std::to_string(history.process(invocation)));
  if (columns.node) html.element("td", history.node(invocation));
  html.open("td", {{"class", "code"}});
  if (text.f == "txn") {
    for (const std::string& line : operation_lines(history, invocation, 80))
      html.element("div", line);
  } else {
    html.element("b", text.f).text(" " + text.argument);
    if (!text.result.empty()) html.text(" → " + text.result);
  }
  html.close();
  if (columns.key) html.element("td", text.key, {{"class", "code"}});
  html.open("td").text(outcome_text(history, invocation));
  if (completion != no_event && !history.error(completion).empty()) {
    html.element("span", fmt::format(": {}", printable(history.error(completion), 160)),
                 {{"class", "quiet"}});
  }
  html.close();
  const Nanos begin = timebase.at(invocation);
  const Nanos end = timebase.completed(invocation);
  number_cell(html, timebase.moment(begin));
  number_cell(html, completion == no_event ? "never" : timebase.moment(end));
  number_cell(html, completion == no_event ? "-" : timebase.duration(end - begin));
  html.close();
}

void write_operation_table(Markup& html, const ReportContext& context,
                           const std::vector<EventIndex>& operations, EventIndex detected_at) {
  OperationColumns shown;
  for (const EventIndex i : operations) {
    shown.node = shown.node || !context.history.node(i).empty();
    shown.key = shown.key || context.history.key(i) != ValueId::nil;
  }
  std::vector<Column> columns = {{"index", true}, {"process", true}};
  if (shown.node) columns.push_back({"node"});
  columns.push_back({"operation"});
  if (shown.key) columns.push_back({"key"});
  columns.insert(columns.end(),
                 {{"outcome"}, {"invoked", true}, {"completed", true}, {"took", true}});
  open_table(html, "The operations involved, in order of time", columns);
  for (std::size_t i = 0; i < std::min(operations.size(), operations_max); ++i)
    write_operation_row(html, context, operations[i], detected_at, shown);
  close_table(html);
  write_cut(html, operations_max, operations.size(), "operations");
}

/// The place of the edge that each sentence is about, or that of none.
std::vector<std::size_t> edges_of_sentences(const Anomaly& anomaly) {
  std::map<std::string_view, std::size_t> places;
  for (std::size_t place = anomaly.edges.size(); place-- > 0;)
    places[anomaly.edges[place].why] = place;
  std::vector<std::size_t> result;
  for (const std::string& sentence : anomaly.explanation) {
    const auto at = places.find(sentence);
    result.push_back(at == places.end() ? anomaly.edges.size() : at->second);
  }
  return result;
}

void write_sentence(Markup& html, const Anomaly& anomaly, std::size_t number,
                    const std::string& sentence, std::size_t place) {
  if (place == anomaly.edges.size()) {
    html.element("li", sentence);
    return;
  }
  const std::string id = edge_id(number, place);
  html.open("li", {{"id", id + "-why"}});
  html.element("a", anomaly.edges[place].kind,
               {{"class", anomaly.edges[place].in_cycle ? "kind cycle" : "kind"},
                {"href", "#" + id},
                {"title", "show in the graph"}});
  html.text(" " + sentence).close();
}

void write_reasoning(Markup& html, const Anomaly& anomaly, std::size_t number) {
  if (anomaly.explanation.empty()) return;
  html.element("h4", "Why it is a violation");
  html.open("ol", {{"class", "reasoning"}});
  const auto places = edges_of_sentences(anomaly);
  for (std::size_t i = 0; i < std::min(anomaly.explanation.size(), sentences_max); ++i)
    write_sentence(html, anomaly, number, anomaly.explanation[i], places[i]);
  html.close();
  write_cut(html, sentences_max, anomaly.explanation.size(), "sentences");
}

/// The graphs of the anomalies that are shown, laid out together.
struct Graphs {
  std::vector<AnomalyGraph> graphs;
  Result<std::vector<GraphLayout>> layouts = std::vector<GraphLayout>();

  Graphs(const ReportContext& context, std::size_t shown) {
    for (std::size_t i = 0; i < shown; ++i)
      graphs.push_back(anomaly_graph(context.history, context.verdict.anomalies[i]));
    layouts = lay_out(graphs);
  }
};

/// What the arrows' labels mean.
void write_kinds(Markup& html, const AnomalyGraph& graph) {
  std::set<std::string_view> kinds;
  for (const AnomalyGraph::Edge& edge : graph.edges)
    kinds.insert(edge.label);
  html.open("p", {{"class", "quiet legend"}});
  for (const std::string_view kind : kinds) {
    const auto meaning = meaning_of_edge(kind);
    if (meaning.empty()) continue;
    html.element("b", kind).text(fmt::format(": {}. ", meaning));
  }
  html.close();
}

void write_graph(Markup& html, const Graphs& drawn, std::size_t number) {
  const AnomalyGraph& graph = drawn.graphs[number];
  if (graph.empty()) return;
  if (!drawn.layouts) {
    html.element("p", fmt::format("The graph is not drawn: {}.", drawn.layouts.error().what),
                 {{"class", "quiet"}});
    return;
  }
  html.open("figure", {{"class", "scroll"}, {"tabindex", "0"}});
  html.raw(draw_inline(graph, (*drawn.layouts)[number], number)).close();
  const bool has_cycle = std::any_of(graph.edges.begin(), graph.edges.end(),
                                     [](const auto& edge) { return edge.in_cycle; });
  std::string legend =
      has_cycle ? "An arrow says that one came before the other; the red ones lead in a circle."
                : "The arrow leads from what is contradicted to what contradicts it.";
  legend += " Each arrow leads to its reason, each operation to the timeline.";
  if (graph.nodes_left_out > 0) {
    legend += fmt::format(" {} of the circle are drawn as one.",
                          counted(graph.nodes_left_out, "operation"));
  }
  if (graph.edges_left_out > 0) {
    legend += fmt::format(" Left out: {} from which the red ones follow.",
                          counted(graph.edges_left_out, "other arrow"));
  }
  html.element("p", legend, {{"class", "quiet legend"}});
  write_kinds(html, graph);
}

void write_evidence(Markup& html, const Anomaly& anomaly) {
  html.open("p", {{"class", "verified"}});
  if (anomaly.verified_by.empty()) {
    html.text("⚠ Not confirmed by a second checker.");
  } else {
    html.text(fmt::format("✓ Confirmed by a second checker: {}", anomaly.verified_by));
  }
  html.close();
  if (anomaly.certificate.is_nil()) return;
  html.open("details");
  html.element("summary", "Certificate, as the verifier was shown it");
  html.element("pre", to_json(anomaly.certificate));
  html.close();
}

void write_anomaly(Markup& html, const ReportContext& context, const Graphs& graphs,
                   std::size_t number) {
  const Anomaly& anomaly = context.verdict.anomalies[number];
  // The clearest one is open; a list of many stays a list.
  html.open(
      "details",
      {{"class", "anomaly"}, {"id", anomaly_id(number)}, {"open", number == 0 ? "open" : ""}});
  html.open("summary");
  html.element("h3", anomaly_title(anomaly));
  if (!anomaly.rules_out.empty()) {
    html.open("span", {{"class", "rules-out"}}).text("rules out ");
    for (std::size_t i = 0; i < std::min<std::size_t>(anomaly.rules_out.size(), 30); ++i)
      html.element("span", anomaly.rules_out[i], {{"class", "chip"}}).text(" ");
    html.close();
  }
  html.close();
  if (const auto meaning = meaning_of(anomaly.name); !meaning.empty()) {
    html.element("p", meaning, {{"class", "meaning"}});
  }
  write_graph(html, graphs, number);
  const auto operations = invocations_of(context.history, anomaly.operations);
  if (!operations.empty()) {
    html.open("figure", {{"class", "scroll"}, {"tabindex", "0"}});
    html.raw(anomaly_timeline(context.history, context.timebase, operations, anomaly.detected_at,
                              context.faults));
    html.close();
    html.element(
        "p",
        context.history.has_real_time()
            ? "The order is exact, the distances are not: below each gap stands how long "
              "it really was. Arrows show what had ended before what began."
            : "The history tells no real time: only the order within a process is known. That one "
              "stands left of another says nothing.",
        {{"class", "quiet legend"}});
  }
  write_reasoning(html, anomaly, number);
  write_dead_ends(html, context.history, anomaly);
  if (!operations.empty()) {
    write_operation_table(html, context, operations, anomaly.detected_at);
    html.open("p", {{"class", "script-only"}});
    html.element("button", "Show in the timeline",
                 {{"type", "button"}, {"data-anomaly", std::to_string(number)}});
    html.close();
  }
  write_evidence(html, anomaly);
  html.close();
}

}  // namespace

bool has_anomalies(const ReportContext& context) {
  return !context.verdict.anomalies.empty();
}

void write_anomalies(Markup& html, const ReportContext& context) {
  const auto& anomalies = context.verdict.anomalies;
  html.open("section", {{"id", "anomalies"}});
  html.element("h2", anomalies.size() == 1 ? "Anomaly" : "Anomalies");
  const std::size_t shown = std::min(anomalies.size(), anomalies_max);
  const std::size_t total = std::max(context.verdict.anomalies_total, anomalies.size());
  if (total > shown) {
    html.element("p",
                 fmt::format("Of {}, the clearest {} explained here.",
                             counted(total, "anomaly", "anomalies"),
                             shown == 1 ? "one is" : fmt::format("{} are", shown)),
                 {{"class", "quiet"}});
  }
  const Graphs graphs(context, shown);
  for (std::size_t i = 0; i < shown; ++i)
    write_anomaly(html, context, graphs, i);
  html.close();
}

}  // namespace gauntlet
