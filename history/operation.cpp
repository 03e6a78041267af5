#include "history/operation.hpp"

#include <fmt/format.h>

#include <iterator>

namespace gauntlet {

std::string_view to_string(OperationType type) {
  switch (type) {
    case OperationType::invoke:
      return "invoke";
    case OperationType::ok:
      return "ok";
    case OperationType::fail:
      return "fail";
    case OperationType::info:
      return "info";
  }
  return "info";
}

std::optional<OperationType> operation_type_from(std::string_view text) {
  if (text == "invoke") return OperationType::invoke;
  if (text == "ok") return OperationType::ok;
  if (text == "fail") return OperationType::fail;
  if (text == "info") return OperationType::info;
  return std::nullopt;
}

void append_json_line(std::string& out, const Operation& operation) {
  auto append = [&](std::string_view text) { out.append(text); };
  const auto append_integer = [&](std::int64_t number) {
    const fmt::format_int text(number);
    out.append(text.data(), text.size());
  };
  append("{\"index\":");
  append_integer(operation.index);
  append(",\"time\":");
  append_integer(operation.time_ns);
  append(",\"type\":\"");
  append(to_string(operation.type));
  if (operation.process == nemesis_process) {
    append("\",\"process\":\"nemesis\"");
  } else {
    append("\",\"process\":");
    append_integer(operation.process);
  }
  append(",\"f\":");
  append_json_string(out, operation.f);
  append(",\"value\":");
  append_json(out, operation.value);
  if (!operation.key.is_nil()) {
    append(",\"key\":");
    append_json(out, operation.key);
  }
  if (!operation.node.empty()) {
    append(",\"node\":");
    append_json_string(out, operation.node);
  }
  if (!operation.error.empty()) {
    append(",\"error\":");
    append_json_string(out, operation.error);
  }
  append("}\n");
}

}  // namespace gauntlet
