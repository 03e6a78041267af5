#include "harness/run/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "base/duration.hpp"

namespace gauntlet {

namespace {

constexpr std::chrono::milliseconds draw_period{200};

bool is_usable_terminal(int descriptor) {
  const char* const kind = std::getenv("TERM");
  return isatty(descriptor) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

std::size_t columns_of(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

/// Names of nodes and phases come from outside; no byte of theirs may steer the terminal.
std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain = c >= ' ' && c <= '~';
    if (plain) {
      result += c;
    } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {  // once a UTF-8 character
      result += '?';
    }
  }
  return result;
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(descriptor, text.data(), text.size());
    if (n <= 0) return;  // nobody to tell
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// "partition n1 n2" of an injection that has happened.
std::string describe_fault(std::string_view name, const Value& value) {
  std::string text(name);
  const Value* targets = value.find("targets");
  if (targets == nullptr || !targets->is_list()) return text;
  for (const Value& target : targets->items()) {
    if (target.is_string()) text += " " + target.string();
  }
  return text;
}

}  // namespace

Progress::Progress() : Progress(STDERR_FILENO, is_usable_terminal(STDERR_FILENO)) {}

Progress::Progress(int descriptor, bool is_terminal)
    : descriptor_(descriptor), is_terminal_(is_terminal) {
  samples_.fill({started_ns_, 0});
  if (is_terminal_) drawer_ = std::thread([this] { draw(); });
}

Progress::~Progress() {
  finish();
}

void Progress::phase(std::string_view name) {
  const std::lock_guard guard(mutex_);
  if (finished_ || phase_ == name) return;
  phase_ = name;
  if (is_terminal_) {
    changed_.notify_all();
  } else {
    write_all(descriptor_, printable(name) + "\n");
  }
}

void Progress::on_event(const Operation& event) {
  if (event.process == nemesis_process) {
    on_nemesis(event);
  } else if (event.type != OperationType::invoke) {
    completed_[static_cast<std::size_t>(event.type)].fetch_add(1, std::memory_order_relaxed);
  }
}

void Progress::on_nemesis(const Operation& event) {
  const std::lock_guard guard(mutex_);
  if (nemesis_acts_.empty()) {
    nemesis_acts_ = event.f;
    return;
  }
  nemesis_acts_.clear();
  const std::string_view f = event.f;
  const Value* number = event.value.find("fault");
  const bool numbered = number != nullptr && number->is_integer();
  const Value* skipped = event.value.find("skipped");
  if (f.starts_with("inject-") && numbered && skipped == nullptr) {
    faults_[number->integer()] = describe_fault(f.substr(7), event.value);
  } else if (f == "heal-all") {
    faults_.clear();
  } else if (f.starts_with("heal-") && numbered) {
    faults_.erase(number->integer());
  }
}

std::string Progress::line(std::size_t columns) const {
  const auto count = [this](OperationType type) {
    return completed_[static_cast<std::size_t>(type)].load(std::memory_order_relaxed);
  };
  const std::uint64_t ok = count(OperationType::ok), fail = count(OperationType::fail),
                      info = count(OperationType::info);
  const std::lock_guard guard(mutex_);
  const Nanos elapsed_ns = (monotonic_now() - started_ns_) / nanos_per_second * nanos_per_second;
  std::string text =
      fmt::format("{}  {}", phase_, elapsed_ns == 0 ? "0 s" : format_duration(elapsed_ns));
  if (ok + fail + info > 0) {
    text += fmt::format("  {:.0f} ops/s  ok {}  fail {}  info {}", rate_, ok, fail, info);
  }
  if (!faults_.empty()) {
    text += "  fault:";
    for (const auto& [number, fault] : faults_)
      text += (number == faults_.begin()->first ? " " : ", ") + fault;
  }
  if (!nemesis_acts_.empty()) text += fmt::format("  ({} ...)", nemesis_acts_);
  text = printable(text);
  if (text.size() > columns) text.resize(columns);
  return text;
}

/// Takes the rate over the last `samples` - 1 periods.
void Progress::sample() {
  std::uint64_t total = 0;
  for (const auto& count : completed_)
    total += count.load(std::memory_order_relaxed);
  const Nanos now = monotonic_now();
  const auto [then, total_then] = samples_[sample_next_];
  if (now > then) {
    rate_ = static_cast<double>(total - total_then) * 1e9 / static_cast<double>(now - then);
  }
  samples_[sample_next_] = {now, total};
  sample_next_ = (sample_next_ + 1) % samples;
}

/// The drawer's thread. Each picture is one write: over the line before, then cleared to the end.
void Progress::draw() {
  std::unique_lock guard(mutex_);
  while (!finished_) {
    sample();
    guard.unlock();
    const std::size_t columns = columns_of(descriptor_);
    write_all(descriptor_, "\r" + line(columns > 1 ? columns - 1 : 1) + "\x1b[K");
    guard.lock();
    changed_.wait_for(guard, draw_period);
  }
}

void Progress::finish() {
  {
    const std::lock_guard guard(mutex_);
    if (finished_) return;
    finished_ = true;
  }
  changed_.notify_all();
  if (drawer_.joinable()) {
    drawer_.join();
    write_all(descriptor_, "\r\x1b[K");
  }
}

}  // namespace gauntlet
