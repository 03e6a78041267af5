#include "reports/graph_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/subprocess.hpp"
#include "reports/text.hpp"

namespace gauntlet {

namespace {

constexpr double px_per_inch = 72;
constexpr double character_width = 7.3;
constexpr std::chrono::milliseconds time_max{10'000};
constexpr std::size_t output_bytes_max = std::size_t{8} << 20;

/// An edge's number goes through Graphviz as its color, since its answer names edges by their ends,
/// and two may have the same.
std::string layout_input(const AnomalyGraph& graph) {
  std::string text =
      "digraph {\n  graph [nodesep=0.45, ranksep=0.5];\n"
      "  node [shape=box, fixedsize=true, label=\"\"];\n"
      "  edge [fontname=\"monospace\", fontsize=12];\n";
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    std::size_t width = 0;
    for (const std::string& line : graph.nodes[i].lines)
      width = std::max(width, columns(line));
    const double height = graph_line_height * static_cast<double>(graph.nodes[i].lines.size()) + 12;
    text += fmt::format("  n{} [width={:.3f}, height={:.3f}];\n", i,
                        (static_cast<double>(width) * character_width + 24) / px_per_inch,
                        height / px_per_inch);
  }
  for (std::size_t i = 0; i < graph.edges.size(); ++i) {
    const AnomalyGraph::Edge& edge = graph.edges[i];
    const std::string room(std::min<std::size_t>(columns(edge.label) + 1, 20), 'm');
    text += fmt::format("  n{} -> n{} [color=\"#{:06x}\", label=\"{}\", weight={}];\n", edge.from,
                        edge.to, i, room, edge.in_cycle ? 4 : 1);
  }
  return text + "}\n";
}

/// Words of a line of the plain format; ours have no blanks in them.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

std::optional<double> number_of(std::string_view word) {
  double number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool is_right = error == std::errc() && end == word.data() + word.size() &&
                        std::isfinite(number) && std::abs(number) < 1e6;
  return is_right ? std::optional(number) : std::nullopt;
}

std::optional<std::size_t> count_of(std::string_view word, int base = 10) {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), count, base);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return count;
}

class PlainParsing {
 public:
  explicit PlainParsing(const AnomalyGraph& graph) {
    layout_.nodes.resize(graph.nodes.size());
    layout_.edges.resize(graph.edges.size());
  }

  /// False where the line does not fit.
  bool take(const std::vector<std::string_view>& words) {
    if (words[0] == "graph" && words.size() == 4) {
      const auto size = point(words, 2);
      if (!size) return false;
      layout_.width = size->x * px_per_inch;
      height_ = size->y;
      layout_.height = size->y * px_per_inch;
      return true;
    }
    if (words[0] == "node" && words.size() >= 6) return take_node(words);
    if (words[0] == "edge" && words.size() >= 4) return take_edge(words);
    return false;
  }

  std::optional<GraphLayout> finish() {
    for (const GraphLayout::Box& box : layout_.nodes) {
      if (box.width <= 0) return std::nullopt;
    }
    for (const GraphLayout::Line& line : layout_.edges) {
      if (line.points.size() < 4 || line.points.size() % 3 != 1) return std::nullopt;
    }
    return std::move(layout_);
  }

 private:
  std::optional<Point> point(const std::vector<std::string_view>& words, std::size_t at) const {
    if (at + 1 >= words.size()) return std::nullopt;
    const auto x = number_of(words[at]), y = number_of(words[at + 1]);
    if (!x || !y) return std::nullopt;
    return Point{*x, *y};
  }
  Point placed(Point inches) const {
    return {inches.x * px_per_inch, (height_ - inches.y) * px_per_inch};
  }

  bool take_node(const std::vector<std::string_view>& words) {
    if (!words[1].starts_with('n')) return false;
    const auto place = count_of(words[1].substr(1));
    const auto middle = point(words, 2), size = point(words, 4);
    if (!place || *place >= layout_.nodes.size() || !middle || !size) return false;
    layout_.nodes[*place] = {placed(*middle), size->x * px_per_inch, size->y * px_per_inch};
    return true;
  }

  bool take_edge(const std::vector<std::string_view>& words) {
    const std::string_view color = words.back();
    const auto place = color.starts_with('#') ? count_of(color.substr(1), 16) : std::nullopt;
    const auto points = count_of(words[3]);
    if (!place || *place >= layout_.edges.size() || !points || *points > words.size()) return false;
    GraphLayout::Line line;
    for (std::size_t i = 0; i < *points; ++i) {
      const auto at = point(words, 4 + 2 * i);
      if (!at) return false;
      line.points.push_back(placed(*at));
    }
    const auto label = point(words, 5 + 2 * *points);  // behind the label itself
    if (!label) return false;
    line.label = placed(*label);
    layout_.edges[*place] = std::move(line);
    return true;
  }

  GraphLayout layout_;
  double height_ = 0;
};

}  // namespace

Result<std::vector<GraphLayout>> parse_plain(std::string_view text,
                                             const std::vector<AnomalyGraph>& graphs) {
  std::vector<GraphLayout> layouts;
  const auto skip_empty = [&] {
    while (layouts.size() < graphs.size() && graphs[layouts.size()].empty())
      layouts.emplace_back();
  };
  skip_empty();
  std::optional<PlainParsing> parsing;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto words = words_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty()) continue;
    bool fits = layouts.size() < graphs.size();
    if (fits && words[0] == "stop" && parsing) {
      auto layout = parsing->finish();
      fits = layout.has_value();
      if (fits) layouts.push_back(std::move(*layout));
      parsing.reset();
      skip_empty();
    } else if (fits) {
      if (!parsing) parsing.emplace(graphs[layouts.size()]);
      fits = parsing->take(words);
    }
    if (!fits) return failure(ErrorKind::resource, "Graphviz answered something unexpected");
  }
  if (layouts.size() != graphs.size()) {
    return failure(ErrorKind::resource, "Graphviz answered fewer graphs than it was given");
  }
  return layouts;
}

Result<std::vector<GraphLayout>> lay_out(const std::vector<AnomalyGraph>& graphs) {
  LocalProgram dot{.argv = {"dot", "-Tplain"}, .timeout = time_max};
  dot.output_bytes_max = output_bytes_max;
  for (const AnomalyGraph& graph : graphs) {
    if (!graph.empty()) dot.input += layout_input(graph);
  }
  if (dot.input.empty()) return std::vector<GraphLayout>(graphs.size());
  const auto result = run_process(dot);
  if (!result && result.error().kind == ErrorKind::timeout) {
    return failure(ErrorKind::timeout, "Graphviz took longer than 10 s");
  }
  if (!result) return failure(ErrorKind::resource, "Graphviz (dot) is not installed");
  if (!result->succeeded() || result->truncated) {
    return failure(ErrorKind::resource, "Graphviz (dot) failed",
                   printable(result->error_output, 200));
  }
  return parse_plain(result->output, graphs);
}

}  // namespace gauntlet
