// The tables: operations by function and node, errors, faults, keys, the run's facts, statistics.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/duration.hpp"
#include "reports/html_sections.hpp"
#include "reports/text.hpp"
#include "reports/wording.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t rows_max = 300;

/// A bar whose parts are the outcomes' shares, for the eye; the figures stand beside it.
void outcome_bar(Markup& html, const OutcomeCounts& counts) {
  constexpr double width = 160;
  html.open("td", {{"class", "share"}});
  html.open("svg", {{"width", svg_number(width)}, {"height", "10"}, {"aria-hidden", "true"}});
  double x = 0;
  for (const auto& [kind, count] :
       {std::pair{"ok", counts.ok}, {"fail", counts.fail}, {"info", counts.indefinite()}}) {
    if (count == 0) continue;
    const double part = width * static_cast<double>(count) / static_cast<double>(counts.total());
    html.leaf("rect", {{"class", kind},
                       {"x", svg_number(x)},
                       {"width", svg_number(std::max(part, 1.0))},
                       {"height", "10"}});
    x += part;
  }
  html.close().close();
}

void count_table(Markup& html, const ReportContext& context, std::string_view caption,
                 std::string_view first, const std::vector<CountRow>& rows) {
  std::vector<Column> columns = {{first},        {"total", true}, {"ok", true},
                                 {"fail", true}, {"info", true},  {"never completed", true},
                                 {"share"}};
  // Without times there is nothing to say about how long operations took.
  const bool has_times = context.timebase.has_times();
  if (has_times)
    columns.insert(columns.end(), {{"p50", true}, {"p95", true}, {"p99", true}, {"max", true}});
  open_table(html, caption, columns);
  const auto write_row = [&](std::string_view name, const OutcomeCounts& outcomes,
                             const LatencyQuantiles& latency) {
    html.open("tr").element("th", name, {{"scope", "row"}});
    for (const std::size_t count :
         {outcomes.total(), outcomes.ok, outcomes.fail, outcomes.info, outcomes.open})
      number_cell(html, grouped(count));
    outcome_bar(html, outcomes);
    if (has_times) {
      for (const Nanos quantile : {latency.p50, latency.p95, latency.p99, latency.max})
        number_cell(html, outcomes.ok > 0 ? context.timebase.duration(quantile) : "-");
    }
    html.close();
  };
  for (const auto& row : rows)
    write_row(row.name, row.outcomes, row.latency);
  close_table(html);
}

std::string moment_or(const Timebase& timebase, const std::optional<Nanos>& time,
                      std::string_view otherwise) {
  return time ? timebase.moment(*time) : std::string(otherwise);
}

bool is_command(std::string_view name) {
  return name == "command" || name == "command line" || name == "reproduce";
}

/// A value of the statistics as one text.
std::string scalar_text(const Value& value) {
  if (value.is_string()) return value.string();
  if (value.is_integer() && value.integer() >= 0) {
    return grouped(static_cast<std::uint64_t>(value.integer()));
  }
  if (value.kind() == Value::Kind::real) return fmt::format("{:.4g}", value.real());
  return to_json(value);
}

bool is_table(const Value& value) {
  if (!value.is_list() || value.items().empty()) return false;
  return std::all_of(value.items().begin(), value.items().end(), [](const Value& row) {
    return row.is_map() && !row.entries().empty() && row.entries().size() <= 16;
  });
}

void write_value_table(Markup& html, std::string_view name, const Value& table) {
  const auto& rows = table.items();
  html.open("div", {{"class", "scroll"}, {"tabindex", "0"}}).open("table");
  html.element("caption", name).open("thead").open("tr");
  for (const auto& [title, value] : rows.front().entries())
    html.element("th", title, {{"scope", "col"}});
  html.close().close().open("tbody");
  for (std::size_t i = 0; i < std::min(rows.size(), rows_max); ++i) {
    html.open("tr");
    for (const auto& [title, value] : rows.front().entries()) {
      const Value* cell = rows[i].find(title);
      html.element("td", cell == nullptr ? "" : scalar_text(*cell));
    }
    html.close();
  }
  close_table(html);
  write_cut(html, rows_max, rows.size(), "rows");
}

}  // namespace

