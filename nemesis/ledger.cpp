// Lines: {"event":"inject","id":1,"fault":"kill","plan":{...}},
//        {"event":"observed","id":1,"took_effect":true,"evidence":"..."},
//        {"event":"healed","id":1,"evidence":"..."}.
//
// A line counts once its newline is on disk. A line that was cut by a crash may be dropped: an
// injection had not begun before its line was complete, and a heal is idempotent.
#include "nemesis/ledger.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "history/json_value.hpp"

namespace gauntlet {

namespace {

Error io_failure(const char* action, const std::string& path) {
  return failure(ErrorKind::resource,
                 fmt::format("cannot {} the fault ledger {}: {}", action, path, strerror(errno)));
}

/// The file's complete lines; what follows the last newline is not returned.
Result<std::string> complete_lines(int descriptor, const std::string& path) {
  constexpr std::size_t bytes_max = 64 << 20;
  std::string text;
  char buffer[1 << 16];
  while (true) {
    const ssize_t count = ::pread(descriptor, buffer, sizeof buffer, text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_failure("read", path);
    if (count == 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > bytes_max) {
      return failure(ErrorKind::input, fmt::format("{} is no fault ledger: too long", path));
    }
  }
  const std::size_t newline = text.rfind('\n');
  text.resize(newline == std::string::npos ? 0 : newline + 1);
  return text;
}

/// Reads what a line says into `entries`. Lines that make no sense are passed over: healing what is
/// known beats refusing, and the nodes are searched for the rest afterwards.
void take_line(std::string_view line, std::vector<LedgerEntry>& entries) {
  const auto value = parse_json(line, "fault ledger");
  if (!value) return;
  const Value* event = value->find("event");
  const Value* id = value->find("id");
  if (event == nullptr || !event->is_string() || id == nullptr || !id->is_integer()) return;
  if (event->string() == "inject") {
    const Value* fault = value->find("fault");
    const Value* plan = value->find("plan");
    if (fault == nullptr || !fault->is_string() || plan == nullptr || !plan->is_map()) return;
    entries.push_back({id->integer(), fault->string(), *plan, false});
  } else if (event->string() == "healed") {
    for (auto& entry : entries)
      entry.healed = entry.healed || entry.id == id->integer();
  }
}

std::vector<LedgerEntry> entries_of(std::string_view lines) {
  std::vector<LedgerEntry> entries;
  for (std::size_t end; (end = lines.find('\n')) != std::string_view::npos;) {
    take_line(lines.substr(0, end), entries);
    lines.remove_prefix(end + 1);
  }
  return entries;
}

void sync_folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  const int descriptor =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

Result<std::unique_ptr<FaultLedger>> FaultLedger::create(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return io_failure("open", path);
  std::unique_ptr<FaultLedger> ledger(new FaultLedger(descriptor));
  const auto lines = complete_lines(descriptor, path);
  if (!lines) return lines.error();
  if (::ftruncate(descriptor, static_cast<off_t>(lines->size())) != 0) {
    return io_failure("write", path);
  }
  ledger->path_ = path;
  ledger->size_bytes_ = lines->size();
  for (const auto& entry : entries_of(*lines))
    ledger->next_id_ = std::max(ledger->next_id_, entry.id + 1);
  sync_folder_of(path);
  return ledger;
}

Result<std::vector<LedgerEntry>> FaultLedger::read(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return io_failure("open", path);
  const auto lines = complete_lines(descriptor, path);
  ::close(descriptor);
  if (!lines) return lines.error();
  return entries_of(*lines);
}

FaultLedger::~FaultLedger() {
  ::close(descriptor_);
}

Result<std::int64_t> FaultLedger::injecting(const std::string& fault, const Value& plan) {
  const std::int64_t id = next_id_;
  const auto written =
      append(Value::map({{"event", "inject"}, {"id", id}, {"fault", fault}, {"plan", plan}}));
  if (!written) return written.error();
  ++next_id_;
  return id;
}

Result<void> FaultLedger::healed(std::int64_t id, const std::string& evidence) {
  return append(Value::map({{"event", "healed"}, {"id", id}, {"evidence", evidence}}));
}

Result<void> FaultLedger::observed(std::int64_t id, bool took_effect, const std::string& evidence) {
  return append(Value::map(
      {{"event", "observed"}, {"id", id}, {"took_effect", took_effect}, {"evidence", evidence}}));
}

Result<void> FaultLedger::append(const Value& line) {
  std::string text = to_json(line);
  text += '\n';
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::pwrite(descriptor_, text.data() + written, text.size() - written,
                                   static_cast<off_t>(size_bytes_ + written));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const Error error = io_failure("write", path_);
      // What was written of the line has no newline, so that it does not count; the next line is
      // written over it.
      return error;
    }
    written += static_cast<std::size_t>(count);
  }
  if (::fsync(descriptor_) != 0) return io_failure("write", path_);
  size_bytes_ += text.size();
  return {};
}

}  // namespace gauntlet
