// The verdict for a terminal: what a person needs before opening the report.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/assert.hpp"
#include "base/duration.hpp"
#include "base/utf8.hpp"
#include "reports/counts.hpp"
#include "reports/faults.hpp"
#include "reports/glossary.hpp"
#include "reports/html_dead_ends.hpp"
#include "reports/losses.hpp"
#include "reports/operation_text.hpp"
#include "reports/report.hpp"
#include "reports/staleness_text.hpp"
#include "reports/text.hpp"
#include "reports/timebase.hpp"
#include "reports/wording.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t line_columns_max = 100;
constexpr std::size_t paragraph_bytes_max = 600;
constexpr std::size_t functions_max = 8;
constexpr std::size_t sentences_max = 8;
constexpr std::size_t operations_max = 12;
constexpr std::size_t notes_max = 6;
constexpr std::size_t dead_ends_max = 3;
constexpr std::size_t refusals_max = 4;
constexpr std::size_t refusal_bytes_max = 250;

/// The longest front of `text` of at most `columns_max` columns, cut at a space where there is one.
std::size_t line_break(std::string_view text, std::size_t columns_max) {
  std::size_t bytes = 0;
  std::size_t taken = 0;
  std::size_t last_space = 0;
  while (bytes < text.size() && taken < columns_max) {
    if (text[bytes] == ' ') last_space = bytes;
    bytes += std::max<std::size_t>(decode_utf8(text.substr(bytes)).length, 1);
    ++taken;
  }
  if (bytes == text.size() || text[bytes] == ' ' || last_space == 0) return bytes;
  return last_space;
}

class Summary {
 public:
  Summary(const ReportInput& input, bool color)
      : input_(input),
        history_(*input.history),
        verdict_(*input.verdict),
        color_(color),
        timebase_(history_),
        faults_(fault_episodes(history_, timebase_)),
        counts_(count_operations(history_, timebase_)) {}

  std::string write() {
    headline();
    figures();
    for (const auto& caution : cautions(verdict_, counts_, faults_))
      paragraph(caution, "  ", "caution: ", "33");
    for (std::size_t i = 0; i < std::min(input_.notes.size(), notes_max); ++i)
      paragraph(input_.notes[i], "  ", "note: ", "33");
    if (input_.notes.size() > notes_max) {
      paragraph(fmt::format("{} more in the report", input_.notes.size() - notes_max), "  ",
                "note: ", "33");
    }
    if (!verdict_.anomalies.empty()) anomaly(verdict_.anomalies.front());
    return std::move(out_);
  }

 private:
  std::string painted(std::string_view text, std::string_view code) const {
    return color_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }

  /// Wraps `text`; the first line starts with `first`, the others are indented to match it.
  void paragraph(std::string_view text, std::string_view indent, std::string_view first,
                 std::string_view code = {}) {
    const std::string plain = printable(text, paragraph_bytes_max);
    std::string_view rest = plain;
    const std::size_t room = line_columns_max - indent.size() - columns(first);
    bool is_first = true;
    do {
      const std::size_t length = line_break(rest, room);
      out_ += indent;
      if (is_first) {
        out_ += code.empty() ? std::string(first) : painted(first, code);
      } else {
        out_.append(columns(first), ' ');
      }
      out_ += rest.substr(0, length);
      out_ += '\n';
      rest.remove_prefix(length);
      while (rest.starts_with(' '))
        rest.remove_prefix(1);
      is_first = false;
    } while (!rest.empty());
  }

  void headline() {
    const char* code = verdict_.validity == Validity::valid     ? "1;32"
                       : verdict_.validity == Validity::invalid ? "1;31"
                                                                : "1;33";
    out_ += painted(verdict_word(verdict_.validity), code);
    if (!input_.title.empty()) out_ += "  " + cell(input_.title, 80);
    out_ += '\n';
    paragraph(verdict_sentence(verdict_), "  ", "");
    const bool repeated = verdict_.validity == Validity::unknown ||
                          (verdict_.validity == Validity::invalid && verdict_.anomalies.empty());
    if (!verdict_.reason.empty() && !repeated) paragraph(verdict_.reason, "  ", "");
    out_ += '\n';
  }