void write_operations(Markup& html, const ReportContext& context) {
  html.open("section", {{"id", "operations"}}).element("h2", "Operations");
  html.element("p",
               "fail: it certainly did not happen. info: nobody knows, it may have happened or "
               "happen later. Latencies, where the history has times, are those of ok operations.",
               {{"class", "quiet"}});
  count_table(html, context, "By function", "function", context.counts.functions);
  if (!context.counts.nodes.empty()) {
    count_table(html, context, "By node", "node", context.counts.nodes);
  }
  html.close();
}

void write_errors(Markup& html, const ReportContext& context) {
  const auto& errors = context.counts.errors;
  html.open("section", {{"id", "errors"}}).element("h2", "Errors");
  if (errors.empty()) {
    html.element("p", "No operation failed or ended indefinitely.", {{"class", "quiet"}});
    html.close();
    return;
  }
  open_table(html, "",
             {{"count", true},
              {"outcome"},
              {"error"},
              {"functions"},
              {"nodes"},
              {"first", true},
              {"last", true}});
  for (const auto& error : errors) {
    html.open("tr");
    number_cell(html, grouped(error.count));
    html.open("td").element("span", to_string(error.type),
                            {{"class", fmt::format("tag {}", to_string(error.type))}});
    html.close();
    html.element("td", error.error.empty() ? "(no error text)" : printable(error.error, 400),
                 {{"class", "code wrap"}});
    html.element("td", error.functions).element("td", error.nodes);
    number_cell(html, context.timebase.moment(error.first));
    number_cell(html, context.timebase.moment(error.last));
    html.close();
  }
  close_table(html);
  write_cut(html, errors.size(), context.counts.errors_total, "different errors");
  html.close();
}

void write_faults(Markup& html, const ReportContext& context) {
  html.open("section", {{"id", "faults"}}).element("h2", "Faults");
  if (context.faults.empty()) {
    html.element(
        "p", "The history records no fault: the verdict says nothing about behaviour under faults.",
        {{"class", "quiet"}});
    html.close();
    return;
  }
  open_table(html, "",
             {{"fault"},
              {"targets"},
              {"effect"},
              {"evidence"},
              {"injected", true},
              {"healed", true},
              {"in place", true}});
  const Timebase& timebase = context.timebase;
  for (std::size_t i = 0; i < std::min(context.faults.size(), rows_max); ++i) {
    const FaultEpisode& fault = context.faults[i];
    const std::string effect = effect_text(fault);
    html.open("tr", {{"id", fmt::format("fault-{}", i)}});
    html.open("th", {{"scope", "row"}}).text(fault.name);
    if (!fault.details.empty()) {
      html.element("div", printable(fault.details, 200), {{"class", "code quiet"}});
    }
    html.close();
    html.element("td", targets_text(fault));
    const std::string_view mark = effect == "took effect" ? "✓ " : "⚠ ";
    html.open("td", {{"class", effect == "took effect" ? "good" : "doubtful"}});
    html.text(fmt::format("{}{}", mark, effect)).close();
    html.open("td", {{"class", "wrap"}});
    html.text(printable(fault.skipped.empty() ? fault.evidence : fault.skipped, 400));
    if (!fault.heal_evidence.empty()) {
      html.element("div", fmt::format("healed: {}", printable(fault.heal_evidence, 400)),
                   {{"class", "quiet"}});
    }
    html.close();
    number_cell(html, moment_or(timebase, fault.injected, "never completed"));
    if (!fault.skipped.empty()) {
      number_cell(html, "-");
      number_cell(html, "-");
    } else {
      number_cell(html, moment_or(timebase, fault.healed, "⚠ not healed"));
      number_cell(html, timebase.duration(fault.over(timebase) - fault.begin));
    }
    html.close();
  }
  close_table(html);
  write_cut(html, rows_max, context.faults.size(), "faults");
  html.close();
}

