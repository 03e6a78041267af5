#include "reports/operation_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "reports/counts.hpp"

namespace gauntlet {

namespace {

/// A list by its last elements: what it was read for is mostly there.
std::string value_text(const Values& values, ValueId value, std::size_t columns_max) {
  if (!values.is_list(value)) return values.to_text(value, columns_max);
  const auto list = values.as_list(value);
  std::vector<std::string> shown;
  std::size_t room = columns_max;
  for (std::size_t i = list.size(); i-- > 0;) {
    shown.push_back(values.to_text(list[i], columns_max));
    if (shown.size() > 1 && shown.back().size() + 1 > room) {
      shown.back() = "…";
      break;
    }
    room -= std::min(room, shown.back().size() + 1);
  }
  std::reverse(shown.begin(), shown.end());
  return fmt::format("[{}]", fmt::join(shown, " "));
}

/// Empty where it is no micro-operation that is known.
std::string micro_text(const Values& values, ValueId micro, bool answered,
                       std::size_t columns_max) {
  if (!values.is_list(micro) || values.as_list(micro).size() != 3) return "";
  const auto parts = values.as_list(micro);
  if (values.kind(parts[0]) != Value::Kind::string) return "";
  const std::string_view f = values.as_string(parts[0]);
  const std::size_t room = columns_max > 24 ? columns_max - 12 : 12;
  const std::string key = values.to_text(parts[1], room / 2);
  const std::string value = value_text(values, parts[2], room);
  if (f == "append") return "append " + value + " to " + key;
  if (f == "w") return "write " + key + " = " + value;
  if (f != "r") return "";
  return answered ? "read " + key + " = " + value : "read " + key;
}

/// Of a transaction, what it answered if it did; empty if this is none.
std::vector<std::string> micro_lines(const History& history, EventIndex invocation,
                                     std::size_t columns_max, const std::set<ValueId>& keys = {}) {
  constexpr std::size_t all_shown_max = 3;
  std::vector<std::string> lines;
  if (history.function_name(history.f(invocation)) != "txn") return lines;
  const Values& values = history.values();
  const EventIndex completion = history.partner(invocation);
  const bool answered = completion != no_event && history.type(completion) == OperationType::ok;
  const ValueId value = history.value(answered ? completion : invocation);
  if (!values.is_list(value)) return lines;
  const auto micros = values.as_list(value);
  bool is_cut = false;
  for (const ValueId micro : micros) {
    const bool is_whole = values.is_list(micro) && values.as_list(micro).size() == 3;
    if (is_whole && !keys.empty() && micros.size() > all_shown_max &&
        !keys.contains(values.as_list(micro)[1])) {
      is_cut = true;
      continue;
    }
    std::string line = micro_text(values, micro, answered, columns_max);
    if (line.empty()) return {};
    lines.push_back(std::move(line));
  }
  if (is_cut) lines.emplace_back("…");
  return lines;
}

}  // namespace

OperationText operation_text(const History& history, EventIndex invocation,
                             std::size_t length_max) {
  const Values& values = history.values();
  OperationText text;
  text.f = history.function_name(history.f(invocation));
  const ValueId asked = history.value(invocation);
  if (asked != ValueId::nil) text.argument = values.to_text(asked, length_max);
  const EventIndex completion = history.partner(invocation);
  if (completion != no_event && history.value(completion) != asked) {
    const bool answered = history.type(completion) == OperationType::ok;
    if (answered || history.value(completion) != ValueId::nil) {
      text.result = values.to_text(history.value(completion), length_max);
    }
  } else if (completion != no_event && asked == ValueId::nil &&
             history.type(completion) == OperationType::ok) {
    text.result = "null";
  }
  if (history.key(invocation) != ValueId::nil) {
    text.key = values.to_text(history.key(invocation), length_max);
  }
  return text;
}

std::string operation_label(const History& history, EventIndex invocation, std::size_t length_max) {
  std::string label;
  for (const std::string& line : micro_lines(history, invocation, length_max))
    label += label.empty() ? line : ", " + line;
  if (!label.empty()) return label;
  const OperationText text = operation_text(history, invocation, length_max);
  label = text.f;
  if (!text.argument.empty()) label += " " + text.argument;
  if (!text.result.empty()) label += " → " + text.result;
  return label;
}

std::vector<std::string> operation_lines(const History& history, EventIndex invocation,
                                         std::size_t columns_max, const std::set<ValueId>& keys) {
  auto lines = micro_lines(history, invocation, columns_max, keys);
  if (!lines.empty()) return lines;
  std::string line = operation_label(history, invocation, columns_max);
  if (history.key(invocation) != ValueId::nil)
    line += " (key " + history.values().to_text(history.key(invocation), columns_max / 2) + ")";
  lines.push_back(std::move(line));
  return lines;
}

std::string outcome_text(const History& history, EventIndex invocation) {
  switch (outcome_of(history, invocation)) {
    case OperationType::ok:
      return "ok";
    case OperationType::fail:
      return "fail";
    case OperationType::info:
      return "info (may have happened)";
    case OperationType::invoke:
      break;
  }
  return "never completed";
}

std::vector<EventIndex> invocations_of(const History& history,
                                       const std::vector<EventIndex>& operations) {
  std::vector<EventIndex> result;
  for (EventIndex i : operations) {
    if (i >= history.size()) continue;
    if (history.type(i) != OperationType::invoke && history.is_client(i)) i = history.partner(i);
    if (i != no_event) result.push_back(i);
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

}  // namespace gauntlet
