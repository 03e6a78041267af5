#include "history/edn_history.hpp"

#include <algorithm>

#include "history/edn.hpp"
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
    bool has_type = false;
    bool has_process = false;
    bool has_function = false;
    std::vector<std::string_view> seen;
    for (;;) {
      if (!forms_.skip_blanks()) return malformed();
      if (forms_.peek() == '}') break;
      const std::size_t key_at = forms_.offset();
      const auto key = forms_.name();
      if (!key) return malformed();
      const std::string_view field = known_field(*key);
      if (!field.empty()) {
        if (std::find(seen.begin(), seen.end(), field) != seen.end()) {
          return malformed_at(key_at, "each key once in a map");
        }
        seen.push_back(field);
      }
      if (!forms_.skip_blanks()) return malformed();
      const std::size_t at = forms_.offset();
      auto read = read_field(field, at, event);
      if (!read) return read.error();
      has_type = has_type || field == "type";
      has_process = has_process || field == "process";
      has_function = has_function || field == "f";
    }
    const std::size_t end = forms_.offset();
    if (!has_type) return malformed_at(end, "a key :type with :invoke, :ok, :fail or :info");
    if (!has_process) return malformed_at(end, "a key :process");
    if (!has_function) {
      event.f = reading_.history.function("txn");
      if (event.f == no_function) return malformed_at(end, function_expected);
    }
    forms_.advance();
    return event;
  }

  static std::string_view known_field(std::string_view name) {
    for (const std::string_view known :
         {"process", "type", "f", "value", "key", "time", "index", "node", "error"}) {
      if (name == known) return known;
    }
    return {};
  }

  Result<void> read_field(std::string_view field, std::size_t at, Event& event) {
    Values& values = reading_.history.values();
    if (field == "value" || field == "key") {
      const auto id = forms_.value(values);
      if (!id) return malformed();
      (field == "value" ? event.value : event.key) = *id;
      return {};
    }
    if (field.empty()) {
      if (!forms_.skip()) return malformed();
      return {};
    }
    if (field == "error" || field == "node") {
      const auto text = error_or_name();
      if (!text) return malformed();
      (field == "error" ? event.error : event.node) = *text;
      return {};
    }
    if (field == "time" || field == "index" || field == "process") {
      return read_number(field, at, event);
    }
    const auto name = forms_.name();
    if (!name) return malformed();
    if (field == "f") {
      event.f = reading_.history.function(*name);
      if (event.f == no_function) return malformed_at(at, function_expected);
      return {};
    }
    const auto type = operation_type_from(*name);
    if (!type) return malformed_at(at, "a type: :invoke, :ok, :fail or :info");
    event.type = *type;
    return {};
  }

  Result<void> read_number(std::string_view field, std::size_t at, Event& event) {
    // A number is small and costs the pool nothing; anything else is an error or a short name.
    Values& values = reading_.history.values();
    const auto id = forms_.value(values);
    if (!id) return malformed();
    const bool is_number = values.is_integer(*id);
    if (field == "process") {
      if (values.kind(*id) == Value::Kind::string && values.as_string(*id) == "nemesis") {
        event.process = nemesis_process;
        return {};
      }
      const auto process = is_number ? process_from(values.as_integer(*id)) : std::nullopt;
      if (!process) return malformed_at(at, process_expected);
      event.process = *process;
      return {};
    }
    if (*id == ValueId::nil) return {};
    if (!is_number) return malformed_at(at, "an integer");
    // Jepsen writes -1 where it has no index or time.
    const std::int64_t number = values.as_integer(*id);
    if (field == "index") event.index = std::max<std::int64_t>(number, -1);
    if (field == "time") event.time_ns = std::max<std::int64_t>(number, 0);
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
  auto text = read_whole(source, reading.name());
  if (!text) return text.error();
  auto valid = require_utf8(text->view(), reading);
  if (!valid) return valid;
  reading.history.reserve(events_expected(text->view()));
  return EdnHistoryReader(text->view(), reading).read();
}

}  // namespace gauntlet