bool has_parts(const ReportContext& context) {
  const auto& parts = context.verdict.parts;
  return parts.size() > 1 || (parts.size() == 1 && !parts.front().key.empty());
}

void write_parts(Markup& html, const ReportContext& context) {
  const auto& parts = context.verdict.parts;
  html.open("section", {{"id", "keys"}}).element("h2", "Verdict by key");
  open_table(html, "", {{"key"}, {"verdict"}, {"operations", true}, {"reason"}});
  const std::size_t shown = std::min(parts.size(), rows_max);
  for (std::size_t i = 0; i < shown; ++i) {
    const PartVerdict& part = parts[i];
    const std::string_view mark = part.validity == Validity::valid     ? "✓ "
                                  : part.validity == Validity::invalid ? "✗ "
                                                                       : "? ";
    const std::string_view kind = part.validity == Validity::valid     ? "good"
                                  : part.validity == Validity::invalid ? "bad"
                                                                       : "doubtful";
    html.open("tr").element("th", part.key, {{"scope", "row"}, {"class", "code"}});
    html.element("td", fmt::format("{}{}", mark, verdict_word(part.validity)), {{"class", kind}});
    number_cell(html, grouped(part.operations));
    html.element("td", part.reason, {{"class", "wrap"}});
    html.close();
  }
  close_table(html);
  write_cut(html, shown, std::max(context.verdict.parts_total, parts.size()), "keys");
  html.close();
}

void write_run(Markup& html, const ReportContext& context) {
  const ReportInput& input = context.input;
  html.open("section", {{"id", "run"}}).element("h2", "The run");
  for (const auto& [name, value] : input.facts) {
    if (!is_command(name)) continue;
    html.element("h3", "To reproduce it");
    html.element("pre", value, {{"class", "command"}});
  }
  if (!input.facts.empty()) {
    html.element("h3", "Plan and facts").open("dl", {{"class", "facts"}});
    for (std::size_t i = 0; i < std::min(input.facts.size(), rows_max); ++i) {
      if (is_command(input.facts[i].first)) continue;
      html.element("dt", input.facts[i].first).element("dd", input.facts[i].second);
    }
    html.close();
  }
  if (!input.notes.empty()) {
    html.element("h3", "Notes").open("ul", {{"class", "notes"}});
    for (std::size_t i = 0; i < std::min(input.notes.size(), rows_max); ++i)
      html.element("li", input.notes[i]);
    html.close();
    write_cut(html, rows_max, input.notes.size(), "notes");
  }
  if (!input.links.empty()) {
    html.element("h3", "Files").open("ul", {{"class", "links"}});
    for (std::size_t i = 0; i < std::min(input.links.size(), rows_max); ++i) {
      const auto& [name, path] = input.links[i];
      const std::string href = relative_href(path);
      html.open("li");
      if (href.empty()) {
        html.text(fmt::format("{}: {}", name, path));
      } else {
        html.element("a", name, {{"href", href}});
      }
      html.close();
    }
    html.close();
    write_cut(html, rows_max, input.links.size(), "files");
  }
  html.close();
}

bool has_statistics(const ReportContext& context) {
  return context.verdict.statistics.is_map() && !context.verdict.statistics.entries().empty();
}

void write_statistics(Markup& html, const ReportContext& context) {
  const auto& entries = context.verdict.statistics.entries();
  html.open("section", {{"id", "statistics"}}).element("h2", "What the checker measured");
  html.open("dl", {{"class", "facts"}});
  for (std::size_t i = 0; i < std::min(entries.size(), rows_max); ++i) {
    const auto& [name, value] = entries[i];
    if (is_table(value) || name == "staleness" || name == "lost_adds") continue;
    html.element("dt", name);
    html.element("dd", printable(scalar_text(value), 400));
  }
  html.close();
  for (std::size_t i = 0; i < std::min(entries.size(), rows_max); ++i) {
    if (is_table(entries[i].second)) write_value_table(html, entries[i].first, entries[i].second);
  }
  html.close();
}

}  // namespace gauntlet
