#include "reports/staleness_text.hpp"

#include <fmt/format.h>

#include "base/duration.hpp"
#include "reports/text.hpp"

namespace gauntlet {

namespace {

std::string number_text(const Value& number, bool is_duration) {
  if (!number.is_integer() || number.integer() < 0) return "-";
  return is_duration ? format_duration(number.integer())
                     : grouped(static_cast<std::uint64_t>(number.integer()));
}

std::string two_atomic_text(const Value* answer) {
  if (answer == nullptr || answer->kind() != Value::Kind::boolean) return "undecided";
  return answer->boolean() ? "yes" : "no";
}

}  // namespace

const Value* staleness_of(const Verdict& verdict) {
  const Value* figures = verdict.statistics.find("staleness");
  return figures != nullptr && figures->is_map() ? figures : nullptr;
}

std::uint64_t staleness_count(const Value& figures, std::string_view name) {
  const Value* count = figures.find(name);
  if (count == nullptr || !count->is_integer() || count->integer() < 0) return 0;
  return static_cast<std::uint64_t>(count->integer());
}

std::string bounds_text(const Value* bounds, bool is_duration) {
  const Value* least = bounds == nullptr ? nullptr : bounds->find("least");
  if (least == nullptr) return "-";
  const Value* most = bounds->find("most");
  if (most == nullptr || most->is_nil()) {
    return fmt::format("at least {}", number_text(*least, is_duration));
  }
  if (*most == *least) return number_text(*least, is_duration);
  return fmt::format("{} to {}", number_text(*least, is_duration), number_text(*most, is_duration));
}

std::vector<std::string> staleness_lines(const Verdict& verdict) {
  const Value* figures = staleness_of(verdict);
  if (figures == nullptr) return {};
  const std::uint64_t reads = staleness_count(*figures, "reads");
  const std::uint64_t stale = staleness_count(*figures, "stale_reads");
  const std::uint64_t unexplained = staleness_count(*figures, "unexplained_reads");
  std::string first = fmt::format("no read of {} is stale in every order", grouped(reads));
  if (stale > 0) {
    const Value* lag = figures->find("lag_max_ns");
    first = fmt::format("stale reads {} of {} ({}), by up to {}{}", grouped(stale), grouped(reads),
                        percentage(stale, reads),
                        lag != nullptr && lag->is_integer()
                            ? fmt::format("{} and ", number_text(*lag, true))
                            : std::string(),
                        counted(staleness_count(*figures, "versions_max"), "version"));
  }
  if (unexplained > 0) {
    first +=
        fmt::format("; {} of values that nobody had begun to write", counted(unexplained, "read"));
  }
  std::vector<std::string> lines{std::move(first)};
  std::string second =
      fmt::format("2-atomic: {}, k {}", two_atomic_text(figures->find("two_atomic")),
                  bounds_text(figures->find("k"), false));
  if (const Value* delta = figures->find("delta_ns"); delta != nullptr && delta->is_map()) {
    second += fmt::format("; delta {}", bounds_text(delta, true));
  }
  if (const Value* k = figures->find("k"); k != nullptr && bounds_text(k, false) == "1") {
    second += "; the violation is not one of staleness";
  }
  lines.push_back(std::move(second));
  if (const Value* note = figures->find("note"); note != nullptr && note->is_string()) {
    lines.push_back(note->string());
  }
  return lines;
}

}  // namespace gauntlet
