#include "reports/anomaly_timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/utf8.hpp"
#include "reports/counts.hpp"
#include "reports/markup.hpp"
#include "reports/operation_text.hpp"
#include "reports/text.hpp"

namespace gauntlet {

namespace {

// In px of the drawing, which is shown at its own size.
constexpr double gutter = 132;       ///< left of the axis: names of processes
constexpr double right_margin = 24;  ///< right of the last event: bars without an end
constexpr double row_height = 40;
constexpr double bar_height = 24;
constexpr double band_row_height = 16;
constexpr double gap_min = 54;          ///< between two events, for the duration written there
constexpr double gap_min_crowded = 26;  ///< the same where there are many events
constexpr std::size_t crowded_from = 16;
constexpr double character_width = 7.3;
constexpr double gap_character_width = 6;
constexpr double width_min = 1130;
constexpr std::size_t label_columns_max = 36;
constexpr std::size_t bands_max = 4;
constexpr std::size_t order_arrows_operations_max = 10;

struct Bar {
  EventIndex invocation;
  OperationType outcome;
  std::string label;
  std::size_t from;  ///< into the columns
  std::size_t to;    ///< into the columns; the last column where the end is open
  bool open_ended;
  bool fatal;
  std::size_t row;
};

struct Row {
  Process process;
  std::string_view node;
};

double label_width(std::string_view label) {
  return static_cast<double>(columns(label)) * character_width + 16;
}

std::string shortened(const std::string& label) {
  std::string plain = printable(label, 400);
  if (columns(plain) <= label_columns_max) return plain;
  std::size_t bytes = 0;
  for (std::size_t taken = 0; taken + 1 < label_columns_max; ++taken)
    bytes += std::max<std::size_t>(decode_utf8(std::string_view(plain).substr(bytes)).length, 1);
  return plain.substr(0, bytes) + "…";
}

class Drawing {
 public:
  Drawing(const History& history, const Timebase& timebase, EventIndex detected_at)
      : history_(history), timebase_(timebase), detected_at_(detected_at) {}

  std::string draw(const std::vector<EventIndex>& operations,
                   const std::vector<FaultEpisode>& faults) {
    lay_out(operations);
    choose_bands(faults);
    const double top = 22 + band_row_height * static_cast<double>(bands_.size());
    rows_top_ = top;
    rows_bottom_ = top + row_height * static_cast<double>(rows_.size());
    const double width = x_.back() + right_margin;
    const double height = rows_bottom_ + 44;
    svg_.open("svg",
              {{"class", "mini"},
               {"role", "img"},
               {"aria-label", "The operations of the anomaly by process, in order of time"},
               {"width", svg_number(width)},
               {"height", svg_number(height)},
               {"viewBox", fmt::format("0 0 {} {}", svg_number(width), svg_number(height))}});
    draw_bands();
    draw_rows(width);
    draw_axis();
    if (bars_.size() <= order_arrows_operations_max && history_.has_real_time()) draw_order();
    for (const auto& bar : bars_)
      draw_bar(bar);
    if (history_.has_real_time()) draw_detection();
    svg_.close();
    return svg_.take();
  }

 private:
  bool ends(EventIndex invocation) const {
    const OperationType outcome = outcome_of(history_, invocation);
    return outcome == OperationType::ok || outcome == OperationType::fail;
  }