  void figure(std::string_view name, std::string_view text) {
    paragraph(text, "  ", fmt::format("{:<12}", name));
  }

  void figures() {
    const OutcomeCounts& total = counts_.total;
    figure("operations",
           fmt::format("{}: {} ok, {} fail, {} indefinite", grouped(total.total()),
                       grouped(total.ok), grouped(total.fail), grouped(total.indefinite())));
    for (std::size_t i = 0; i < std::min(counts_.functions.size(), functions_max); ++i) {
      const CountRow& row = counts_.functions[i];
      std::string text = fmt::format("{}: {} of {} ok", cell(row.name, 30),
                                     grouped(row.outcomes.ok), grouped(row.outcomes.total()));
      if (timebase_.has_times() && row.outcomes.ok > 0) {
        text += fmt::format(", p50 {}, p99 {}", format_duration(row.latency.p50),
                            format_duration(row.latency.p99));
      }
      figure("", text);
    }
    if (timebase_.has_times() && !history_.empty()) {
      figure("run", timebase_.duration(timebase_.end()));
    }
    bool is_first = true;
    for (const std::string& line : staleness_lines(verdict_)) {
      figure(is_first ? "staleness" : "", line);
      is_first = false;
    }
    if (verdict_.statistics.find("lost_adds") != nullptr)
      figure("lost", losses_line(losses_of(history_, verdict_, timebase_), timebase_));
    if (!faults_.empty()) figure("faults", faults_text());
    if (verdict_.parts_total > 1) figure("parts", parts_text());
    const ModelSummary models = model_summary(verdict_);
    if (!models.satisfies.empty())
      figure("satisfies", fmt::format("{}", fmt::join(models.satisfies, ", ")));
    if (!models.breaks.empty()) figure("breaks", fmt::format("{}", fmt::join(models.breaks, ", ")));
    if (!models.unknown.empty())
      figure("unknown", fmt::format("{}", fmt::join(models.unknown, ", ")));
    if (!verdict_.checker.empty()) {
      figure("checked by", verdict_.algorithm.empty()
                               ? verdict_.checker
                               : fmt::format("{}, {}", verdict_.checker, verdict_.algorithm));
    }
  }

  std::string faults_text() const {
    const FaultTally tallied = tally(faults_);
    std::map<std::string, std::size_t> by_name;
    for (const auto& fault : faults_)
      ++by_name[fault.name];
    std::string names;
    for (const auto& [name, count] : by_name)
      names += fmt::format("{}{} {}", names.empty() ? "" : ", ", name, count);
    return fmt::format("{} of {} took effect: {}", tallied.took_effect, tallied.total, names);
  }

  std::string parts_text() const {
    std::size_t invalid = 0;
    std::size_t unknown = 0;
    for (const auto& part : verdict_.parts) {
      invalid += part.validity == Validity::invalid;
      unknown += part.validity == Validity::unknown;
    }
    return fmt::format("{}: {} invalid, {} unknown", grouped(verdict_.parts_total),
                       grouped(invalid), grouped(unknown));
  }

  void anomaly(const Anomaly& anomaly) {
    out_ += "\n  " + painted(cell(anomaly_title(anomaly), 90), "1") + "\n";
    if (const auto meaning = meaning_of(anomaly.name); !meaning.empty()) {
      paragraph(meaning, "  ", "");
    }
    const auto& sentences = anomaly.explanation;
    for (std::size_t i = 0; i < std::min(sentences.size(), sentences_max); ++i)
      paragraph(sentences[i], "    ", fmt::format("{:>2}. ", i + 1));
    if (sentences.size() > sentences_max) out_ += "        ...\n";
    operations(anomaly);
    dead_ends(anomaly);
    const std::size_t total = std::max(verdict_.anomalies_total, verdict_.anomalies.size());
    if (total > 1) {
      out_ += fmt::format("\n  and {}\n", counted(total - 1, "more anomaly", "more anomalies"));
    }
  }

