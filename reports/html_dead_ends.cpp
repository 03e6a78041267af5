#include "reports/html_dead_ends.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reports/anomaly_timeline.hpp"
#include "reports/html_sections.hpp"
#include "reports/operation_text.hpp"
#include "reports/text.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t dead_ends_max = 8;
constexpr std::size_t steps_max = 64;
constexpr std::size_t refusals_max = 12;

void write_order(Markup& html, const History& history, const DeadEnd& dead_end) {
  html.open("p", {{"class", "way-order"}});
  if (dead_end.order.empty()) html.element("span", "nothing can come first", {{"class", "quiet"}});
  const std::size_t shown = std::min(dead_end.order.size(), steps_max);
  for (std::size_t i = 0; i < shown; ++i) {
    const EventIndex invocation = dead_end.order[i];
    if (invocation >= history.size()) continue;
    if (i > 0) html.element("span", "then", {{"class", "then"}});
    html.open("a", {{"class", "step"}, {"href", "#" + operation_anchor(invocation)}});
    html.element("b", operation_label(history, invocation, 60));
    html.element("small", fmt::format(" process {}", history.process(invocation)));
    html.close();
  }
  if (shown < dead_end.order.size()) {
    html.text(fmt::format(" and {} more", dead_end.order.size() - shown));
  }
  html.close();
}

}  // namespace

std::string dead_ends_summary(const Anomaly& anomaly) {
  const std::size_t total = std::max(anomaly.dead_ends_total, anomaly.dead_ends.size());
  if (!anomaly.dead_ends_complete) {
    return fmt::format(
        "There are too many orders to try all; of those tried, {} go no further, and none has a "
        "place for all.",
        grouped(total));
  }
  return total == 1 ? "There is one way to begin an order, and it leads no further than this."
                    : fmt::format("There are {} ways to order some of them; none goes on to all.",
                                  grouped(total));
}

void write_dead_ends(Markup& html, const History& history, const Anomaly& anomaly) {
  if (anomaly.dead_ends.empty()) return;
  const std::size_t total = std::max(anomaly.dead_ends_total, anomaly.dead_ends.size());
  html.element("h4", "How far an order can get");
  html.element("p", dead_ends_summary(anomaly), {{"class", "quiet"}});
  html.open("ol", {{"class", "ways"}});
  const std::size_t shown = std::min(anomaly.dead_ends.size(), dead_ends_max);
  for (std::size_t i = 0; i < shown; ++i) {
    const DeadEnd& dead_end = anomaly.dead_ends[i];
    html.open("li");
    write_order(html, history, dead_end);
    html.open("ul", {{"class", "refusals"}});
    for (std::size_t k = 0; k < std::min(dead_end.refusals.size(), refusals_max); ++k)
      html.element("li", printable(dead_end.refusals[k].reason, 400));
    html.close();
    if (dead_end.refusals.size() > refusals_max) {
      html.element("p", fmt::format("and {} more", dead_end.refusals.size() - refusals_max),
                   {{"class", "quiet"}});
    }
    html.close();
  }
  html.close();
  write_cut(html, shown, total, "orders");
}

}  // namespace gauntlet
