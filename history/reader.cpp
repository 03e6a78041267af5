#include "history/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <new>

#include "history/byte_source.hpp"
#include "history/cobra_log.hpp"
#include "history/dbcop_bincode.hpp"
#include "history/edn_history.hpp"
#include "history/jepsen_log.hpp"
#include "history/json_lines.hpp"
#include "history/reading.hpp"
#include "history/transaction_text.hpp"

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
    case HistoryFormat::cobra_log:
      return read_cobra_log(source, reading, 0);
    case HistoryFormat::dbcop_bincode:
      return read_dbcop_bincode(source, reading);
    case HistoryFormat::transaction_text:
      return read_transaction_text(source, reading);
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

/// What a file is: of the binary formats by their first records, of texts by the first characters
/// that are not white space.
HistoryFormat format_of(std::string_view front) {
  if (is_dbcop_bincode(front)) return HistoryFormat::dbcop_bincode;
  if (is_cobra_log(front)) return HistoryFormat::cobra_log;
  if (is_transaction_text(front)) return HistoryFormat::transaction_text;
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
    return failure(
        ErrorKind::input,
        fmt::format("{}:1:1: expected a history: JSON lines, a JSON array, EDN, a log of "
                    "Jepsen or Cobra, bincode of dbcop, or text of PolySI or Plume",
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

/// Room for what pairing adds to each event.
bool has_room_to_pair(Reading& reading) {
  const bool fits = reading.effort.allows(reading.history.size() * sizeof(EventIndex));
  return fits && reading.effort.reason().empty();
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
    if (!has_room_to_pair(reading)) return exhausted(reading);
    const bool invoked_here = reading.history.invoke_completions();
    auto paired = reading.history.pair(&pair_error);
    if (paired) {
      // Jepsen's own operations have no `:key`.
      if (is_detected && format == HistoryFormat::edn && reading.history.has_keys()) {
        format = HistoryFormat::porcupine_kv;
      }
      return ReadHistory{std::move(reading.history), format, std::move(reading.warnings)};
    }
    remedy = paired.error().remedy;
    if (invoked_here) pair_error.event /= 2;
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

namespace {

namespace fs = std::filesystem;

/// The files of a folder that end in .log, those of shorter names first: T2.log, T10.log.
std::vector<std::string> logs_in(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".log" && entry.is_regular_file(ignored)) {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return files;
}

/// Whether the first of the files that holds anything is a log of Cobra.
bool are_cobra_logs(const std::vector<std::string>& files) {
  constexpr std::size_t front_size = 4 << 10;
  for (const std::string& file : files) {
    auto source = open_source(file);
    if (!source) return false;
    const auto front = front_of(**source, front_size);
    if (!front) return false;
    if (!front->empty()) return is_cobra_log(*front);
  }
  return false;
}

}  // namespace

std::span<const NamedFormat> named_formats() {
  using enum HistoryFormat;
  static constexpr NamedFormat formats[] = {
      {"json-lines", json_lines}, {"json-array", json_array},     {"edn", edn},
      {"jepsen-log", jepsen_log}, {"porcupine-kv", porcupine_kv}, {"cobra", cobra_log},
      {"dbcop", dbcop_bincode},   {"plume", transaction_text}};
  return formats;
}

Result<ReadHistory> read_sessions(std::span<const std::string> files, const std::string& name,
                                  const Budget& budget) {
  return within_memory(name, [&]() -> Result<ReadHistory> {
    Reading reading(name, budget);
    Process process = 0;
    for (const std::string& file : files) {
      auto source = open_source(file);
      if (!source) return source.error();
      reading.rename(file);
      if (auto read = read_cobra_log(**source, reading, process++); !read) return read.error();
      if (!reading.effort.reason().empty()) break;
    }
    reading.rename(name);
    if (!has_room_to_pair(reading)) return exhausted(reading);
    if (auto paired = reading.history.pair(); !paired) return paired.error();
    return ReadHistory{std::move(reading.history), HistoryFormat::cobra_log,
                       std::move(reading.warnings)};
  });
}

Result<ReadHistory> read_history(const std::string& path, HistoryFormat format,
                                 const Budget& budget) {
  std::string file = path;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    file = (fs::path(path) / "history.jsonl").string();
    const std::string bincode = (fs::path(path) / "history.bincode").string();
    if (!fs::exists(file, ignored)) {
      const auto logs = logs_in(path);
      if (fs::exists(bincode, ignored)) {
        file = bincode;
      } else if (are_cobra_logs(logs)) {
        return read_sessions(logs, path, budget);
      }
    }
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
