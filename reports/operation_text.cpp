#include "reports/operation_text.hpp"

#include <algorithm>

#include "reports/counts.hpp"

namespace gauntlet {

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
  const OperationText text = operation_text(history, invocation, length_max);
  std::string label = text.f;
  if (!text.argument.empty()) label += " " + text.argument;
  if (!text.result.empty()) label += " → " + text.result;
  return label;
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
