// The top of the page: what a reader must know who reads nothing else.
#include <fmt/format.h>

#include <algorithm>

#include "reports/glossary.hpp"
#include "reports/html_sections.hpp"
#include "reports/text.hpp"
#include "reports/wording.hpp"

namespace gauntlet {

namespace {

/// The verdict also has a shape, for readers who cannot tell its color.
void write_symbol(Markup& html, Validity validity) {
  html.open("svg", {{"class", "symbol"},
                    {"viewBox", "0 0 48 48"},
                    {"width", "56"},
                    {"height", "56"},
                    {"aria-hidden", "true"}});
  switch (validity) {
    case Validity::valid:
      html.leaf("circle", {{"cx", "24"}, {"cy", "24"}, {"r", "22"}, {"class", "shape"}});
      html.leaf("path", {{"d", "M13 25l8 8 14-17"}, {"class", "stroke"}});
      break;
    case Validity::invalid:
      html.leaf("path", {{"d", "M15 2h18l13 13v18l-13 13h-18l-13-13v-18z"}, {"class", "shape"}});
      html.leaf("path", {{"d", "M15 15l18 18M33 15l-18 18"}, {"class", "stroke"}});
      break;
    case Validity::unknown:
      html.leaf("path", {{"d", "M24 1l23 23-23 23-23-23z"}, {"class", "shape"}});
      html.leaf("path", {{"d", "M18 19c0-8 12-8 12 0 0 5-6 4-6 10M24 34v1"}, {"class", "stroke"}});
      break;
  }
  html.close();
}

void write_figure(Markup& html, std::string_view value, std::string_view what) {
  html.open("div", {{"class", "figure"}});
  html.element("dd", value).element("dt", what);
  html.close();
}

void write_figures(Markup& html, const ReportContext& context) {
  const OutcomeCounts& total = context.counts.total;
  html.open("dl", {{"class", "figures"}});
  write_figure(html, grouped(total.total()), "operations");
  write_figure(html, percentage(total.ok, total.total()), "ok");
  write_figure(html, grouped(total.fail), "failed");
  write_figure(html, grouped(total.indefinite()), "indefinite");
  if (context.timebase.has_times() && !context.history.empty()) {
    write_figure(html, context.timebase.duration(context.timebase.end()), "of run");
  }
  const FaultTally faults = tally(context.faults);
  if (faults.total == 0) {
    write_figure(html, "none", "faults");
  } else {
    write_figure(html, fmt::format("{} of {}", faults.took_effect, faults.total),
                 "faults took effect");
  }
  html.close();
}

/// What the verdict says beyond the claim: how strong the history is.
void write_standing(Markup& html, const Verdict& verdict) {
  const ModelSummary summary = model_summary(verdict);
  for (const auto& [name, texts] :
       {std::pair{"satisfies", &summary.satisfies}, std::pair{"breaks", &summary.breaks},
        std::pair{"unknown", &summary.unknown}}) {
    if (texts->empty()) continue;
    html.element("dt", name).open("dd");
    for (const std::string& text : *texts)
      html.element("span", text, {{"class", "chip"}}).text(" ");
    html.close();
  }
}

void write_claim(Markup& html, const ReportContext& context) {
  const Verdict& verdict = context.verdict;
  html.open("dl", {{"class", "claim"}});
  const auto row = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) html.element("dt", name).element("dd", value);
  };
  html.element("dt", "claim").open("dd");
  html.text(verdict.consistency.empty() ? "not stated" : verdict.consistency);
  if (const auto promise = promise_of(verdict.consistency, verdict.model); !promise.empty()) {
    html.element("span", fmt::format(": {}", promise), {{"class", "quiet"}});
  }
  html.close();
  row("model", verdict.model);
  write_standing(html, verdict);
  html.element("dt", "judged").open("dd");
  html.text(counted(verdict.operations, "operation"));
  if (verdict.crashed > 0) {
    html.text(fmt::format(", {} of them indefinite", grouped(verdict.crashed)));
  }
  if (verdict.parts_total > 1) {
    html.text(fmt::format(", in {}", counted(verdict.parts_total, "part")));
  }
  if (!verdict.checker.empty()) html.text(fmt::format(", by {}", verdict.checker));
  if (!verdict.algorithm.empty()) {
    html.element("span", fmt::format(" ({})", verdict.algorithm), {{"class", "quiet"}});
  }
  html.close();
  if (verdict.validity == Validity::unknown) {
    row("so", "this is no proof of correctness, and no proof of a violation either");
  } else {
    row("note", verdict.reason);
  }
  html.close();
}

}  // namespace

ReportContext::ReportContext(const ReportInput& report_input)
    : input(report_input),
      history(*report_input.history),
      verdict(*report_input.verdict),
      timebase(history),
      faults(fault_episodes(history, timebase)),
      counts(count_operations(history, timebase)),
      cautions(gauntlet::cautions(verdict, counts, faults)) {}

void write_banner(Markup& html, const ReportContext& context) {
  const std::string_view word = verdict_word(context.verdict.validity);
  std::string kind(word);
  std::transform(kind.begin(), kind.end(), kind.begin(), [](char c) { return c | 0x20; });
  html.open("section", {{"id", "verdict"}, {"class", "banner " + kind}});
  html.open("div", {{"class", "headline"}});
  write_symbol(html, context.verdict.validity);
  html.open("div");
  html.element("h1", word, {{"class", "word"}});
  html.element("p", verdict_sentence(context.verdict), {{"class", "sentence"}});
  html.close().close();
  write_figures(html, context);
  write_claim(html, context);
  if (!context.cautions.empty()) {
    html.open("div", {{"class", "caution"}, {"role", "note"}});
    html.element("strong", "⚠ Caution");
    html.open("ul");
    for (const auto& caution : context.cautions)
      html.element("li", caution);
    html.close().close();
  }
  html.close();
}

}  // namespace gauntlet
