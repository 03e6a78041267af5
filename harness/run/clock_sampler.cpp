#include "harness/run/clock_sampler.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/wall_clock.hpp"
#include "history/json_value.hpp"

namespace gauntlet {

namespace {

constexpr int machine_is_asked_every = 10;

/// The clock of the machine, which `date` prints in ns.
Result<ClockReading> machine_clock(Node& node) {
  const auto told =
      node.must(Command::of({"date", "+%s%N"}).within(std::chrono::milliseconds(2500)));
  if (!told) return told.error();
  const auto value = parse_json(told->output, "date");
  if (!value || !value->is_integer())
    return failure(ErrorKind::remote, "date printed something else than a number");
  return ClockReading{value->integer(), 0};
}

}  // namespace

Result<std::unique_ptr<ClockSampler>> ClockSampler::create(const std::string& path,
                                                           Cluster& cluster, Database& database,
                                                           std::chrono::nanoseconds interval) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644));
  if (!file.open())
    return gauntlet::failure(ErrorKind::resource,
                             path + " cannot be made: " + std::strerror(errno));
  std::unique_ptr<ClockSampler> sampler(new ClockSampler(std::move(file), database, interval));
  for (Node* node : cluster.nodes()) {
    sampler->threads_.emplace_back(
        [self = sampler.get(), node] { self->ask_again_and_again(*node); });
  }
  return sampler;
}

void ClockSampler::on_event(const Operation& event) {
  if (started_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  start_ns_ = monotonic_now() - event.time_ns;
  started_ = true;
  changed_.notify_all();
}

void ClockSampler::finish() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  for (auto& thread : threads_)
    thread.join();
  threads_.clear();
}

void ClockSampler::ask_again_and_again(Node& node) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ending_ || started_.load(); });
  }
  while (sleep(std::chrono::nanoseconds(0))) {
    const bool by_database = ask(node);
    if (!sleep(by_database ? interval_ : machine_is_asked_every * interval_)) return;
  }
}

bool ClockSampler::ask(Node& node) {
  const Nanos asked_ns = monotonic_now();
  const Nanos wall_ns = wall_now();
  const auto told = database_.clock(node);
  const bool by_database = !told || told->has_value();
  const Result<ClockReading> reading = !told   ? Result<ClockReading>(told.error())
                                       : *told ? Result<ClockReading>(**told)
                                               : machine_clock(node);
  const Nanos way_ns = monotonic_now() - asked_ns;
  Value line = Value::map({{"time", asked_ns + way_ns / 2 - start_ns_}, {"node", node.name()}});
  if (reading) {
    line.set("of", by_database ? "database" : "machine");
    line.set("offset", reading->time_ns - (wall_ns + way_ns / 2));
    line.set("within", reading->within_ns + way_ns / 2);
  } else {
    line.set("error", reading.error().what);
  }
  write(line);
  return by_database;
}

bool ClockSampler::sleep(std::chrono::nanoseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [&] { return ending_; });
}

void ClockSampler::write(const Value& line) {
  const std::string text = to_json(line) + "\n";
  // Appended in one piece; what a full disk does not take is a sample less.
  (void)!::write(file_.get(), text.data(), text.size());
}

}  // namespace gauntlet
