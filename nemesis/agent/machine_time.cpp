#include "nemesis/agent/machine_time.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/integer.hpp"
#include "nemesis/agent/journal.hpp"

namespace gauntlet::agent {

namespace {

using Monotonic = ClockShape::Monotonic;

constexpr std::string_view journal_name = "machine-clock";
constexpr std::chrono::milliseconds look_interval{200};  ///< for steps that somebody else makes
constexpr std::int64_t tolerance_ns = 100'000;

/// What follows `word` and a blank in a line that begins so.
std::optional<std::string> rest_of(const std::string& line, std::string_view word) {
  if (!line.starts_with(word) || line.size() <= word.size() || line[word.size()] != ' ')
    return std::nullopt;
  return line.substr(word.size() + 1);
}

}  // namespace

std::vector<std::string> MachineTime::Reference::lines() const {
  std::vector<std::string> lines = {"boot " + boot, "ahead " + std::to_string(ahead_ns),
                                    "discipline " + discipline};
  for (const std::string& daemon : daemons)
    lines.push_back("daemon " + daemon);
  return lines;
}

std::optional<MachineTime::Reference> MachineTime::Reference::from_journal() {
  Reference reference;
  bool has_ahead = false;
  for (const std::string& line : read_journal(journal_name)) {
    if (const auto boot = rest_of(line, "boot")) reference.boot = *boot;
    if (const auto words = rest_of(line, "discipline")) reference.discipline = *words;
    if (const auto daemon = rest_of(line, "daemon")) reference.daemons.push_back(*daemon);
    if (const auto number = integer_from(rest_of(line, "ahead").value_or(""))) {
      reference.ahead_ns = *number;
      has_ahead = true;
    }
  }
  if (reference.boot.empty() || !has_ahead) return std::nullopt;
  return reference;
}

Reply MachineTime::put(const std::string& name, const ClockShape& shape) {
  std::unique_lock lock(mutex_);
  std::string failed = reference_ ? "" : begin();
  if (failed.empty()) {
    injections_.insert_or_assign(name, shape);
    failed = apply(Monotonic::now());
  }
  if (!failed.empty()) {
    injections_.erase(name);
    const bool is_last = injections_.empty();
    lock.unlock();
    if (is_last) (void)restore();
    return refuse(failed);
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { keep(); });
  changed_.notify_all();
  return {};
}

Reply MachineTime::take(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    injections_.erase(name);
    if (!injections_.empty()) {
      const std::string failed = apply(Monotonic::now());
      return failed.empty() ? Reply{} : refuse(failed);
    }
  }
  return restore();
}

Reply MachineTime::restore() {
  end_thread();
  const std::lock_guard lock(mutex_);
  injections_.clear();
  reference_.reset();
  if (read_journal(journal_name).empty()) return {true, "nothing was off"};
  const auto reference = Reference::from_journal();
  if (!reference) return refuse("the journal of the machine's clock cannot be read");
  const bool is_this_boot = reference->boot == boot_;
  std::string failed;
  if (is_this_boot) {
    failed = set_ahead(reference->ahead_ns);
    if (failed.empty()) failed = clock_.set_discipline(reference->discipline);
    for (const std::string& daemon : reference->daemons) {
      if (failed.empty()) failed = daemons_.start(daemon);
    }
  }
  if (failed.empty()) failed = write_journal(journal_name, {});
  if (!failed.empty()) return refuse(failed);
  return {true, is_this_boot ? "restored" : "the machine was started again since"};
}

std::int64_t MachineTime::offset_ns() const {
  const std::lock_guard lock(mutex_);
  return reference_ ? clock_.ahead_ns() - reference_->ahead_ns : 0;
}

bool MachineTime::is_off() const {
  const std::lock_guard lock(mutex_);
  return reference_.has_value();
}

std::string MachineTime::residue() {
  if (read_journal(journal_name).empty()) return "";
  std::string found = "the machine's clock is off";
  if (const auto reference = Reference::from_journal()) {
    for (const std::string& daemon : reference->daemons)
      found += ", stopped: " + daemon;
  }
  return found;
}

/// Requires the lock: saves the reference, then stops who would undo us.
std::string MachineTime::begin() {
  Reference reference{boot_, clock_.ahead_ns(), clock_.discipline(), daemons_.running()};
  if (reference.discipline.empty()) return "the kernel does not tell the state of its clock";
  if (const std::string failed = write_journal(journal_name, reference.lines()); !failed.empty())
    return failed;
  for (const std::string& daemon : reference.daemons) {
    if (const std::string failed = daemons_.stop(daemon); !failed.empty()) return failed;
  }
  // One of them may have stepped it until it was stopped.
  const std::int64_t now_ns = clock_.ahead_ns();
  const bool was_stepped = std::abs(now_ns - reference.ahead_ns) > tolerance_ns;
  reference.ahead_ns = now_ns;
  if (was_stepped) {
    if (const std::string failed = write_journal(journal_name, reference.lines()); !failed.empty())
      return failed;
  }
  reference_ = std::move(reference);
  return "";
}

/// Requires the lock.
std::string MachineTime::set_ahead(std::int64_t ahead_ns) {
  constexpr int attempts_max = 5;
  for (int attempt = 0;; ++attempt) {
    const std::int64_t missing_ns = ahead_ns - clock_.ahead_ns();
    if (std::abs(missing_ns) <= tolerance_ns) return "";
    if (attempt == attempts_max) return "the machine's clock does not stay where it is set";
    if (const std::string failed = clock_.step(missing_ns); !failed.empty())
      return "the machine's clock cannot be set: " + failed;
  }
}

/// Requires the lock and a reference.
std::string MachineTime::apply(Monotonic::time_point now) {
  std::int64_t ahead_ns = reference_->ahead_ns;
  for (const auto& [name, shape] : injections_)
    ahead_ns += shape.offset_ns(now);
  return set_ahead(ahead_ns);
}

void MachineTime::keep() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    const auto now = Monotonic::now();
    Monotonic::duration pause = look_interval;
    for (const auto& [name, shape] : injections_)
      pause = std::min(pause, shape.next_change(now).value_or(pause));
    changed_.wait_for(lock, pause);
    if (!ending_ && reference_) (void)apply(Monotonic::now());
  }
}

void MachineTime::end_thread() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  ending_ = false;
}

}  // namespace gauntlet::agent