  /// Finds the columns (events, in order) and gives each an x such that every label fits: a longest
  /// path from left to right.
  void lay_out(const std::vector<EventIndex>& operations) {
    for (const EventIndex i : operations) {
      events_.push_back(i);
      if (ends(i)) events_.push_back(history_.partner(i));
    }
    if (detected_at_ < history_.size()) events_.push_back(detected_at_);
    std::sort(events_.begin(), events_.end());
    events_.erase(std::unique(events_.begin(), events_.end()), events_.end());
    const auto column_of = [&](EventIndex event) {
      return static_cast<std::size_t>(std::lower_bound(events_.begin(), events_.end(), event) -
                                      events_.begin());
    };
    for (const EventIndex i : operations) {
      const EventIndex end = ends(i) ? history_.partner(i) : no_event;
      Bar bar{i,
              outcome_of(history_, i),
              shortened(operation_label(history_, i, 400)),
              column_of(i),
              end == no_event ? events_.size() : column_of(end),
              end == no_event,
              i == detected_at_ || (end != no_event && end == detected_at_),
              row_of(i)};
      bars_.push_back(std::move(bar));
    }
    x_.assign(events_.size() + 1, gutter);
    for (std::size_t k = 1; k < x_.size(); ++k) {
      x_[k] = x_[k - 1] + (k < events_.size() ? gap_width(k) : right_margin);
      for (const auto& bar : bars_) {
        if (bar.to == k) x_[k] = std::max(x_[k], x_[bar.from] + label_width(bar.label));
      }
    }
    const double width = x_.back() - gutter;
    const double room = width_min - gutter - right_margin;
    if (width >= room) return;
    for (double& x : x_)
      x = gutter + (x - gutter) * room / width;
  }

  /// Longer gaps get a little more room: a tenfold time takes 12 px more.
  double gap_width(std::size_t column) const {
    const auto span = static_cast<double>(time_of(column) - time_of(column - 1));
    return (events_.size() < crowded_from ? gap_min : gap_min_crowded) +
           12 * std::clamp(std::log10(1 + std::max(span, 0.0) / 1e6), 0.0, 5.0);
  }

  Nanos time_of(std::size_t column) const {
    return timebase_.at(events_[std::min(column, events_.size() - 1)]);
  }

  std::size_t row_of(EventIndex i) {
    const Process process = history_.process(i);
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      if (rows_[row].process == process) return row;
    }
    rows_.push_back({process, history_.node(i)});
    return rows_.size() - 1;
  }

  double row_middle(std::size_t row) const {
    return rows_top_ + row_height * (static_cast<double>(row) + 0.5);
  }

  /// Where a moment lies between the events, by proportion within its gap.
  double x_at(Nanos time) const {
    if (time <= time_of(0)) return gutter - 8;
    for (std::size_t k = 1; k < events_.size(); ++k) {
      const Nanos before = time_of(k - 1);
      const Nanos after = time_of(k);
      if (time > after || after <= before) continue;
      const double share = static_cast<double>(time - before) / static_cast<double>(after - before);
      return x_[k - 1] + share * (x_[k] - x_[k - 1]);
    }
    return x_.back();
  }

  void choose_bands(const std::vector<FaultEpisode>& faults) {
    const Nanos first = time_of(0);
    const Nanos last = time_of(events_.size() - 1);
    for (const auto& fault : faults) {
      const bool in_place = fault.skipped.empty() && fault.took_effect != false;
      if (!in_place || fault.begin > last || fault.over(timebase_) < first) continue;
      bands_.push_back(&fault);
      if (bands_.size() == bands_max) return;
    }
  }

  void draw_bands() {
    double y = 18;
    for (const FaultEpisode* fault : bands_) {
      const double left = x_at(fault->begin);
      const double right = std::max(x_at(fault->over(timebase_)), left + 4);
      std::string label = fault->name;
      if (!fault->targets.empty()) label += " " + targets_text(*fault);
      svg_.open("g", {{"class", "fault"}});
      svg_.element("title",
                   fmt::format("{}, {} to {}, {}", label, timebase_.moment(fault->begin),
                               fault->healed ? timebase_.moment(*fault->healed) : "the end",
                               effect_text(*fault)));
      svg_.leaf("rect", {{"class", "band"},
                         {"x", svg_number(left)},
                         {"y", svg_number(y)},
                         {"width", svg_number(right - left)},
                         {"height", svg_number(rows_bottom_ - y)}});
      for (std::size_t row = 0; row < rows_.size(); ++row) {
        if (!targets(*fault, rows_[row].node)) continue;
        svg_.leaf("rect", {{"class", "hit"},
                           {"x", svg_number(left)},
                           {"y", svg_number(row_middle(row) - row_height / 2)},
                           {"width", svg_number(right - left)},
                           {"height", svg_number(row_height)}});
      }
      const bool fits = label_width(printable(label, 60)) < x_.back() - left;
      svg_.element("text", printable(label, 60),
                   {{"class", "band-label"},
                    {"x", svg_number(fits ? left + 4 : x_.back() - 4)},
                    {"y", svg_number(y + 11)},
                    {"text-anchor", fits ? "start" : "end"}});
      svg_.close();
      y += band_row_height;
    }
  }

