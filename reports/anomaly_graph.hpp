// The operations of an anomaly and what came before what, as a graph that is small enough to look
// at, and as text for Graphviz.
//
// Ids are stable: an operation is named by the position of its invocation in the history, an edge
// by its place in the anomaly. The page, the files and the timeline use the same.
#pragma once

#include <string>
#include <vector>

#include "checker/verdict.hpp"
#include "history/history.hpp"

namespace gauntlet {

struct AnomalyGraph {
  struct Node {
    EventIndex operation = no_event;  ///< the invocation; no_event: stands for those left out
    std::vector<std::string> lines;   ///< printable, the first is the title
    bool in_cycle = false;
  };
  struct Edge {
    std::size_t from = 0, to = 0;  ///< positions of nodes
    std::size_t place = 0;         ///< in Anomaly::edges
    std::string label;             ///< printable
    bool in_cycle = false;
  };

  std::vector<Node> nodes;
  std::vector<Edge> edges;
  std::size_t nodes_left_out = 0;  ///< of a long cycle; they share one node
  std::size_t edges_left_out = 0;  ///< those that are not of the cycle

  bool empty() const { return edges.empty(); }
};

/// The cycle, its middle drawn together where it is long, and as many of the other edges as leave
/// it readable. Empty where the anomaly has no edges.
AnomalyGraph anomaly_graph(const History& history, const Anomaly& anomaly);

/// "anomaly-0": of the anomaly at that place in the verdict, a part of all its ids.
std::string anomaly_id(std::size_t number);
std::string edge_id(std::size_t anomaly, std::size_t place);

/// A digraph in the DOT language with labels, ids, and links to the operations in the report. All
/// texts of the history are escaped.
std::string to_dot(const AnomalyGraph& graph, std::size_t number, std::string_view title);

}  // namespace gauntlet
