#include "history/edn_history.hpp"

#include <algorithm>

#include "history/edn.hpp"
#include "history/event_field.hpp"
#include "history/whole_text.hpp"

namespace gauntlet {

namespace {

constexpr std::string_view every_event_has = ":process";

class EdnHistoryReader {
 public:
  EdnHistoryReader(std::string_view text, Reading& reading)
      : text_(text), reading_(reading), forms_(text), places_(text) {}

  Result<void> read() {
    for (;;) {
      if (!forms_.skip_blanks()) return malformed();
      while (forms_.skip_tag() && forms_.skip_blanks()) {
      }
      switch (forms_.peek()) {
        case '[':
        case '(':
          // Closing brackets are not matched with the opening ones: what counts are the events.
          ++open_;
          forms_.advance();
          break;
        case ']':
        case ')':
          if (open_ == 0) return unexpected();
          --open_;
          forms_.advance();
          break;
        case '{': {
          const std::size_t start = forms_.offset();
          auto event = read_event();
          if (!event) return cut_off(event.error(), start);
          if (!reading_.append(*event, places_.at(start))) return {};
          break;
        }
        default:
          if (!forms_.at_end()) return unexpected();
          if (open_ > 0) {
            reading_.warn(places_.at(forms_.offset()).line,
                          "the closing bracket is missing: the end may be cut off");
          }
          return {};
      }
    }
  }

 private:
  Error malformed_at(std::size_t offset, std::string_view expected) {
    const std::string_view rest = text_.substr(std::min(offset, text_.size()));
    return reading_.malformed(places_.at(std::min(offset, text_.size())), expected,
                              rest.substr(0, rest.find('\n')));
  }
  Error malformed() { return malformed_at(forms_.failure().offset, forms_.failure().expected); }
  Error unexpected() {
    return malformed_at(forms_.offset(), "an operation such as {:process 0, :type :invoke, ...}");
  }

  Result<void> cut_off(const Error& error, std::size_t start) {
    const bool is_cut = forms_.failure().at_end || forms_.at_end();
    if (!is_cut || reading_.history.empty() ||
        !may_be_cut_event(text_.substr(start), every_event_has)) {
      return error;
    }
    reading_.warn(places_.at(start).line, "the last operation is cut off and was left out");
    return {};
  }

  Result<Event> read_event() {
    forms_.advance();
    Event event;
    unsigned seen = 0;
    for (;;) {
      if (!forms_.skip_blanks()) return malformed();
      if (forms_.peek() == '}') break;
      const std::size_t key_at = forms_.offset();
      const auto key = forms_.name();
      if (!key) return malformed();
      const EventField field = event_field_named(*key);
      if ((seen & field) != 0) return malformed_at(key_at, "each key once in a map");
      seen |= field;
      if (!forms_.skip_blanks()) return malformed();
      const std::size_t at = forms_.offset();
      auto read = read_field(field, at, event);
      if (!read) return read.error();
    }
    const std::size_t end = forms_.offset();
    if ((seen & type_field) == 0) {
      return malformed_at(end, "a key :type with :invoke, :ok, :fail or :info");
    }
    if ((seen & process_field) == 0) return malformed_at(end, "a key :process");
    if ((seen & f_field) == 0) {
      event.f = reading_.history.function("txn");
      if (event.f == no_function) return malformed_at(end, function_expected);
    }
    forms_.advance();
    return event;
  }

  Result<void> read_field(EventField field, std::size_t at, Event& event) {
    switch (field) {
      case value_field:
        return read_value(event.value);
      case key_field:
        return read_value(event.key);
      case node_field:
        return read_text(event.node);
      case error_field:
        return read_text(event.error);
      case time_field:
        return read_count(at, event.time_ns);
      case index_field:
        return read_count(at, event.index);
      case process_field:
        return read_process(at, event.process);
      case f_field:
      case type_field:
        return read_name(field, at, event);
      case no_field:
        break;
    }
    if (!forms_.skip()) return malformed();
    return {};
  }

  Result<void> read_value(ValueId& to) {
    const auto id = forms_.value(reading_.history.values());
    if (!id) return malformed();
    to = *id;
    return {};
  }

  Result<void> read_name(EventField field, std::size_t at, Event& event) {
    const auto name = forms_.name();
    if (!name) return malformed();
    if (field == f_field) {
      event.f = reading_.history.function(*name);
      if (event.f == no_function) return malformed_at(at, function_expected);
      return {};
    }
    const auto type = operation_type_from(*name);
    if (!type) return malformed_at(at, "a type: :invoke, :ok, :fail or :info");
    event.type = *type;
    return {};
  }

  Result<void> read_process(std::size_t at, Process& process) {
    ValueId id = ValueId::nil;
    auto read = read_value(id);
    if (!read) return read;
    const Values& values = reading_.history.values();
    if (values.kind(id) == Value::Kind::string && values.as_string(id) == "nemesis") {
      process = nemesis_process;
      return {};
    }
    const auto client = values.is_integer(id) ? process_from(values.as_integer(id)) : std::nullopt;
    if (!client) return malformed_at(at, process_expected);
    process = *client;
    return {};
  }

  /// Jepsen writes -1 where it has no index or time.
  Result<void> read_count(std::size_t at, std::int64_t& to) {
    ValueId id = ValueId::nil;
    auto read = read_value(id);
    if (!read) return read;
    const Values& values = reading_.history.values();
    if (id != ValueId::nil && !values.is_integer(id)) return malformed_at(at, "an integer");
    const std::int64_t number = id == ValueId::nil ? -1 : values.as_integer(id);
    if (number >= 0) to = number;
    return {};
  }

  Result<void> read_text(std::uint32_t& to) {
    const auto text = error_or_name();
    if (!text) return malformed();
    to = *text;
    return {};
  }

  /// The text of a node or an error: a name as such, anything else as it is written.
  std::optional<std::uint32_t> error_or_name() {
    const char first = forms_.peek();
    if (first == ':' || first == '"') {
      const auto name = forms_.name();
      if (!name) return std::nullopt;
      return error_text_of(reading_.history, *name);
    }
    const auto text = forms_.skip();
    if (!text) return std::nullopt;
    return *text == "nil" ? 0 : error_text_of(reading_.history, *text);
  }

  std::string_view text_;
  Reading& reading_;
  EdnParser forms_;
  PlaceFinder places_;
  std::size_t open_ = 0;
};

/// Events in the text if all are as long as the first ones.
std::size_t events_expected(std::string_view text) {
  const std::string_view sample = text.substr(0, 64 << 10);
  std::size_t events = 0;
  for (auto at = sample.find(every_event_has); at != std::string_view::npos;
       at = sample.find(every_event_has, at + 1)) {
    ++events;
  }
  return sample.empty() ? 0 : text.size() / sample.size() * (events + 1);
}

}  // namespace

Result<void> read_edn(ByteSource& source, Reading& reading) {
  auto text = read_whole(source, reading);
  if (!text) return text.error();
  if (!reading.effort.reason().empty()) return {};
  auto valid = require_utf8(text->view(), reading);
  if (!valid) return valid;
  reading.history.reserve(events_expected(text->view()));
  return EdnHistoryReader(text->view(), reading).read();
}

}  // namespace gauntlet
