#include "history/reader.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "history/byte_source.hpp"
#include "history/json_lines.hpp"
#include "history/reading.hpp"

namespace gauntlet {

namespace {

Result<void> read_format(ByteSource& source, Reading& reading, HistoryFormat format) {
  switch (format) {
    case HistoryFormat::json_lines:
      return read_json_lines(source, reading);
    default:
      return failure(ErrorKind::internal, "not yet");
  }
}

/// The error of a history whose events do not pair, with the place of the event at fault.
Result<ReadHistory> unpaired(ByteSource& source, const std::string& name, HistoryFormat format,
                             const History::PairError& error, std::string remedy) {
  Reading search(name, error.event);
  if (auto rewound = source.rewind(); !rewound) return rewound.error();
  if (auto read = read_format(source, search, format); !read) return read.error();
  const Place place = search.found().value_or(Place{});
  return failure(ErrorKind::input,
                 fmt::format("{}:{}:{}: {}", name, place.line, place.column, error.what),
                 std::move(remedy));
}

Result<ReadHistory> read_from(ByteSource& source, const std::string& name, HistoryFormat format) {
  if (format == HistoryFormat::detect) format = HistoryFormat::json_lines;
  History::PairError pair_error;
  std::string remedy;
  {
    Reading reading(name);
    if (auto read = read_format(source, reading, format); !read) return read.error();
    auto paired = reading.history.pair(&pair_error);
    if (paired) return ReadHistory{std::move(reading.history), format, std::move(reading.warnings)};
    remedy = paired.error().remedy;
  }
  return unpaired(source, name, format, pair_error, std::move(remedy));
}

}  // namespace

Result<ReadHistory> read_history(const std::string& path, HistoryFormat format) {
  std::string file = path;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    file = (std::filesystem::path(path) / "history.jsonl").string();
  }
  auto source = open_source(file);
  if (!source) return source.error();
  return read_from(**source, file, format);
}

Result<ReadHistory> parse_history(std::string_view text, const std::string& name,
                                  HistoryFormat format) {
  auto source = memory_source(text, name);
  if (!source) return source.error();
  return read_from(**source, name, format);
}

}  // namespace gauntlet
