#include "reports/anomaly_graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "reports/anomaly_timeline.hpp"
#include "reports/operation_text.hpp"
#include "reports/text.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t nodes_max = 32;
constexpr std::size_t cycle_nodes_max = 16;
constexpr std::size_t lines_max = 8;
constexpr std::size_t line_columns_max = 44;

class Building {
 public:
  Building(const History& history, const Anomaly& anomaly) : history_(history), anomaly_(anomaly) {
    for (const AnomalyEdge& edge : anomaly.edges) {
      if (edge.key != ValueId::nil) keys_.insert(edge.key);
    }
  }

  AnomalyGraph build() {
    add_cycle();
    add_others();
    return std::move(graph_);
  }

 private:
  bool exists(const AnomalyEdge& edge) const {
    return edge.from < history_.size() && edge.to < history_.size();
  }

  void add_cycle() {
    std::vector<EventIndex> order;  // of the cycle's operations
    for (const AnomalyEdge& edge : anomaly_.edges) {
      if (!edge.in_cycle || !exists(edge)) continue;
      for (const EventIndex i : {edge.from, edge.to}) {
        if (std::find(order.begin(), order.end(), i) == order.end()) order.push_back(i);
      }
      if (order.size() > 10'000) break;
    }
    const bool is_long = order.size() > cycle_nodes_max;
    const std::size_t front = is_long ? cycle_nodes_max / 2 : order.size();
    const std::size_t back = is_long ? cycle_nodes_max - front : 0;
    for (std::size_t i = 0; i < front; ++i)
      add_node(order[i], true);
    if (is_long) {
      graph_.nodes_left_out = order.size() - front - back;
      for (std::size_t i = front; i < order.size() - back; ++i)
        places_[order[i]] = graph_.nodes.size();
      graph_.nodes.push_back(
          {no_event,
           {fmt::format("… {} …", counted(graph_.nodes_left_out, "more operation"))},
           true});
    }
    for (std::size_t i = order.size() - back; i < order.size(); ++i)
      add_node(order[i], true);
    for (std::size_t place = 0; place < anomaly_.edges.size(); ++place) {
      const AnomalyEdge& edge = anomaly_.edges[place];
      if (!edge.in_cycle || !exists(edge)) continue;
      const auto from = places_.find(edge.from), to = places_.find(edge.to);
      if (from == places_.end() || to == places_.end()) continue;
      if (from->second == to->second && edge.from != edge.to) continue;  // among those left out
      add_edge(from->second, to->second, place);
    }
  }

  void add_others() {
    for (std::size_t place = 0; place < anomaly_.edges.size(); ++place) {
      const AnomalyEdge& edge = anomaly_.edges[place];
      if (edge.in_cycle || !exists(edge)) continue;
      const std::size_t more = !places_.contains(edge.from) + !places_.contains(edge.to);
      if (graph_.nodes.size() + more > nodes_max || is_left_out(edge.from) ||
          is_left_out(edge.to)) {
        ++graph_.edges_left_out;
        continue;
      }
      for (const EventIndex i : {edge.from, edge.to}) {
        if (!places_.contains(i)) add_node(i, false);
      }
      add_edge(places_.at(edge.from), places_.at(edge.to), place);
    }
  }

  bool is_left_out(EventIndex i) const {
    const auto at = places_.find(i);
    return at != places_.end() && graph_.nodes[at->second].operation == no_event;
  }

  void add_node(EventIndex i, bool in_cycle) {
    places_[i] = graph_.nodes.size();
    AnomalyGraph::Node node{i, {}, in_cycle};
    const auto named = std::find_if(anomaly_.names.begin(), anomaly_.names.end(),
                                    [&](const auto& name) { return name.first == i; });
    node.lines.push_back(
        fmt::format("{}operation {} of process {}",
                    named == anomaly_.names.end() ? "" : printable(named->second, 20) + ", ",
                    history_.index(i), history_.process(i)));
    auto lines = operation_lines(history_, i, line_columns_max, keys_);
    const bool is_cut = lines.size() > lines_max;
    if (is_cut) lines.resize(lines_max);
    for (std::string& line : lines)
      node.lines.push_back(printable(line, 4 * line_columns_max));
    if (is_cut) node.lines.emplace_back("…");
    graph_.nodes.push_back(std::move(node));
  }

  void add_edge(std::size_t from, std::size_t to, std::size_t place) {
    const AnomalyEdge& edge = anomaly_.edges[place];
    graph_.edges.push_back({from, to, place, printable(edge.kind, 40), edge.in_cycle});
  }

  const History& history_;
  const Anomaly& anomaly_;
  AnomalyGraph graph_;
  std::set<ValueId> keys_;                    // that the edges are about
  std::map<EventIndex, std::size_t> places_;  // of nodes; several share that of those left out
};

/// As the inside of a quoted string. DOT takes backslashes for its own escapes, and `&` for an
/// entity.
std::string dot_escape(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '&') {
      result += "&amp;";
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace

AnomalyGraph anomaly_graph(const History& history, const Anomaly& anomaly) {
  return Building(history, anomaly).build();
}

std::string anomaly_id(std::size_t number) {
  return fmt::format("anomaly-{}", number);
}

std::string edge_id(std::size_t anomaly, std::size_t place) {
  return fmt::format("{}-edge-{}", anomaly_id(anomaly), place);
}

std::string to_dot(const AnomalyGraph& graph, std::size_t number, std::string_view title) {
  const std::string id = anomaly_id(number);
  std::string text = fmt::format(
      "digraph \"{0}\" {{\n  graph [label=\"{1}\", labelloc=t, fontname=\"sans-serif\"];\n"
      "  node [shape=box, style=rounded, fontname=\"monospace\", fontsize=11];\n"
      "  edge [fontname=\"monospace\", fontsize=11];\n",
      id, dot_escape(printable(title, 200)));
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const AnomalyGraph::Node& node = graph.nodes[i];
    std::string label;
    for (const std::string& line : node.lines)
      label += dot_escape(line) + "\\l";
    text += fmt::format("  n{} [label=\"{}\"", i, label);
    if (node.operation != no_event) {
      const std::string anchor = operation_anchor(node.operation);
      text += fmt::format(", id=\"{}-{}\", URL=\"#{}\"", id, anchor, anchor);
    }
    text += node.in_cycle ? "];\n" : ", color=gray50, fontcolor=gray30];\n";
  }
  for (const AnomalyGraph::Edge& edge : graph.edges) {
    text += fmt::format(
        "  n{} -> n{} [label=\"{}\", id=\"{}\", {}];\n", edge.from, edge.to, dot_escape(edge.label),
        edge_id(number, edge.place),
        edge.in_cycle ? "color=red3, penwidth=2" : "color=gray50, style=dashed, constraint=false");
  }
  return text + "}\n";
}

}  // namespace gauntlet
