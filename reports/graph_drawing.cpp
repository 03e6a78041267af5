#include "reports/graph_drawing.hpp"

#include <fmt/format.h>

#include <cmath>

#include "reports/anomaly_timeline.hpp"
#include "reports/markup.hpp"

namespace gauntlet {

namespace {

constexpr double margin = 6;
constexpr double arrow_half_width = 3.8;

constexpr std::string_view file_style =
    "text{font:12px monospace;fill:#1b1f24}.title{font-weight:700}"
    ".box{fill:#fff;stroke:#59636e}.box.cycle{stroke:#c4232d;stroke-width:1.6}"
    ".edge path{fill:none;stroke:#59636e;stroke-dasharray:4 3}.edge polygon{fill:#59636e}"
    ".edge text{fill:#59636e}.edge.cycle path{stroke:#c4232d;stroke-width:2;stroke-dasharray:none}"
    ".edge.cycle polygon{fill:#c4232d}.edge.cycle text{fill:#c4232d;font-weight:700}";

class Drawing {
 public:
  Drawing(const AnomalyGraph& graph, const GraphLayout& layout, std::size_t number, bool is_file)
      : graph_(graph), layout_(layout), number_(number), is_file_(is_file) {}

  std::string draw(std::string_view title) {
    const double width = layout_.width + 2 * margin;
    const double height = layout_.height + 2 * margin;
    svg_.open("svg", {{"xmlns", is_file_ ? "http://www.w3.org/2000/svg" : ""},
                      {"class", "graph"},
                      {"role", "img"},
                      {"aria-label", title},
                      {"width", svg_number(width)},
                      {"height", svg_number(height)},
                      {"viewBox", fmt::format("{0} {0} {1} {2}", svg_number(-margin),
                                              svg_number(width), svg_number(height))}});
    if (is_file_) {
      svg_.element("title", title);
      svg_.open("style").raw(file_style).close();
    }
    for (std::size_t i = 0; i < graph_.edges.size(); ++i) {
      if (!graph_.edges[i].in_cycle) draw_edge(i);
    }
    for (std::size_t i = 0; i < graph_.edges.size(); ++i) {
      if (graph_.edges[i].in_cycle) draw_edge(i);
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
      draw_node(i);
    svg_.close();
    return svg_.take();
  }

 private:
  /// Opens a link in the page, and a group in a file.
  void open_group(std::string_view id, std::string_view href, std::string_view classes) {
    svg_.open(is_file_ || href.empty() ? "g" : "a",
              {{"id", id}, {"class", classes}, {"href", is_file_ ? "" : href}});
  }

  void draw_node(std::size_t i) {
    const AnomalyGraph::Node& node = graph_.nodes[i];
    const GraphLayout::Box& box = layout_.nodes[i];
    const bool exists = node.operation != no_event;
    const std::string anchor = exists ? operation_anchor(node.operation) : "";
    open_group(exists ? anomaly_id(number_) + "-" + anchor : "", exists ? "#" + anchor : "",
               "vertex");
    svg_.leaf("rect", {{"class", node.in_cycle ? "box cycle" : "box"},
                       {"x", svg_number(box.middle.x - box.width / 2)},
                       {"y", svg_number(box.middle.y - box.height / 2)},
                       {"width", svg_number(box.width)},
                       {"height", svg_number(box.height)},
                       {"rx", "5"}});
    const double top =
        box.middle.y - graph_line_height * (static_cast<double>(node.lines.size()) / 2);
    for (std::size_t line = 0; line < node.lines.size(); ++line) {
      svg_.element(
          "text", node.lines[line],
          {{"class", line == 0 ? "title" : ""},
           {"x", svg_number(box.middle.x - box.width / 2 + 12)},
           {"y", svg_number(top + graph_line_height * (static_cast<double>(line) + 0.75))}});
    }
    svg_.close();
  }

  void draw_edge(std::size_t i) {
    const AnomalyGraph::Edge& edge = graph_.edges[i];
    const GraphLayout::Line& line = layout_.edges[i];
    open_group(edge_id(number_, edge.place), fmt::format("#{}-why", edge_id(number_, edge.place)),
               edge.in_cycle ? "edge cycle" : "edge");
    const auto text_of = [](const Point& p) {
      return fmt::format("{} {}", svg_number(p.x), svg_number(p.y));
    };
    std::string path = "M" + text_of(line.points[0]);
    for (std::size_t k = 1; k + 2 < line.points.size(); k += 3) {
      path += fmt::format("C{} {} {}", text_of(line.points[k]), text_of(line.points[k + 1]),
                          text_of(line.points[k + 2]));
    }
    svg_.leaf("path", {{"d", path}});
    draw_head(line);
    svg_.element("text", edge.label,
                 {{"x", svg_number(line.label.x)},
                  {"y", svg_number(line.label.y + 4)},
                  {"text-anchor", "middle"}});
    svg_.close();
  }

  /// The curve ends where the arrow's head begins.
  void draw_head(const GraphLayout::Line& line) {
    const Point& end = line.points.back();
    const Point& before = line.points[line.points.size() - 2];
    const double length = std::hypot(end.x - before.x, end.y - before.y);
    const Point along = length < 0.01
                            ? Point{0, 1}
                            : Point{(end.x - before.x) / length, (end.y - before.y) / length};
    const auto corner = [&](double forward, double sideways) {
      return fmt::format("{},{}", svg_number(end.x + forward * along.x - sideways * along.y),
                         svg_number(end.y + forward * along.y + sideways * along.x));
    };
    svg_.leaf("polygon",
              {{"points", fmt::format("{} {} {}", corner(graph_arrow_length, 0),
                                      corner(0, arrow_half_width), corner(0, -arrow_half_width))}});
  }

  const AnomalyGraph& graph_;
  const GraphLayout& layout_;
  std::size_t number_;
  bool is_file_;
  Markup svg_;
};

}  // namespace

std::string draw_inline(const AnomalyGraph& graph, const GraphLayout& layout, std::size_t number) {
  return Drawing(graph, layout, number, false)
      .draw("The operations of the anomaly, and which came before which");
}

std::string draw_file(const AnomalyGraph& graph, const GraphLayout& layout, std::size_t number,
                      std::string_view title) {
  return Drawing(graph, layout, number, true).draw(title);
}

}  // namespace gauntlet