  void operations(const Anomaly& anomaly) {
    const auto all = invocations_of(history_, anomaly.operations);
    if (all.empty()) return;
    constexpr std::string_view row = "    {:>7}  {:<6}  {:<30}  {:<8}  {:>15}  {:>15}";
    out_ += '\n';
    out_ += painted(fmt::format(fmt::runtime(row), "process", "node", "operation", "outcome",
                                "invoked", "completed"),
                    "2");
    out_ += '\n';
    for (std::size_t i = 0; i < std::min(all.size(), operations_max); ++i) {
      const EventIndex op = all[i];
      const OperationType outcome = outcome_of(history_, op);
      const bool completed = outcome != OperationType::invoke;
      out_ +=
          fmt::format(fmt::runtime(row), history_.process(op), cell(history_.node(op), 6),
                      cell(operation_label(history_, op, 60), 30),
                      completed ? to_string(outcome) : "never", timebase_.moment(timebase_.at(op)),
                      completed ? timebase_.moment(timebase_.completed(op)) : std::string("-"));
      while (out_.ends_with(' '))
        out_.pop_back();
      out_ += '\n';
    }
    if (all.size() > operations_max) {
      out_ += fmt::format("    ... and {} more\n", grouped(all.size() - operations_max));
    }
  }

  void dead_ends(const Anomaly& anomaly) {
    if (anomaly.dead_ends.empty()) return;
    out_ += '\n';
    paragraph(dead_ends_summary(anomaly), "  ", "");
    for (std::size_t i = 0; i < std::min(anomaly.dead_ends.size(), dead_ends_max); ++i) {
      const DeadEnd& dead_end = anomaly.dead_ends[i];
      std::string order;
      for (const EventIndex op : dead_end.order) {
        if (op >= history_.size()) continue;
        order += fmt::format("{}{} (process {})", order.empty() ? "" : ", then ",
                             operation_label(history_, op, 60), history_.process(op));
      }
      paragraph(order.empty() ? "nothing can come first" : order, "    ", "- ");
      const auto& refusals = dead_end.refusals;
      for (std::size_t k = 0; k < std::min(refusals.size(), refusals_max); ++k)
        paragraph(printable(refusals[k].reason, refusal_bytes_max), "      ", "but ", "2");
      if (refusals.size() > refusals_max) {
        out_ += fmt::format("      and {} more cannot come next\n", refusals.size() - refusals_max);
      }
    }
    if (anomaly.dead_ends_total > dead_ends_max) {
      out_ +=
          fmt::format("    ... and {} more\n", grouped(anomaly.dead_ends_total - dead_ends_max));
    }
  }

  /// `text` in at most `width` columns.
  static std::string cell(std::string_view text, std::size_t width) {
    std::string plain = printable(text, 200);
    if (columns(plain) <= width) return plain;
    std::size_t bytes = 0;
    for (std::size_t taken = 0; taken + 2 < width; ++taken)
      bytes += decode_utf8(std::string_view(plain).substr(bytes)).length;
    return plain.substr(0, bytes) + "..";
  }

  const ReportInput& input_;
  const History& history_;
  const Verdict& verdict_;
  bool color_;
  Timebase timebase_;
  std::vector<FaultEpisode> faults_;
  HistoryCounts counts_;
  std::string out_;
};

}  // namespace

std::string terminal_summary(const ReportInput& input, bool color) {
  GAUNTLET_ASSERT(input.history != nullptr && input.verdict != nullptr);
  return Summary(input, color).write();
}

}  // namespace gauntlet
