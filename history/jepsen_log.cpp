#include "history/jepsen_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <charconv>

#include "history/edn.hpp"
#include "history/line_reader.hpp"
#include "history/whole_text.hpp"

namespace gauntlet {

namespace {

constexpr std::string_view logger_name = "jepsen.util";

class JepsenLogReader {
 public:
  explicit JepsenLogReader(Reading& reading) : reading_(reading) {}

  enum class Outcome { event, other, malformed };

  /// Reads the operation of a line. A line that begins as one, with a process and a keyword, must
  /// be one: an operation that is passed over could turn the verdict.
  Outcome read(std::string_view line, std::size_t line_number) {
    EdnParser forms(line, operation_offset(line));
    if (!forms.skip_blanks()) return Outcome::other;
    place_ = {line_number, forms.offset() + 1};
    const std::string_view process = forms.token();
    if (process != ":nemesis" && !is_number(process)) return Outcome::other;
    forms.advance(process.size());
    if (!forms.skip_blanks() || forms.peek() != ':') return Outcome::other;

    event_ = {};
    if (!read_process(process) || !read_head(forms) || !read_value(forms)) {
      if (!forms.failure().expected.empty()) {
        place_.column = forms.failure().offset + 1;
        error_ = reading_.malformed(place_, forms.failure().expected,
                                    line.substr(std::min(forms.failure().offset, line.size())));
      }
      return Outcome::malformed;
    }
    if (event_.type == OperationType::invoke) invoked_[event_.process] = event_.value;
    return Outcome::event;
  }

  const Event& event() const { return event_; }
  Place place() const { return place_; }
  const Error& error() const { return error_; }

 private:
  static bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  }

  static std::size_t operation_offset(std::string_view line) {
    const auto at = line.find(logger_name);
    if (at == std::string_view::npos) return 0;
    const auto from = line.find_first_not_of(" \t-:", at + logger_name.size());
    if (from == std::string_view::npos) return line.size();
    // The nemesis begins with a colon of its own.
    return line.substr(from).starts_with("nemesis") ? from - 1 : from;
  }

  bool read_process(std::string_view text) {
    event_.process = nemesis_process;
    if (text[0] == ':') return true;
    std::int64_t number = -1;
    std::from_chars(text.data(), text.data() + text.size(), number);
    const auto process = process_from(number);
    if (process) {
      event_.process = *process;
    } else {
      error_ = reading_.malformed(place_, process_expected, text);
    }
    return process.has_value();
  }

  bool read_head(EdnParser& forms) {
    const auto type_name = forms.name();
    if (!type_name) return false;
    const auto type = operation_type_from(*type_name);
    if (!type) return forms.fail("a type: :invoke, :ok, :fail or :info in front"), false;
    event_.type = *type;
    const auto function_name = forms.name();
    if (!function_name) return false;
    event_.f = reading_.history.function(*function_name);
    if (event_.f != no_function) return true;
    error_ = reading_.malformed(place_, function_expected, *function_name);
    return false;
  }

  bool read_value(EdnParser& forms) {
    if (!forms.skip_blanks()) return false;
    const bool may_be_error =
        event_.type == OperationType::fail || event_.type == OperationType::info;
    if (may_be_error && event_.process != nemesis_process && forms.peek() == ':') {
      const auto invoked = invoked_.find(event_.process);
      if (invoked != invoked_.end()) event_.value = invoked->second;
    } else if (!forms.at_end()) {
      const auto value = forms.value(reading_.history.values());
      if (!value) return false;
      event_.value = *value;
    }
    if (!forms.skip_blanks()) return false;
    if (forms.at_end()) return true;
    if (forms.peek() == ':' || forms.peek() == '"') {
      const auto name = forms.name();
      if (!name) return false;
      event_.error = error_text_of(reading_.history, *name);
      return true;
    }
    const auto text = forms.skip();
    if (!text) return false;
    event_.error = error_text_of(reading_.history, *text);
    return true;
  }

  Reading& reading_;
  Event event_;
  Place place_;
  Error error_;
  boost::unordered_flat_map<Process, ValueId> invoked_;
};

}  // namespace

Result<void> read_jepsen_log(ByteSource& source, Reading& reading) {
  LineReader lines(source, reading.name());
  JepsenLogReader reader(reading);
  std::size_t others = 0;
  std::size_t first_other = 0;
  while (lines.next()) {
    const std::string_view line = lines.line();
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (auto valid = require_utf8(line, reading, lines.line_number()); !valid) return valid;
    const auto outcome = reader.read(line, lines.line_number());
    if (outcome == JepsenLogReader::Outcome::event) {
      if (!reading.append(reader.event(), reader.place())) return {};
    } else if (outcome == JepsenLogReader::Outcome::malformed && !lines.is_cut()) {
      return reader.error();
    } else if (lines.is_cut()) {
      reading.warn(lines.line_number(), "the last line is cut off and was left out");
    } else if (others++ == 0) {
      first_other = lines.line_number();
    }
  }
  if (lines.error()) return *lines.error();
  if (others > 0) {
    reading.warn(first_other, fmt::format("{} lines from here on are no operations and were left "
                                          "out",
                                          others));
  }
  return {};
}

}  // namespace gauntlet
