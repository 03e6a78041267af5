#include "harness/run/run_log.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/duration.hpp"
#include "harness/control/text.hpp"

namespace gauntlet {

namespace {

std::string utc_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(now.tv_sec),
                     now.tv_nsec / nanos_per_millisecond);
}

}  // namespace

Result<std::unique_ptr<RunLog>> RunLog::open(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (!file.open()) {
    return gauntlet::failure(ErrorKind::resource,
                             fmt::format("cannot write {}: {}", path, std::strerror(errno)),
                             "choose another place with --store");
  }
  return std::unique_ptr<RunLog>(new RunLog(std::move(file)));
}

void RunLog::write(std::string_view text) {
  constexpr std::size_t bytes_max = 1000;
  const std::string line =
      fmt::format("{} +{}  {}\n", utc_now(), format_duration(monotonic_now() - started_ns_),
                  one_line(text, bytes_max));
  [[maybe_unused]] const auto written = ::write(file_.get(), line.data(), line.size());
}

void RunLog::on_event(const Operation& event) {
  if (event.process != nemesis_process) return;
  std::string text = "nemesis " + event.f;
  if (!event.value.is_nil()) text += " " + to_json(event.value);
  if (!event.error.empty()) text += " (" + event.error + ")";
  write(text);
}

}  // namespace gauntlet
