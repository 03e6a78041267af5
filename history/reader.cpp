#include "history/reader.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <new>

#include "history/byte_source.hpp"
#include "history/edn_history.hpp"
#include "history/jepsen_log.hpp"
#include "history/json_lines.hpp"
#include "history/reading.hpp"

namespace gauntlet {

namespace {

Result<void> read_format(ByteSource& source, Reading& reading, HistoryFormat format) {
  switch (format) {
    case HistoryFormat::json_lines:
      return read_json_lines(source, reading);
    case HistoryFormat::json_array:
      return read_json_array(source, reading);
    case HistoryFormat::edn:
    case HistoryFormat::porcupine_kv:
      return read_edn(source, reading);
    case HistoryFormat::jepsen_log:
      return read_jepsen_log(source, reading);
    case HistoryFormat::detect:
      break;
  }
  return failure(ErrorKind::internal, "a format that was not detected");
}

/// The first bytes of a source, which is rewound; at most `size`.
Result<std::string> front_of(ByteSource& source, std::size_t size) {
  std::string front(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    auto count = source.read(front.data() + filled, size - filled);
    if (!count) return count.error();
    if (*count == 0) break;
    filled += *count;
  }
  front.resize(filled);
  if (auto rewound = source.rewind(); !rewound) return rewound.error();
  return front;
}

/// What a text is by its first characters that are not white space.
HistoryFormat format_of(std::string_view front) {
  if (front.starts_with(byte_order_mark)) front.remove_prefix(byte_order_mark.size());
  std::string marks;
  for (const char c : front) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    marks += c;
    if (marks.size() == 3) break;
  }
  using enum HistoryFormat;
  if (marks.empty() || marks.starts_with("{\"")) return json_lines;
  if (marks == "[" || marks == "[]" || marks.starts_with("[{\"")) return json_array;
  if (std::string_view("{[(#;").find(marks[0]) != std::string_view::npos) return edn;
  if (front.find("jepsen.util") != std::string_view::npos) return jepsen_log;
  // history.txt: a process, a tab and a keyword.
  const std::string_view line = front.substr(0, front.find('\n'));
  if (line.find("\t:") != std::string_view::npos) return jepsen_log;
  return detect;
}

Result<HistoryFormat> detect_format(ByteSource& source, const std::string& name) {
  constexpr std::size_t front_size = 64 << 10;
  auto front = front_of(source, front_size);
  if (!front) return front.error();
  const HistoryFormat format = format_of(*front);
  if (format == HistoryFormat::detect) {
    return failure(ErrorKind::input,
                   fmt::format("{}:1:1: expected a history: JSON lines, a JSON array, EDN or a log "
                               "of Jepsen",
                               name),
                   "name the format with --format if it is one of these");
  }
  return format;
}

/// The error of a history whose events do not pair, with the place of the event at fault.
Result<ReadHistory> unpaired(ByteSource& source, const std::string& name, HistoryFormat format,
                             const History::PairError& error, std::string remedy,
                             const Budget& budget) {
  Reading search(name, budget, error.event);
  if (auto rewound = source.rewind(); !rewound) return rewound.error();
  if (auto read = read_format(source, search, format); !read) return read.error();
  const Place place = search.found().value_or(Place{});
  return failure(ErrorKind::input,
                 fmt::format("{}:{}:{}: {}", name, place.line, place.column, error.what),
                 std::move(remedy));
}

/// The error of a history that the budget does not suffice to read.
Error exhausted(const Reading& reading) {
  const ErrorKind kind = reading.effort.out_of_memory() ? ErrorKind::resource
                         : reading.effort.stopped()     ? ErrorKind::interrupted
                                                        : ErrorKind::timeout;
  return failure(kind,
                 fmt::format("{}: {} while the history was read, after {} events", reading.name(),
                             reading.effort.reason(), reading.history.size()),
                 kind == ErrorKind::resource ? "raise the memory limit" : "");
}

Result<ReadHistory> read_source(ByteSource& source, const std::string& name, HistoryFormat format,
                                const Budget& budget) {
  const bool is_detected = format == HistoryFormat::detect;
  if (is_detected) {
    auto detected = detect_format(source, name);
    if (!detected) return detected.error();
    format = *detected;
  }
  History::PairError pair_error;
  std::string remedy;
  {
    Reading reading(name, budget);
    if (auto read = read_format(source, reading, format); !read) return read.error();
    const bool fits = reading.effort.allows(reading.history.size() * sizeof(EventIndex));
    if (!fits || !reading.effort.reason().empty()) return exhausted(reading);
    auto paired = reading.history.pair(&pair_error);
    if (paired) {
      // Jepsen's own operations have no `:key`.
      if (is_detected && format == HistoryFormat::edn && reading.history.has_keys()) {
        format = HistoryFormat::porcupine_kv;
      }
      return ReadHistory{std::move(reading.history), format, std::move(reading.warnings)};
    }
    remedy = paired.error().remedy;
  }
  return unpaired(source, name, format, pair_error, std::move(remedy), budget);
}

/// The last one who can still answer when memory has run out.
template <class Read>
Result<ReadHistory> within_memory(const std::string& name, Read read) {
  try {
    return read();
  } catch (const std::bad_alloc&) {
    return failure(ErrorKind::resource, fmt::format("{}: no memory for this history", name),
                   "raise the memory limit");
  }
}

}  // namespace

Result<ReadHistory> read_history(const std::string& path, HistoryFormat format,
                                 const Budget& budget) {
  std::string file = path;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    file = (std::filesystem::path(path) / "history.jsonl").string();
  }
  return within_memory(file, [&]() -> Result<ReadHistory> {
    auto source = open_source(file);
    if (!source) return source.error();
    return read_source(**source, file, format, budget);
  });
}

Result<ReadHistory> parse_history(std::string_view text, const std::string& name,
                                  HistoryFormat format) {
  return within_memory(name, [&]() -> Result<ReadHistory> {
    const Budget unlimited;
    auto source = memory_source(text, name);
    if (!source) return source.error();
    return read_source(**source, name, format, unlimited);
  });
}

}  // namespace gauntlet
