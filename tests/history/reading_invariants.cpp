#include "tests/history/reading_invariants.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "history/json_event.hpp"
#include "history/plain_json.hpp"

namespace gauntlet {

namespace {

constexpr std::string_view file_name = "some/file";

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

/// Equality where the order of a map does not count, nor what JSON cannot say: infinities, NaN.
bool same(const Value& a, const Value& b) {
  if (a.kind() == Value::Kind::real && !std::isfinite(a.real())) return b.is_nil();
  if (a.kind() != b.kind()) return false;
  if (a.is_list()) {
    return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(), same);
  }
  if (!a.is_map()) return a == b;
  return a.entries().size() == b.entries().size() &&
         std::all_of(a.entries().begin(), a.entries().end(), [&](const auto& entry) {
           const Value* const other = b.find(entry.first);
           return other != nullptr && same(entry.second, *other);
         });
}

bool same(const Operation& a, const Operation& b) {
  return a.index == b.index && a.time_ns == b.time_ns && a.type == b.type &&
         a.process == b.process && a.f == b.f && same(a.value, b.value) && same(a.key, b.key) &&
         a.node == b.node && a.error == b.error;
}

std::string broken_error(const Error& error) {
  if (error.kind != ErrorKind::input) return "an error that is not of the input";
  if (!error.what.starts_with(std::string(file_name) + ":")) return "an error without its file";
  if (!is_printable(error.what)) return "an error that is not one printable line";
  if (error.remedy.empty()) return "an error without a remedy";
  return "";
}

std::string broken_event(const History& history, EventIndex i) {
  if (history.process(i) < nemesis_process) return "a process that cannot be";
  if (history.f(i) >= history.function_count()) return "a function without a name";
  const EventIndex partner = history.partner(i);
  if (partner == no_event) return "";
  if (partner >= history.size() || history.partner(partner) != i) return "a pair that is none";
  if (history.process(partner) != history.process(i)) return "a pair of two processes";
  if (history.f(partner) != history.f(i)) return "a pair of two functions";
  return "";
}

}  // namespace

std::string broken_invariant(std::string_view text, HistoryFormat format) {
  const auto read = parse_history(text, std::string(file_name), format);
  if (!read) return broken_error(read.error());
  for (const std::string& warning : read->warnings) {
    if (!warning.starts_with(std::string(file_name) + ":")) return "a warning without its file";
    if (!is_printable(warning)) return "a warning that is not one printable line";
  }
  std::string lines;
  for (EventIndex i = 0; i < read->history.size(); ++i) {
    if (std::string broken = broken_event(read->history, i); !broken.empty()) return broken;
    append_json_line(lines, read->history.operation(i));
  }
  const auto again = parse_history(lines, "again", HistoryFormat::json_lines);
  if (!again) return "what was written cannot be read: " + again.error().what;
  if (again->history.size() != read->history.size()) return "fewer events read than written";
  for (EventIndex i = 0; i < read->history.size(); ++i) {
    if (!same(read->history.operation(i), again->history.operation(i))) {
      return "an event that reads back differently: " + std::to_string(i);
    }
  }
  return "";
}

std::string parser_difference(const std::string& line) {
  const std::string padded = line + std::string(json_padding, '\0');
  const std::string_view text = std::string_view(padded).substr(0, line.size());
  Reading reading{std::string(file_name)};
  PlainJsonParser plain(reading);
  JsonEventParser full(reading);
  Event fast;
  if (!plain.parse(text, fast)) return "";
  const auto slow = full.parse(text, {});
  if (!slow) return "only the fast parser takes it: " + slow.error().what;
  const bool is_same = fast.type == slow->type && fast.process == slow->process &&
                       fast.f == slow->f && fast.value == slow->value && fast.key == slow->key &&
                       fast.time_ns == slow->time_ns && fast.index == slow->index &&
                       fast.node == slow->node && fast.error == slow->error;
  return is_same ? "" : "the parsers read different events";
}

}  // namespace gauntlet
