// How stale the reads of an invalid register are: in words, by key, and how the lags are spread.
#include <fmt/format.h>

#include <algorithm>

#include "base/duration.hpp"
#include "reports/html_sections.hpp"
#include "reports/staleness_text.hpp"
#include "reports/text.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t keys_max = 50;
constexpr std::size_t bars_max = 60;
/// So many stale reads make a distribution worth a picture.
constexpr std::uint64_t histogram_reads_min = 10;

const Value::List& list_of(const Value& figures, std::string_view name) {
  static const Value::List none;
  const Value* list = figures.find(name);
  return list != nullptr && list->is_list() ? list->items() : none;
}

std::string duration_of(const Value& figures, std::string_view name) {
  const Value* duration = figures.find(name);
  const bool is_known = duration != nullptr && duration->is_integer() && duration->integer() >= 0;
  return is_known ? format_duration(duration->integer()) : "-";
}

void write_keys(Markup& html, const ReportContext& context, const Value& figures) {
  const Value::List& keys = list_of(figures, "keys");
  if (keys.empty()) return;
  const bool has_keys = context.history.has_keys();
  std::vector<Column> columns;
  if (has_keys) columns.push_back({"key"});
  columns.insert(columns.end(), {{"reads", true},
                                 {"stale", true},
                                 {"longest lag", true},
                                 {"most versions", true},
                                 {"delta", true},
                                 {"k", true}});
  open_table(html, has_keys ? "Keys with stale reads, those with most first" : "", columns);
  const std::size_t shown = std::min(keys.size(), keys_max);
  for (std::size_t i = 0; i < shown; ++i) {
    const Value& key = keys[i];
    html.open("tr");
    if (has_keys) {
      const Value* name = key.find("key");
      html.element("th", name != nullptr && name->is_string() ? name->string() : "",
                   {{"scope", "row"}, {"class", "code"}});
    }
    number_cell(html, grouped(staleness_count(key, "reads")));
    number_cell(html, grouped(staleness_count(key, "stale_reads")));
    number_cell(html, duration_of(key, "lag_max_ns"));
    number_cell(html, grouped(staleness_count(key, "versions_max")));
    number_cell(html, bounds_text(key.find("delta_ns"), true));
    number_cell(html, bounds_text(key.find("k"), false));
    html.close();
  }
  close_table(html);
  write_cut(html, shown, std::max<std::size_t>(staleness_count(figures, "keys_total"), shown),
            "keys");
}

void write_quantiles(Markup& html, const Value& figures) {
  const Value* lags = figures.find("lag_ns");
  if (lags == nullptr) return;
  html.element("p",
               fmt::format("Half of the stale reads lag behind by at least {}; nine in ten by up "
                           "to {}, 99 in 100 by up to {}, the stalest by {}.",
                           duration_of(*lags, "p50"), duration_of(*lags, "p90"),
                           duration_of(*lags, "p99"), duration_of(*lags, "max")));
}

void write_histogram(Markup& html, const Value& figures) {
  const Value::List& bars = list_of(figures, "histogram");
  if (bars.empty() || staleness_count(figures, "stale_reads") < histogram_reads_min) return;
  std::uint64_t most = 1;
  for (const Value& bar : bars)
    most = std::max(most, staleness_count(bar, "reads"));
  constexpr double width = 240;
  open_table(html, "Stale reads by their lag", {{"lag below", true}, {"reads", true}, {"share"}});
  for (std::size_t i = 0; i < std::min(bars.size(), bars_max); ++i) {
    const std::uint64_t reads = staleness_count(bars[i], "reads");
    html.open("tr");
    number_cell(html, duration_of(bars[i], "below_ns"));
    number_cell(html, grouped(reads));
    html.open("td", {{"class", "share"}});
    html.open("svg", {{"width", svg_number(width)}, {"height", "10"}, {"aria-hidden", "true"}});
    if (reads > 0) {
      const double part = width * static_cast<double>(reads) / static_cast<double>(most);
      html.leaf("rect", {{"class", "info"},
                         {"x", "0"},
                         {"width", svg_number(std::max(part, 1.0))},
                         {"height", "10"}});
    }
    html.close().close().close();
  }
  close_table(html);
}

}  // namespace

bool has_staleness(const ReportContext& context) {
  return staleness_of(context.verdict) != nullptr;
}

void write_staleness(Markup& html, const ReportContext& context) {
  const Value& figures = *staleness_of(context.verdict);
  html.open("section", {{"id", "staleness"}}).element("h2", "How stale");
  for (const std::string& line : staleness_lines(context.verdict))
    html.element("p", printable(line, 600));
  html.element("p",
               "A read is stale if another value had certainly taken the place of the one that it "
               "found before it began, whatever the order of concurrent writes. Delta: by how much "
               "time all reads would have to begin earlier for the history to be linearizable. k: "
               "how many of the last values reads may answer for it to be so.",
               {{"class", "quiet"}});
  write_quantiles(html, figures);
  write_keys(html, context, figures);
  write_histogram(html, figures);
  html.close();
}

}  // namespace gauntlet
