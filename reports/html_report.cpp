// The page as a whole: head, navigation, the sections in the order in which a reader asks.
#include <fmt/format.h>

#include "base/assert.hpp"
#include "reports/content_policy.hpp"
#include "reports/html_sections.hpp"
#include "reports/text.hpp"
#include "reports/timeline_data.hpp"
#include "reports/wording.hpp"

namespace gauntlet {

namespace embedded {
extern const std::string_view report_css;
extern const std::string_view report_css_sha256_hex;
extern const std::string_view report_js;
extern const std::string_view report_js_sha256_hex;
}  // namespace embedded

namespace {

struct Section {
  std::string_view id;
  std::string_view title;
  bool (*shown)(const ReportContext&);
  void (*write)(Markup&, const ReportContext&);
};

bool always(const ReportContext&) {
  return true;
}

/// An empty place that the script fills.
void write_drawing(Markup& html, std::string_view id, std::string_view title) {
  html.open("section", {{"id", id}});
  html.element("h2", title);
  html.open("noscript").element("p", "This part is drawn by JavaScript.").close();
  html.open("div", {{"id", fmt::format("{}-view", id)}}).close();
  html.close();
}

void write_timeline(Markup& html, const ReportContext&) {
  write_drawing(html, "timeline", "All operations over time");
}

bool has_rates(const ReportContext& context) {
  return context.timebase.has_times() && context.counts.total.total() > 0;
}

void write_rates(Markup& html, const ReportContext&) {
  write_drawing(html, "rates", "Throughput and latency");
}

constexpr Section sections[] = {
    {"anomalies", "Anomalies", has_anomalies, write_anomalies},
    {"models", "Models", has_models, write_models},
    {"staleness", "Staleness", has_staleness, write_staleness},
    {"losses", "Losses", has_losses, write_losses},
    {"timeline", "Timeline", always, write_timeline},
    {"rates", "Rates", has_rates, write_rates},
    {"faults", "Faults", always, write_faults},
    {"clocks", "Clocks", has_clocks, write_clocks},
    {"operations", "Operations", always, write_operations},
    {"errors", "Errors", always, write_errors},
    {"keys", "Keys", has_parts, write_parts},
    {"statistics", "Measured", has_statistics, write_statistics},
    {"run", "Run", always, write_run},
};

void write_head(Markup& html, const ReportContext& context) {
  const std::string policy =
      content_policy(embedded::report_js_sha256_hex, embedded::report_css_sha256_hex);
  html.open("head");
  html.leaf("meta", {{"charset", "utf-8"}});
  html.leaf("meta", {{"http-equiv", "Content-Security-Policy"}, {"content", policy}});
  html.leaf("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  html.leaf("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  html.leaf("meta", {{"name", "referrer"}, {"content", "no-referrer"}});
  html.element("title", fmt::format("{}: {}", verdict_word(context.verdict.validity),
                                    printable(context.input.title, 200)));
  html.open("style").raw(embedded::report_css).close();
  html.close();
}

void write_navigation(Markup& html, const ReportContext& context) {
  html.open("header", {{"class", "top"}});
  html.element("span", "gauntlet", {{"class", "brand"}});
  html.element("span", printable(context.input.title, 200), {{"class", "title"}});
  html.open("nav", {{"aria-label", "Sections"}});
  for (const auto& section : sections) {
    if (!section.shown(context)) continue;
    html.element("a", section.title, {{"href", fmt::format("#{}", section.id)}});
  }
  html.close().close();
}

}  // namespace

std::string html_report(const ReportInput& input) {
  GAUNTLET_ASSERT(input.history != nullptr && input.verdict != nullptr);
  const ReportContext context(input);
  const TimelineData data =
      timeline_data(context.history, context.timebase, context.faults, context.verdict.anomalies);
  Markup html;
  html.raw("<!DOCTYPE html>\n").open("html", {{"lang", "en"}});
  write_head(html, context);
  html.open("body");
  write_navigation(html, context);
  html.open("main");
  write_banner(html, context);
  for (const auto& section : sections) {
    if (section.shown(context)) section.write(html, context);
  }
  html.close();
  html.open("script", {{"type", "application/json"}, {"id", "data"}}).raw(data.json).close();
  html.open("script").raw(embedded::report_js).close();
  html.close().close();
  return html.take() + "\n";
}

}  // namespace gauntlet
