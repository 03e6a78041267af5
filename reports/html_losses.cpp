// What a set has lost: how much, and when and through which node it had been acknowledged.
#include <algorithm>

#include "reports/html_sections.hpp"
#include "reports/losses.hpp"
#include "reports/text.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t nodes_max = 100;
constexpr double width = 720, height = 90;

void write_bar(Markup& html, std::string_view kind, double x, double bar_width, double below,
               double bar_height) {
  if (bar_height <= 0) return;
  html.leaf("rect", {{"class", kind},
                     {"x", svg_number(x)},
                     {"width", svg_number(bar_width)},
                     {"y", svg_number(height - below - bar_height)},
                     {"height", svg_number(bar_height)}});
}

/// What was acknowledged over time, what of it was lost at the bottom, faults behind.
void write_bars(Markup& html, const ReportContext& context, const Losses& losses) {
  std::uint64_t most = 1;
  for (const auto& bar : losses.bars)
    most = std::max(most, bar.acknowledged);
  html.open("svg", {{"class", "chart"},
                    {"width", svg_number(width)},
                    {"height", svg_number(height)},
                    {"role", "img"},
                    {"aria-label", "acknowledged elements over time, lost ones apart"}});
  for (const FaultEpisode& fault : context.faults)
    write_fault_band(html, context, fault, width, height);
  const double step = width / static_cast<double>(losses.bars.size());
  for (std::size_t i = 0; i < losses.bars.size(); ++i) {
    const auto& [acknowledged, lost] = losses.bars[i];
    const auto high = [&](std::uint64_t count) {
      return height * static_cast<double>(count) / static_cast<double>(most);
    };
    const double x = static_cast<double>(i) * step;
    write_bar(html, "lost", x, step - 1, 0, high(lost));
    write_bar(html, "ok", x, step - 1, high(lost), high(acknowledged - lost));
  }
  html.close();
}

void write_nodes(Markup& html, const Losses& losses) {
  if (losses.nodes.empty()) return;
  open_table(html, "By the node through which they were added",
             {{"node"}, {"acknowledged", true}, {"lost", true}, {"share", true}});
  std::size_t shown = 0;
  for (const auto& [node, count] : losses.nodes) {
    if (shown++ == nodes_max) break;
    html.open("tr");
    html.element("th", printable(node, 100), {{"scope", "row"}, {"class", "code"}});
    number_cell(html, grouped(count.acknowledged));
    number_cell(html, grouped(count.lost));
    number_cell(html, percentage(count.lost, count.acknowledged));
    html.close();
  }
  close_table(html);
  write_cut(html, std::min(shown, nodes_max), losses.nodes.size(), "nodes");
}

}  // namespace

bool has_losses(const ReportContext& context) {
  return context.verdict.statistics.find("lost_adds") != nullptr;
}

void write_losses(Markup& html, const ReportContext& context) {
  const Losses losses = losses_of(context.history, context.verdict, context.timebase);
  html.open("section", {{"id", "losses"}}).element("h2", "What was lost");
  html.element("p", "Lost: " + losses_line(losses, context.timebase) + ".");
  html.element(
      "p",
      "Acknowledged elements over the whole run, by the moment of the acknowledgement; red: "
      "those that are lost; shaded: faults in place.",
      {{"class", "quiet"}});
  write_bars(html, context, losses);
  write_nodes(html, losses);
  html.close();
}

}  // namespace gauntlet
