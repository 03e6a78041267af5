// What the harness itself costs: generators, run loop and recorder, with a client that does
// nothing.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/duration.hpp"
#include "bench/bench.hpp"
#include "harness/generator/generators.hpp"
#include "harness/run/recorder.hpp"
#include "harness/run/run.hpp"

namespace gauntlet {

namespace {

using namespace std::chrono_literals;

class NoClient : public Client {
 public:
  void invoke(Operation& operation, Deadline) override { operation.type = OperationType::ok; }
};

GeneratorPtr read_write_cas() {
  const auto write = [](const Context& context) {
    return std::optional(operation("write", static_cast<std::int64_t>(context.random->below(5))));
  };
  const auto cas = [](const Context& context) {
    const auto value = [&] { return Value(static_cast<std::int64_t>(context.random->below(5))); };
    return std::optional(operation("cas", Value::list({value(), value()})));
  };
  return gen::mix(gen::fixed(operation("read")), gen::function(write), gen::function(cas));
}

GeneratorPtr reserved() {
  std::vector<gen::Reservation> reservations;
  reservations.push_back({2, gen::fixed(operation("read"))});
  return gen::reserve(std::move(reservations), read_write_cas());
}

/// Five workers a key, 300 operations a key, reads on two of the five, a schedule around all, and a
/// nemesis beside it.
GeneratorPtr everything(double rate) {
  return gen::any(
      gen::on_clients(gen::stagger(
          rate, gen::independent(5, gen::integer_keys(),
                                 [](const Value&) { return gen::limit(300, reserved()); }))),
      gen::on_nemesis(gen::cycle([] {
        return gen::concat(gen::sleep(10ms), gen::once(operation("start")), gen::sleep(10ms),
                           gen::once(operation("stop")));
      })));
}

struct Case {
  std::string name;
  int workers;
  double operations;
  std::function<GeneratorPtr(std::size_t operations)> generator;
  double bar_per_s;      ///< 0: none
  double bar_cpu_s = 2;  ///< a million operations
  double bar_peak_mb = 150;
};

std::vector<Case> cases() {
  return {
      {"one operation", 5, 2e6,
       [](std::size_t n) { return gen::limit(n, gen::fixed(operation("read"))); }, 0},
      {"mix", 10, 2e6, [](std::size_t n) { return gen::limit(n, read_write_cas()); }, 600'000},
      {"mix", 100, 2e6, [](std::size_t n) { return gen::limit(n, read_write_cas()); }, 0},
      {"keys, reserve, rate, nemesis", 5, 1e6,
       [](std::size_t n) { return gen::limit(n, everything(2e6)); }, 0},
      {"keys, reserve, rate, nemesis", 100, 1e6,
       [](std::size_t n) { return gen::limit(n, everything(2e6)); }, 300'000},
  };
}

/// Operations a second, median and 99th percentile lateness in us, delivered/asked.
std::vector<double> run_once(const std::string& path, int workers, GeneratorPtr generator) {
  std::filesystem::remove(path);
  auto recorder = Recorder::create(path);
  if (!recorder) {
    fmt::print("{}\n", recorder.error().to_string());
    return {};
  }
  RunSetup setup;
  setup.concurrency = workers;
  setup.seed = 1;
  setup.sinks = {recorder->get()};
  setup.open_client = [](Worker, Process) -> Result<ClientPtr> {
    return ClientPtr(std::make_unique<NoClient>());
  };
  NoClient nemesis;
  setup.nemesis = &nemesis;
  const RunSummary summary = run(*generator, setup);
  const bool kept = (*recorder)->close().has_value();
  std::filesystem::remove(path);
  if (!kept || summary.ok != summary.invocations) return {};
  const double elapsed_s = static_cast<double>(summary.elapsed_ns) * 1e-9;
  return {static_cast<double>(summary.ok) / elapsed_s, static_cast<double>(summary.ok),
          static_cast<double>(summary.lateness.p50) / 1e3,
          static_cast<double>(summary.lateness.p99) / 1e3};
}

std::string verdict(bool met) {
  return met ? "met" : "MISSED";
}

class RunLoopBench : public Bench {
 public:
  std::string_view name() const override { return "run-loop"; }
  std::string_view description() const override {
    return "generators, run loop and recorder with a client that does nothing";
  }

  bool run(const BenchSettings& settings) const override {
    bool all_met = true;
    double load = 0;
    getloadavg(&load, 1);
    fmt::print(
        "\nThe harness alone: a client that does nothing, history recorded to {}.\n"
        "{} cores, load average {:.1f} at the start; {} runs each: ops/s is the best and the "
        "median\n"
        "(other processes only take away), the rest are medians. CPU is that of the whole "
        "process,\n"
        "its start and end included; cores is how much of the machine it got (one lock can use "
        "1).\n\n",
        settings.folder, sysconf(_SC_NPROCESSORS_ONLN), load, settings.repeats);
    fmt::print("{:<30} {:>7} {:>10} {:>10} {:>6} {:>8} {:>8}   {}\n", "generator", "workers",
               "best ops/s", "median", "cores", "CPU s/M", "peak MB", "bars (ops/s, CPU s/M, MB)");
    for (const Case& c : cases())
      all_met = throughput(c, settings) && all_met;
    fmt::print("\n{:<30} {:>7} {:>10} {:>10} {:>11} {:>11} {:>9}   bars (1 %, 100 us)\n", "rate",
               "workers", "asked/s", "made/s", "late p50 us", "late p99 us", "CPU s/s");
    for (const double asked : {1000.0, 10'000.0})
      all_met = rate(asked, settings) && all_met;
    return all_met;
  }

 private:
  static bool throughput(const Case& c, const BenchSettings& settings) {
    std::vector<double> per_s, cpu_s, peak_mb, cores;
    for (int i = 0; i < settings.repeats; ++i) {
      const Measured measured = measure([&] {
        return run_once(file(settings), c.workers,
                        c.generator(static_cast<std::size_t>(c.operations * settings.scale)));
      });
      if (!measured.ended || measured.answers.empty()) {
        fmt::print("{:<30} {:>7} FAILED\n", c.name, c.workers);
        return false;
      }
      const double millions = measured.answers[1] / 1e6;
      per_s.push_back(measured.answers[0]);
      cpu_s.push_back(measured.cpu_s / millions);
      cores.push_back(measured.cpu_s / measured.wall_s);
      peak_mb.push_back(static_cast<double>(measured.peak_bytes) / 1e6);
    }
    const double best = *std::max_element(per_s.begin(), per_s.end());
    const bool met =
        best >= c.bar_per_s && median(cpu_s) < c.bar_cpu_s && median(peak_mb) < c.bar_peak_mb;
    const std::string bar = c.bar_per_s > 0 ? fmt::format("{:.0f}, ", c.bar_per_s) : "";
    fmt::print(
        "{:<30} {:>7} {:>10.0f} {:>10.0f} {:>6.2f} {:>8.2f} {:>8.0f}   {}{:.0f}, {:.0f}: {}\n",
        c.name, c.workers, best, median(per_s), median(cores), median(cpu_s), median(peak_mb), bar,
        c.bar_cpu_s, c.bar_peak_mb, verdict(met));
    return met;
  }

  static bool rate(double asked, const BenchSettings& settings) {
    constexpr int workers = 10;
    const auto operations = static_cast<std::size_t>(asked * 5 * settings.scale);
    std::vector<double> made, p50, p99, cpu;
    for (int i = 0; i < settings.repeats; ++i) {
      const Measured measured = measure([&] {
        return run_once(file(settings), workers,
                        gen::limit(operations, gen::on_clients(gen::delay(
                                                   gen::Duration(static_cast<Nanos>(1e9 / asked)),
                                                   read_write_cas()))));
      });
      if (!measured.ended || measured.answers.empty()) return false;
      made.push_back(measured.answers[0]);
      p50.push_back(measured.answers[2]);
      p99.push_back(measured.answers[3]);
      cpu.push_back(measured.cpu_s / measured.wall_s);
    }
    const double delivered = median(made);
    const bool met = delivered > asked * 0.99 && delivered < asked * 1.01 && median(p50) < 100;
    fmt::print("{:<30} {:>7} {:>10.0f} {:>10.0f} {:>11.0f} {:>11.0f} {:>9.2f}   {}\n",
               "mix, regular gaps", workers, asked, delivered, median(p50), median(p99),
               median(cpu), verdict(met));
    return met;
  }

  static std::string file(const BenchSettings& settings) {
    return (std::filesystem::path(settings.folder) / "gauntlet-bench-history.jsonl").string();
  }
};

}  // namespace

GAUNTLET_REGISTER(Bench, RunLoopBench);

}  // namespace gauntlet
