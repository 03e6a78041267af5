// The parts of the HTML report, each a function that writes one section of the page.
#pragma once

#include <string>
#include <vector>

#include "reports/counts.hpp"
#include "reports/faults.hpp"
#include "reports/markup.hpp"
#include "reports/report.hpp"
#include "reports/timebase.hpp"

namespace gauntlet {

/// What the sections share, computed once from the input.
struct ReportContext {
  explicit ReportContext(const ReportInput& report_input);

  const ReportInput& input;
  const History& history;
  const Verdict& verdict;
  Timebase timebase;
  std::vector<FaultEpisode> faults;
  HistoryCounts counts;
  std::vector<std::string> cautions;
};

void write_banner(Markup& html, const ReportContext& context);
void write_anomalies(Markup& html, const ReportContext& context);
void write_models(Markup& html, const ReportContext& context);
void write_staleness(Markup& html, const ReportContext& context);
void write_losses(Markup& html, const ReportContext& context);
void write_operations(Markup& html, const ReportContext& context);
void write_errors(Markup& html, const ReportContext& context);
void write_faults(Markup& html, const ReportContext& context);
void write_clocks(Markup& html, const ReportContext& context);
void write_parts(Markup& html, const ReportContext& context);
void write_run(Markup& html, const ReportContext& context);
void write_statistics(Markup& html, const ReportContext& context);

/// Whether the section has anything to show; a section without is left out, link included.
bool has_anomalies(const ReportContext& context);
bool has_models(const ReportContext& context);
bool has_staleness(const ReportContext& context);
bool has_losses(const ReportContext& context);
bool has_clocks(const ReportContext& context);
bool has_parts(const ReportContext& context);
bool has_statistics(const ReportContext& context);

struct Column {
  std::string_view title;
  bool number = false;  ///< aligned right
};

/// A table up to its body, in a box that scrolls; rows follow, then close_table.
void open_table(Markup& html, std::string_view caption, const std::vector<Column>& columns);
void close_table(Markup& html);
void number_cell(Markup& html, std::string_view text);

/// The time of a fault, shaded in a chart of the whole run.
void write_fault_band(Markup& html, const ReportContext& context, const FaultEpisode& fault,
                      double width, double height);

/// "Showing the first 200 of 1,234 keys." where something was left out.
void write_cut(Markup& html, std::size_t shown, std::size_t total, std::string_view plural);

}  // namespace gauntlet
