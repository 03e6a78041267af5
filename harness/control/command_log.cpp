#include "harness/control/command_log.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/duration.hpp"
#include "harness/control/text.hpp"

namespace gauntlet {
namespace {

constexpr std::size_t text_bytes_max = 300;  // as one_line

std::string utc_now() {
  using std::chrono::milliseconds;
  const auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  const auto millis = now.time_since_epoch() % std::chrono::seconds(1);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(now)), millis.count());
}

}  // namespace

std::string describe(const Command& command) {
  if (!command.label.empty()) return one_line(command.label);
  if (command.argv.empty()) return one_line(command.script);
  std::string text;
  for (const std::string& argument : command.argv) {
    text += text.empty() ? "" : " ";
    text += shell_quote(argument);
    if (text.size() > text_bytes_max) break;
  }
  return one_line(text);
}

Result<std::shared_ptr<FileCommandLog>> FileCommandLog::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0)
    return failure(ErrorKind::resource, "cannot write " + path + ": " + std::strerror(errno));
  return std::shared_ptr<FileCommandLog>(new FileCommandLog(descriptor));
}

void FileCommandLog::on_command(const CommandRecord& record) {
  std::string ending = record.error.empty() ? fmt::format("exit {}", record.exit_code)
                                            : fmt::format("failed ({})", one_line(record.error));
  if (!record.signal.empty()) ending = fmt::format("signal {}", record.signal);
  const std::string line = fmt::format("{} {} {} {}: {}{}\n", utc_now(), record.node,
                                       format_duration(record.duration_ns), ending,
                                       record.as_root ? "[root] " : "", record.text);
  // A log that cannot be written (a full disk) must not fail the command.
  [[maybe_unused]] const auto written = ::write(descriptor_.get(), line.data(), line.size());
}

}  // namespace gauntlet
