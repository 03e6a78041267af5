// Draws a graph that was laid out as SVG.
#pragma once

#include <string>

#include "reports/anomaly_graph.hpp"
#include "reports/graph_layout.hpp"

namespace gauntlet {

/// For a place in the page, which styles it: edges lead to their sentences, operations to the
/// timeline. `number`: of the anomaly, in its ids.
std::string draw_inline(const AnomalyGraph& graph, const GraphLayout& layout, std::size_t number);

/// A file of its own with its style, without links.
std::string draw_file(const AnomalyGraph& graph, const GraphLayout& layout, std::size_t number,
                      std::string_view title);

}  // namespace gauntlet
