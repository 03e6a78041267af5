// The anomalies' graphs as files.
#include <fmt/format.h>

#include "reports/anomaly_graph.hpp"
#include "reports/graph_drawing.hpp"
#include "reports/graph_layout.hpp"
#include "reports/report.hpp"
#include "reports/wording.hpp"

namespace gauntlet {

GraphFiles graph_files(const History& history, const Verdict& verdict) {
  GraphFiles result;
  std::vector<AnomalyGraph> graphs;
  for (const Anomaly& anomaly : verdict.anomalies)
    graphs.push_back(anomaly_graph(history, anomaly));
  const auto layouts = lay_out(graphs);
  if (!layouts) result.note = "graphs are written as DOT only: " + layouts.error().to_string();
  for (std::size_t i = 0; i < graphs.size(); ++i) {
    if (graphs[i].empty()) continue;
    const std::string title = anomaly_title(verdict.anomalies[i]);
    result.files.emplace_back(anomaly_id(i) + ".dot", to_dot(graphs[i], i, title));
    if (!layouts) continue;
    result.files.emplace_back(anomaly_id(i) + ".svg",
                              draw_file(graphs[i], (*layouts)[i], i, title) + "\n");
  }
  return result;
}

}  // namespace gauntlet
