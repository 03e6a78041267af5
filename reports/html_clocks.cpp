// How far the clock of each node was off over time.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/duration.hpp"
#include "reports/html_sections.hpp"
#include "reports/text.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t nodes_max = 100;
constexpr std::size_t points_max = 300;
constexpr double width = 360, height = 32;

std::string signed_text(Nanos ns) {
  return (ns < 0 ? "-" : "+") + format_duration(std::abs(ns));
}

/// The samples in `points_max` groups at most, of each the one that is furthest off.
std::vector<ClockSample> thinned(const std::vector<ClockSample>& samples) {
  std::vector<ClockSample> points;
  const std::size_t group = (samples.size() + points_max - 1) / points_max;
  for (std::size_t i = 0; i < samples.size(); i += group) {
    const auto begin = samples.begin() + static_cast<std::ptrdiff_t>(i);
    const auto count = static_cast<std::ptrdiff_t>(std::min(group, samples.size() - i));
    points.push_back(*std::max_element(begin, begin + count, [](const auto& a, const auto& b) {
      return std::abs(a.offset_ns) < std::abs(b.offset_ns);
    }));
  }
  return points;
}

/// A line of its own scale: the middle is right, an end is the furthest off.
void write_line(Markup& html, const ReportContext& context, const NodeClock& clock, Nanos most_ns) {
  const auto end_ns = static_cast<double>(std::max<Nanos>(context.timebase.end(), 1));
  html.open("svg", {{"class", "chart clock"},
                    {"width", svg_number(width)},
                    {"height", svg_number(height)},
                    {"role", "img"},
                    {"aria-label", "the clock's offset over time"}});
  for (const FaultEpisode& fault : context.faults) {
    const bool here = std::ranges::count(fault.targets, clock.node) > 0;
    if (here && fault.name.starts_with("clock-"))
      write_fault_band(html, context, fault, width, height);
  }
  std::string points;
  for (const ClockSample& sample : thinned(clock.samples)) {
    const double x = static_cast<double>(sample.at_ns) / end_ns * width;
    const double share = static_cast<double>(sample.offset_ns) / static_cast<double>(most_ns);
    points +=
        fmt::format("{}{},{}", points.empty() ? "" : " ", svg_number(std::clamp(x, 0.0, width)),
                    svg_number(height / 2 - share * (height / 2 - 2)));
  }
  html.leaf("polyline", {{"class", "offset"}, {"points", points}});
  html.close();
}

void write_clock(Markup& html, const ReportContext& context, const NodeClock& clock) {
  html.open("tr");
  html.element("th", printable(clock.node, 100), {{"scope", "row"}, {"class", "code"}});
  html.element("td", clock.of_database ? "the database's" : "the machine's");
  number_cell(html, grouped(clock.samples.size()));
  number_cell(html, grouped(clock.unanswered));
  if (clock.samples.empty()) {
    for (int i = 0; i < 3; ++i)
      number_cell(html, "-");
    html.element("td", "-").close();
    return;
  }
  const auto [least, most] = std::ranges::minmax(clock.samples, {}, &ClockSample::offset_ns);
  const Nanos within_ns = std::ranges::max(clock.samples, {}, &ClockSample::within_ns).within_ns;
  number_cell(html, signed_text(least.offset_ns));
  number_cell(html, signed_text(most.offset_ns));
  number_cell(html, format_duration(within_ns));
  html.open("td", {{"class", "share"}});
  const Nanos furthest = std::max(std::abs(least.offset_ns), std::abs(most.offset_ns));
  write_line(html, context, clock, std::max({furthest, within_ns, Nanos{1}}));
  html.close().close();
}

}  // namespace

bool has_clocks(const ReportContext& context) {
  return !context.input.clocks.empty();
}

void write_clocks(Markup& html, const ReportContext& context) {
  html.open("section", {{"id", "clocks"}}).element("h2", "Clocks");
  html.element(
      "p",
      "Each node was asked for its time in the course of the run; offsets are against the "
      "controller's clock, + is ahead. A line has a scale of its own, right in the middle; "
      "shaded: a fault on this node's clock.",
      {{"class", "quiet"}});
  open_table(html, "",
             {{"node"},
              {"clock"},
              {"samples", true},
              {"no answer", true},
              {"least", true},
              {"most", true},
              {"known within", true},
              {"over time"}});
  const auto& clocks = context.input.clocks;
  const std::size_t shown = std::min(clocks.size(), nodes_max);
  for (std::size_t i = 0; i < shown; ++i)
    write_clock(html, context, clocks[i]);
  close_table(html);
  write_cut(html, shown, clocks.size(), "nodes");
  html.close();
}

}  // namespace gauntlet
