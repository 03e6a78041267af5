// Where the nodes and edges of graphs go: laid out by Graphviz, run as a bounded process.
//
// Graphviz sees numbers, sizes and our own labels only, no text of a history, and answers in its
// plain format; the drawing is ours. So whatever a history holds, it reaches neither Graphviz's
// parser nor, by way of Graphviz, a page.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "reports/anomaly_graph.hpp"

namespace gauntlet {

/// In px, y downwards.
struct Point {
  double x = 0, y = 0;
};

struct GraphLayout {
  struct Box {
    Point middle;
    double width = 0, height = 0;
  };
  struct Line {
    std::vector<Point>
        points;   ///< of cubic Bezier curves: 3 n + 1; the arrow's head begins at the last
    Point label;  ///< its middle
  };

  double width = 0, height = 0;
  std::vector<Box> nodes;   ///< as in the graph
  std::vector<Line> edges;  ///< as in the graph
};

/// In px.
inline constexpr double graph_line_height = 16;
inline constexpr double graph_arrow_length = 10;

/// Layouts of all graphs by one process; graphs without nodes get an empty one. An error says in
/// words why there is no drawing: Graphviz is missing, or took too long.
Result<std::vector<GraphLayout>> lay_out(const std::vector<AnomalyGraph>& graphs);

/// Of what `dot -Tplain` answers to the graphs. Anything that does not fit is an error.
Result<std::vector<GraphLayout>> parse_plain(std::string_view text,
                                             const std::vector<AnomalyGraph>& graphs);

}  // namespace gauntlet