  static bool targets(const FaultEpisode& fault, std::string_view node) {
    return std::find(fault.targets.begin(), fault.targets.end(), node) != fault.targets.end();
  }

  void draw_rows(double width) {
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const double y = row_middle(row);
      svg_.leaf("line", {{"class", "row"},
                         {"x1", svg_number(gutter)},
                         {"x2", svg_number(width)},
                         {"y1", svg_number(y)},
                         {"y2", svg_number(y)}});
      svg_.open("text", {{"class", "row-label"}, {"x", "4"}, {"y", svg_number(y + 4)}});
      svg_.text(fmt::format("process {}", rows_[row].process));
      if (!rows_[row].node.empty()) {
        svg_.element("tspan", printable(rows_[row].node, 10), {{"class", "node"}, {"dx", "7"}});
      }
      svg_.close();
    }
  }

  void draw_axis() {
    const double y = rows_bottom_ + 4;
    for (std::size_t k = 0; k < events_.size(); ++k) {
      svg_.leaf("line", {{"class", "tick"},
                         {"x1", svg_number(x_[k])},
                         {"x2", svg_number(x_[k])},
                         {"y1", svg_number(rows_top_ - 2)},
                         {"y2", svg_number(y)}});
      if (k == 0) continue;
      const std::string gap = timebase_.duration(std::max<Nanos>(time_of(k) - time_of(k - 1), 0));
      if (static_cast<double>(columns(gap)) * gap_character_width > x_[k] - x_[k - 1]) continue;
      svg_.element("text", gap,
                   {{"class", "gap"},
                    {"x", svg_number((x_[k] + x_[k - 1]) / 2)},
                    {"y", svg_number(y + 11)},
                    {"text-anchor", "middle"}});
    }
    const auto moment_label = [&](std::size_t column, const char* anchor) {
      svg_.element("text", timebase_.moment(time_of(column)),
                   {{"class", "moment"},
                    {"x", svg_number(x_[column])},
                    {"y", svg_number(y + 28)},
                    {"text-anchor", anchor}});
    };
    moment_label(0, "start");
    if (events_.size() > 1) moment_label(events_.size() - 1, "end");
  }

  /// Arrows from the end of one operation to the begin of the next that began after it: the order
  /// that real time forces, without the arrows that follow from others.
  void draw_order() {
    const auto before = [](const Bar& a, const Bar& b) { return !a.open_ended && a.to < b.from; };
    for (const auto& a : bars_) {
      for (const auto& b : bars_) {
        if (!before(a, b) || a.row == b.row) continue;
        const bool follows = std::any_of(
            bars_.begin(), bars_.end(), [&](const Bar& c) { return before(a, c) && before(c, b); });
        if (follows) continue;
        const double x1 = x_[a.to];
        const double x2 = x_[b.from] - 5;
        const double y1 = row_middle(a.row);
        const double y2 = row_middle(b.row);
        const double bend = std::min(40.0, (x2 - x1) / 2);
        svg_.leaf("path",
                  {{"class", "order"},
                   {"d", fmt::format("M{} {}C{} {} {} {} {} {}", svg_number(x1), svg_number(y1),
                                     svg_number(x1 + bend), svg_number(y1), svg_number(x2 - bend),
                                     svg_number(y2), svg_number(x2), svg_number(y2))}});
        svg_.leaf("path",
                  {{"class", "order-head"},
                   {"d", fmt::format("M{} {}l-6 -3.5v7z", svg_number(x2 + 5), svg_number(y2))}});
      }
    }
  }

