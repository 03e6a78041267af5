// The time of a fault in a chart of the whole run.
#include <algorithm>

#include "reports/html_sections.hpp"

namespace gauntlet {

void write_fault_band(Markup& html, const ReportContext& context, const FaultEpisode& fault,
                      double width, double height) {
  const double per_ns = width / static_cast<double>(std::max<Nanos>(context.timebase.end(), 1));
  const double from = static_cast<double>(fault.begin) * per_ns;
  const double to = static_cast<double>(fault.over(context.timebase)) * per_ns;
  html.leaf("rect", {{"class", "band"},
                     {"x", svg_number(std::clamp(from, 0.0, width))},
                     {"width", svg_number(std::clamp(to - from, 1.0, width))},
                     {"height", svg_number(height)}});
}

}  // namespace gauntlet
