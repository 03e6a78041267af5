#include "history/json_lines.hpp"

#include <algorithm>
#include <optional>

#include "history/json_event.hpp"
#include "history/line_reader.hpp"
#include "history/plain_json.hpp"
#include "history/whole_text.hpp"

namespace gauntlet {

namespace {

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// Length of the object at the front of `text`, or nothing where the text ends inside it. What is
/// between its braces need not be JSON.
std::optional<std::size_t> object_length(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      in_string = !in_string;
    } else if (in_string) {
      if (c == '\\') ++i;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return std::nullopt;
}

/// The array of events in a text.
class JsonArrayReader {
 public:
  JsonArrayReader(std::string_view text, Reading& reading)
      : text_(text), reading_(reading), parser_(reading), places_(text) {}

  Result<void> read() {
    if (next() != '[') return unexpected("an array of events");
    ++at_;
    if (next() == ']') return read_end();
    for (;;) {
      if (next() != '{') return at_end() ? cut_off() : unexpected("an object");
      const auto length = object_length(text_.substr(at_));
      if (!length) return cut_off();
      const Place place = places_.at(at_);
      const auto event = parser_.parse(text_.substr(at_, *length), place);
      if (!event) return event.error();
      if (!reading_.append(*event, place)) return {};
      at_ += *length;
      if (next() == ']') return read_end();
      if (next() != ',') return at_end() ? cut_off() : unexpected("a comma or ]");
      ++at_;
    }
  }

 private:
  bool at_end() const { return at_ == text_.size(); }

  /// Skips white space; the character behind it, NUL at the end.
  char next() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    return at_end() ? '\0' : text_[at_];
  }

  Error unexpected(std::string_view expected) {
    const std::string_view rest = text_.substr(at_);
    return reading_.malformed(places_.at(at_), expected, rest.substr(0, rest.find('\n')));
  }

  Result<void> read_end() {
    ++at_;
    if (next() != '\0' || !at_end()) return unexpected("nothing behind the array");
    return {};
  }

  Result<void> cut_off() {
    if (reading_.history.empty() || !may_be_cut_event(text_.substr(at_), "\"process\"")) {
      return unexpected("an object that ends, and ] in the end");
    }
    reading_.warn(places_.at(at_).line, "the array is cut off here and was read up to this place");
    return {};
  }

  std::string_view text_;
  Reading& reading_;
  JsonEventParser parser_;
  PlaceFinder places_;
  std::size_t at_ = 0;
};

}  // namespace

Result<void> read_json_array(ByteSource& source, Reading& reading) {
  const auto text = read_whole(source, reading);
  if (!text) return text.error();
  if (!reading.effort.reason().empty()) return {};
  return JsonArrayReader(text->view(), reading).read();
}

Result<void> read_json_lines(ByteSource& source, Reading& reading) {
  LineReader lines(source, reading.name());
  JsonEventParser parser(reading);
  PlainJsonParser plain_parser(reading);
  Event plain_event;
  while (lines.next()) {
    if (lines.line_number() == 1) reading.history.reserve(lines.lines_expected());
    const Place place{lines.line_number(), 1};
    if (plain_parser.parse(lines.line(), plain_event)) {
      if (!reading.append(plain_event, place)) return {};
      continue;
    }
    if (is_blank(lines.line())) continue;
    auto event = parser.parse(lines.line(), place);
    if (!event) {
      if (lines.is_cut() && parser.not_json()) {
        reading.warn(place.line, "the last line is cut off and was left out");
        break;
      }
      return event.error();
    }
    if (!reading.append(*event, place)) return {};
  }
  if (lines.error()) return *lines.error();
  return {};
}

}  // namespace gauntlet
