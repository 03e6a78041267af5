#include "history/json_lines.hpp"

#include "history/json_event.hpp"
#include "history/line_reader.hpp"

namespace gauntlet {

namespace {

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

Result<void> read_json_lines(ByteSource& source, Reading& reading) {
  LineReader lines(source, reading.name());
  JsonEventParser parser(reading);
  while (lines.next()) {
    if (lines.line_number() == 1) reading.history.reserve(lines.lines_expected());
    if (is_blank(lines.line())) continue;
    const Place place{lines.line_number(), 1};
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