  void draw_bar(const Bar& bar) {
    const double left = x_[bar.from];
    const double right = bar.open_ended ? x_.back() + right_margin - 4 : x_[bar.to];
    const double top = row_middle(bar.row) - bar_height / 2;
    const std::string kind = bar.open_ended && bar.outcome == OperationType::invoke
                                 ? std::string("open")
                                 : std::string(to_string(bar.outcome));
    svg_.open("a", {{"href", "#" + operation_anchor(bar.invocation)},
                    {"class", fmt::format("operation {}{}", kind, bar.fatal ? " fatal" : "")}});
    const Nanos begin = timebase_.at(bar.invocation);
    std::string title =
        fmt::format("{}: {}, invoked {}", operation_label(history_, bar.invocation),
                    outcome_text(history_, bar.invocation), timebase_.moment(begin));
    if (history_.partner(bar.invocation) != no_event) {
      title += fmt::format(", completed {}", timebase_.moment(timebase_.completed(bar.invocation)));
    }
    svg_.element("title", title);
    if (bar.open_ended) {
      svg_.leaf("path", {{"class", "bar"},
                         {"d", fmt::format("M{0} {1}H{2}l6 {3}l-6 {3}H{0}z", svg_number(left),
                                           svg_number(top), svg_number(right - 6),
                                           svg_number(bar_height / 2))}});
    } else {
      svg_.leaf("rect", {{"class", "bar"},
                         {"x", svg_number(left)},
                         {"y", svg_number(top)},
                         {"width", svg_number(std::max(right - left, 2.0))},
                         {"height", svg_number(bar_height)},
                         {"rx", "4"}});
    }
    svg_.element("text", bar.label,
                 {{"class", "label"},
                  {"x", svg_number(left + 8)},
                  {"y", svg_number(row_middle(bar.row) + 4)}});
    svg_.close();
  }

  void draw_detection() {
    if (detected_at_ >= history_.size()) return;
    const auto column = static_cast<std::size_t>(
        std::lower_bound(events_.begin(), events_.end(), detected_at_) - events_.begin());
    const double x = x_[column];
    svg_.leaf("line", {{"class", "detection"},
                       {"x1", svg_number(x)},
                       {"x2", svg_number(x)},
                       {"y1", "14"},
                       {"y2", svg_number(rows_bottom_ + 4)}});
    const bool left_half = x < (gutter + x_.back()) / 2;
    svg_.element("text", "no order is possible from here on",
                 {{"class", "detection-label"},
                  {"x", svg_number(x)},
                  {"y", "11"},
                  {"text-anchor", left_half ? "start" : "end"}});
  }

  const History& history_;
  const Timebase& timebase_;
  EventIndex detected_at_;
  std::vector<EventIndex> events_;  ///< the columns
  std::vector<double> x_;           ///< of each column, and one more for what has no end
  std::vector<Bar> bars_;
  std::vector<Row> rows_;
  std::vector<const FaultEpisode*> bands_;
  double rows_top_ = 0;
  double rows_bottom_ = 0;
  Markup svg_;
};

}  // namespace

std::string operation_anchor(EventIndex invocation) {
  return fmt::format("op-{}", invocation);
}

std::string anomaly_timeline(const History& history, const Timebase& timebase,
                             const std::vector<EventIndex>& operations, EventIndex detected_at,
                             const std::vector<FaultEpisode>& faults, std::size_t operations_max) {
  if (operations.empty()) return {};
  std::vector<EventIndex> drawn = operations;
  if (drawn.size() > operations_max) drawn.resize(operations_max);
  return Drawing(history, timebase, detected_at).draw(drawn, faults);
}

}  // namespace gauntlet
