// Linearizability, as a user gets it: `gauntlet check --json` on simulated histories, with loading.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "bench/bench.hpp"
#include "bench/check_program.hpp"
#include "bench/histories/simulated_history.hpp"
#include "history/json_value.hpp"

namespace gauntlet {

namespace {

constexpr double repeat_up_to_s = 10;  ///< what takes longer is measured once
constexpr double memory_limit_mb = 200;

/// A row of the table: a history, what is expected, and what the best peer took.
struct Row {
  std::string name;
  SimulationOptions options;
  double bar_cpu_s = 0;       ///< 0: none
  double bar_peak_mb = 0;     ///< 0: none
  std::string peer;           ///< CPU s and memory; "-": none finished in 60 s and 9 GB
  bool needs_memory = false;  ///< run with a memory limit that the history cannot be judged within
};

/// Short for the figures of a row: a model's history of `n` operations by `processes`.
SimulationOptions history(const char* model, double n, std::int64_t processes,
                          double crash_share = 0, std::int64_t values = 5) {
  SimulationOptions options;
  options.model = model;
  options.operations = static_cast<std::int64_t>(n);
  options.processes = processes;
  options.crash_share = crash_share;
  options.values.count = values;
  return options;
}

SimulationOptions stale(SimulationOptions options) {
  options.plant = Plant::stale;
  return options;
}

SimulationOptions counts(SimulationOptions options, bool is_valid) {
  options.plant = is_valid ? Plant::counts_valid : Plant::counts;
  return options;
}

constexpr std::int64_t unique = 0;

/// What is known of the peers: Porcupine's and Knossos's CPU seconds, or, where both fail, those of
/// the prototype that showed the way ("probe", without loading).
std::vector<Row> few_processes() {
  const auto reg = [](double n, double crash = 0) { return history("register", n, 10, crash); };
  const auto cas = [](double n, double crash = 0) { return history("cas-register", n, 10, crash); };
  return {
      {"register, 5 values, C=10, 10,000, valid", reg(1e4), 0.05, 0, "0.2"},
      {"register, 5 values, C=10, 10,000, stale", stale(reg(1e4)), 0.05, 0, "8.0, 2.2 GB"},
      {"register, 5 values, C=10, 100,000, valid", reg(1e5), 0.25, 40, "-"},
      {"register, 5 values, C=10, 100,000, stale", stale(reg(1e5)), 0.25, 40, "- (probe 0.3)"},
      {"cas-register, 5 values, C=10, 100,000, valid", cas(1e5), 0.25, 40, "3.5, 2.7 GB"},
      {"cas-register, 5 values, C=10, 100,000, stale", stale(cas(1e5)), 0.25, 40, "- (probe 0.3)"},
      {"register, 5 values, C=10, 1,000,000, valid", reg(1e6), 1.5, 250, "- (probe 0.9)"},
      {"register, 5 values, C=10, 1,000,000, stale", stale(reg(1e6)), 1.5, 250, "-"},
      {"cas-register, 5 values, C=10, 1,000,000, valid", cas(1e6), 1.5, 250, "-"},
      {"cas-register, 5 values, C=10, 1,000,000, stale", stale(cas(1e6)), 1.5, 250, "-"},
  };
}

std::vector<Row> many_processes() {
  const auto reg = [](std::int64_t c) { return history("register", 1e3, c); };
  const auto cas = [](std::int64_t c) { return history("cas-register", 1e3, c); };
  return {
      {"register, 5 values, C=20, 10,000, 0.1 % crash, valid", history("register", 1e4, 20, 0.001),
       0.05, 0, "- (probe 0.01)"},
      {"register, 5 values, C=50, 1,000, valid", reg(50), 0.05, 0, "- (probe 0.005)"},
      {"register, 5 values, C=50, 1,000, stale", stale(reg(50)), 0.05, 0, "- (probe 0.005)"},
      {"register, 5 values, C=100, 1,000, valid", reg(100), 0.05, 0, "- (probe 0.005)"},
      {"register, 5 values, C=100, 1,000, stale", stale(reg(100)), 0.05, 0, "- (probe 0.005)"},
      {"cas-register, 5 values, C=50, 1,000, valid", cas(50), 0.1, 0, "- (probe 0.06)"},
      {"cas-register, 5 values, C=50, 1,000, stale", stale(cas(50)), 0.1, 0, "- (probe 0.02)"},
      {"cas-register, 5 values, C=100, 1,000, valid", cas(100), 1, 0, "- (probe 2.9)"},
      {"cas-register, 5 values, C=100, 1,000, stale", stale(cas(100)), 1, 0, "- (probe 2.3)"},
  };
}

std::vector<Row> crashes() {
  const auto reg = [](double n, std::int64_t c, double crash) {
    return stale(history("register", n, c, crash));
  };
  const auto cas = [](double n, std::int64_t c, double crash) {
    return history("cas-register", n, c, crash);
  };
  return {
      {"register, 5 values, C=5, 10,000, 1 % crash, stale", reg(1e4, 5, 0.01), 0.05, 0, "-"},
      {"register, 5 values, C=5, 100,000, 1 % crash, stale", reg(1e5, 5, 0.01), 0.3, 0,
       "- (probe 0.07)"},
      {"register, 5 values, C=5, 1,000, 5 % crash, stale", reg(1e3, 5, 0.05), 0.05, 0, "-"},
      {"register, 5 values, C=10, 1,000, 5 % crash, stale", reg(1e3, 10, 0.05), 0.05, 0, "-"},
      {"cas-register, 5 values, C=5, 1,000, 5 % crash, stale", stale(cas(1e3, 5, 0.05)), 0.2, 0,
       "- (probe 0.2)"},
      {"cas-register, 5 values, C=10, 10,000, 1 % crash, stale", stale(cas(1e4, 10, 0.01)), 2, 0,
       "- (probe 5.1)"},
      {"cas-register, 5 values, C=10, 10,000, 5 % crash, valid", cas(1e4, 10, 0.05), 0.5, 0,
       "0.2 (probe 1.9)"},
      {"cas-register, 5 values, C=10, 100,000, 0.1 % crash, valid", cas(1e5, 10, 0.001), 1, 100,
       "3.6, 3 GB"},
      {"cas-register, 5 values, C=10, 100,000, 1 % crash, valid", cas(1e5, 10, 0.01), 1, 100,
       "4.5, 3 GB"},
      {"cas-register, 5 values, C=20, 100,000, 0.05 % crash, valid", cas(1e5, 20, 0.0005), 10, 0,
       "- (reach)"},
      {"cas-register, crashed counts, C=10, 1,000, 1 %, valid", counts(cas(1e3, 10, 0.01), true), 5,
       0, "- (reach)"},
      {"cas-register, crashed counts, C=10, 1,000, 1 %, one too few",
       counts(cas(1e3, 10, 0.01), false), 5, 0, "- (reach)"},
      {"cas-register, crashed counts, C=10, 10,000, 1 %, valid", counts(cas(1e4, 10, 0.01), true),
       30, 0, "- (reach)"},
      {"cas-register, crashed counts, C=10, 10,000, 1 %, one too few",
       counts(cas(1e4, 10, 0.01), false), 30, 0, "- (reach)"},
  };
}

std::vector<Row> millions() {
  const auto reg = history("register", 1e6, 100, 0.01, unique);
  const auto data = [](const char* model) { return history(model, 1e6, 20, 0, unique); };
  const auto kv = history("kv", 1e6, 20);
  return {
      {"register, unique, C=100, 1,000,000, 1 % crash, valid", reg, 1.5, 300, "-"},
      {"register, unique, C=100, 1,000,000, 1 % crash, stale", stale(reg), 1.5, 300, "-"},
      {"queue, unique, C=20, 1,000,000, valid", data("queue"), 2, 0, "4.4 wall (PolyLin)"},
      {"queue, unique, C=20, 1,000,000, invalid", stale(data("queue")), 2, 0, "4.4 wall (PolyLin)"},
      {"stack, unique, C=20, 1,000,000, valid", data("stack"), 2, 0, "5.4 wall (PolyLin)"},
      {"stack, unique, C=20, 1,000,000, invalid", stale(data("stack")), 2, 0, "5.4 wall (PolyLin)"},
      {"set, unique, C=20, 1,000,000, valid", data("set"), 2, 0, "not measured"},
      {"set, unique, C=20, 1,000,000, invalid", stale(data("set")), 2, 0, "not measured"},
      {"priority-queue, unique, C=20, 1,000,000, valid", data("priority-queue"), 2, 0,
       "not measured"},
      {"priority-queue, unique, C=20, 1,000,000, invalid", stale(data("priority-queue")), 2, 0,
       "not measured"},
      {"kv, 1,000 keys, C=20, 1,000,000, valid", kv, 1.5, 300, "7 to 9 unloaded, 1.1 GB"},
      {"kv, 1,000 keys, C=20, 1,000,000, stale", stale(kv), 1.5, 300, "4.8 unloaded, 0.9 GB"},
  };
}

std::vector<Row> limits() {
  const double bar_mb = memory_limit_mb * 1.1;
  return {
      {"--memory-limit 200M: register, unique, C=20, 5,000,000",
       history("register", 5e6, 20, 0, unique), 0, bar_mb, "", true},
      {"--memory-limit 200M: queue, 3 values, C=100, 10,000", history("queue", 1e4, 100, 0, 3), 0,
       bar_mb, "", true},
  };
}

std::vector<Row> rows() {
  std::vector<Row> all;
  for (const auto& part : {few_processes(), many_processes(), crashes(), millions(), limits()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// Whether a violation before the planted one would be a wrong verdict: see
/// SimulationResult::violation_index.
bool is_first(const SimulationOptions& options) {
  return options.model == "register" || options.model == "cas-register" || options.model == "kv" ||
         options.model == "set";
}

/// What came of one check. Plain numbers, since it is told across processes.
struct Outcome {
  ProgramAnswer answer = ProgramAnswer::none;
  double place = -1;  ///< index of the completion at which no order is possible any more
  bool has_reason = false;
};

/// The earliest of the places that the anomalies name.
double place_of(const Value& line) {
  double place = -1;
  const Value* anomalies = line.find("anomalies");
  if (anomalies == nullptr || !anomalies->is_list()) return place;
  for (const Value& anomaly : anomalies->items()) {
    const Value* event = anomaly.find("detected_at");
    const Value* index = event == nullptr ? nullptr : event->find("index");
    if (index == nullptr || !index->is_integer()) continue;
    const auto here = static_cast<double>(index->integer());
    if (place < 0 || here < place) place = here;
  }
  return place;
}

Outcome run_check(const Row& row, const std::string& path) {
  std::vector<std::string> arguments = {"--model", row.options.model};
  if (row.needs_memory) {
    arguments.insert(arguments.end(), {"--memory-limit", fmt::format("{}M", memory_limit_mb)});
  }
  arguments.push_back(path);
  const auto lines = check_with_program(arguments);
  if (!lines) return {ProgramAnswer::late_to_stop};
  if (lines->empty()) return {};
  const Value& line = lines->front();
  const Value* reason = line.find("reason");
  const bool has_reason = reason != nullptr && reason->is_string() && !reason->string().empty();
  return {answer_of(line), place_of(line), has_reason};
}

/// The outcome in a few words, and whether it is as it must be.
struct Judged {
  std::string text;
  bool is_right = false;
};

Judged judge(const Row& row, const Outcome& outcome, double violation_index) {
  if (outcome.answer == ProgramAnswer::none) return {"NO ANSWER"};
  if (outcome.answer == ProgramAnswer::late_to_stop) return {"HUNG"};
  if (row.needs_memory) {
    if (outcome.answer != ProgramAnswer::unknown) return {"fits the limit"};
    return {outcome.has_reason ? "unknown" : "unknown, NO REASON", outcome.has_reason};
  }
  if (outcome.answer == ProgramAnswer::unknown) return {"unknown"};
  if ((outcome.answer == ProgramAnswer::invalid) != (violation_index >= 0)) {
    return {outcome.answer == ProgramAnswer::valid ? "valid: WRONG" : "invalid: WRONG"};
  }
  if (violation_index < 0) return {"valid", true};
  if (outcome.place < 0) return {"invalid, NO PLACE"};
  const double late_by = outcome.place - violation_index;
  if (late_by > 0) return {fmt::format("invalid, {:.0f} LATE", late_by)};
  if (late_by < 0 && is_first(row.options)) return {fmt::format("{:.0f} early: WRONG", -late_by)};
  return {late_by < 0 ? fmt::format("invalid, {:.0f} before", -late_by) : "invalid, in place",
          true};
}

class LinearizabilityBench : public Bench {
 public:
  std::string_view name() const override { return "linearizability"; }
  std::string_view description() const override {
    return "gauntlet check on histories short and long, with and without crashes";
  }

  bool run(const BenchSettings& settings) const override {
    double load_average = 0;
    getloadavg(&load_average, 1);
    fmt::print(
        "\n`gauntlet check --json --model M FILE` as a process of its own, loading included; the "
        "file is in the page cache.\n"
        "{} cores, load average {:.1f} at the start; medians of {} runs (one, where it takes more "
        "than {} s), limit {} s.\n"
        "C: processes, about 2C/3 operations open at all times. Stale: one sequential stale read "
        "at 98.5 %. Crash: share that never returns.\n"
        "Best peer: Porcupine or Knossos, CPU s; \"-\": none finished within 60 s and 9 GB; probe: "
        "a prototype, without loading.\n",
        sysconf(_SC_NPROCESSORS_ONLN), load_average, settings.repeats, repeat_up_to_s,
        program_time_limit.count());
    if (settings.scale != 1) {
      fmt::print("Histories are {:g} times as long as they are called; the bars are not scaled.\n",
                 settings.scale);
    }
    fmt::print("\n{:<60} {:<20} {:>8} {:>8}   {:<14} {:<24}\n", "history", "verdict", "CPU s",
               "peak MB", "bars (s, MB)", "best peer");
    Tally tally;
    constexpr std::string_view corpora = "etcd, Knossos and kv logs as published";
    if (is_chosen(corpora, settings)) run_corpora(corpora, settings, tally);
    for (const Row& row : rows()) {
      if (is_chosen(row.name, settings)) run_row(row, settings, tally);
    }
    fmt::print("\n{} of {} met\n", tally.met, tally.rows);
    return tally.met == tally.rows;
  }

 private:
  struct Tally {
    int rows = 0;
    int met = 0;
  };

  /// The middle values of the repeats.
  struct Cost {
    std::vector<double> cpu_s, peak_mb;

    void add(double cpu, double peak_bytes) {
      cpu_s.push_back(cpu);
      peak_mb.push_back(peak_bytes / 1e6);
    }
  };

  static bool is_chosen(std::string_view name, const BenchSettings& settings) {
    return name.find(settings.only) != std::string_view::npos;
  }

  static void print_row(std::string_view name, const Judged& judged, double cpu_s, double peak_mb,
                        const Row& bars, Tally& tally) {
    const bool met = judged.is_right && (bars.bar_cpu_s == 0 || cpu_s < bars.bar_cpu_s) &&
                     (bars.bar_peak_mb == 0 || peak_mb < bars.bar_peak_mb);
    std::string bar = bars.bar_cpu_s > 0 ? fmt::format("{:g}", bars.bar_cpu_s) : "";
    if (bars.bar_peak_mb > 0)
      bar += fmt::format("{}{:g} MB", bar.empty() ? "" : ", ", bars.bar_peak_mb);
    fmt::print("{:<60} {:<20} {:>8.3f} {:>8.0f}   {:<14} {:<24} {}\n", name, judged.text, cpu_s,
               peak_mb, bar, bars.peer, met ? "met" : "MISSED");
    std::fflush(stdout);
    ++tally.rows;
    tally.met += met ? 1 : 0;
  }

  static void run_row(const Row& row, const BenchSettings& settings, Tally& tally) {
    const std::filesystem::path path =
        std::filesystem::path(settings.folder) / fmt::format("gauntlet-bench-{}.jsonl", getpid());
    // In a process of its own, so that its memory does not count for the checks.
    const Measured written = measure([&] { return write_history(row, settings, path); });
    if (written.answers.size() == 2) {
      measure_row(row, settings, path, written.answers[1], tally);
    } else {
      fmt::print("{:<60} FAILED to be written\n", row.name);
      ++tally.rows;
    }
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }

  /// The number of events and the index of the violation, or nothing.
  static std::vector<double> write_history(const Row& row, const BenchSettings& settings,
                                           const std::string& path) {
    SimulationOptions options = row.options;
    options.operations = std::max<std::int64_t>(
        100, static_cast<std::int64_t>(static_cast<double>(options.operations) * settings.scale));
    std::ofstream out(path, std::ios::binary);
    std::string text;
    const auto simulated = simulate_history(options, [&](const Operation& operation) {
      constexpr std::size_t flush_from = 1 << 20;
      append_json_line(text, operation);
      if (text.size() < flush_from) return;
      out << text;
      text.clear();
    });
    out << text;
    if (!simulated || !out.flush()) return {};
    return {static_cast<double>(simulated->events),
            static_cast<double>(simulated->violation_index)};
  }

  static void measure_row(const Row& row, const BenchSettings& settings, const std::string& path,
                          double violation_index, Tally& tally) {
    Cost cost;
    Judged judged{"", true};
    for (int i = 0; i < settings.repeats; ++i) {
      const Measured measured = measure([&] {
        const Outcome outcome = run_check(row, path);
        const auto [cpu_s, peak_bytes] = spent_on_programs();
        return std::vector<double>{static_cast<double>(outcome.answer), outcome.place,
                                   outcome.has_reason ? 1.0 : 0.0, cpu_s, peak_bytes};
      });
      Outcome outcome;
      if (const auto& told = measured.answers; told.size() == 5) {
        outcome = {static_cast<ProgramAnswer>(told[0]), told[1], told[2] > 0};
        cost.add(told[3], told[4]);
      } else {
        cost.add(measured.cpu_s, static_cast<double>(measured.peak_bytes));
      }
      // One wrong verdict among the repeats is what the row shows.
      Judged now = judge(row, outcome, violation_index);
      if (judged.is_right) judged = std::move(now);
      if (measured.cpu_s > repeat_up_to_s) break;
    }
    print_row(row.name, judged, median(cost.cpu_s), median(cost.peak_mb), row, tally);
  }

  static void run_corpora(std::string_view name, const BenchSettings& settings, Tally& tally) {
    const char* const given = std::getenv("GAUNTLET_CORPUS");
    const std::string corpus =
        given != nullptr ? given : GAUNTLET_SOURCE_DIR "/../shared/histories";
    const auto manifest = read_json_file(corpus + "/manifest.json");
    if (!manifest) {
      fmt::print("{:<60} skipped: no corpora at {}; name them with GAUNTLET_CORPUS\n", name,
                 corpus);
      return;
    }
    Cost cost;
    std::string judged;
    bool is_right = true;
    for (int i = 0; i < settings.repeats; ++i) {
      const Measured measured = measure([&] { return check_corpora(corpus, *manifest); });
      if (measured.answers.size() != 4) {
        cost.add(measured.cpu_s, static_cast<double>(measured.peak_bytes));
        judged = "NO ANSWER";
        is_right = false;
        break;
      }
      cost.add(measured.answers[2], measured.answers[3]);
      is_right = is_right && measured.answers[0] == measured.answers[1] && measured.answers[1] > 0;
      judged = fmt::format("{:.0f} of {:.0f} right", measured.answers[0], measured.answers[1]);
    }
    Row bars;
    bars.bar_cpu_s = 0.2;
    bars.peer = "0.7 for all published";
    print_row(name, {judged, is_right}, median(cost.cpu_s), median(cost.peak_mb), bars, tally);
  }

  /// How many verdicts were right, how many there should be, and what was spent.
  static std::vector<double> check_corpora(const std::string& corpus, const Value& manifest) {
    // What takes the same options is judged by one process.
    std::map<std::vector<std::string>, std::vector<std::string>> files_by_options;
    std::map<std::string, std::string> expected;
    for (const Value& entry : manifest.items()) {
      const std::string file = entry.find("file")->string();
      if (!file.starts_with("linearizable/")) continue;
      std::vector<std::string> options = {"--model", entry.find("model")->string(), "--init",
                                          to_json(*entry.find("initial"))};
      // In Knossos's histories a read of nil says that the value is not known.
      if (file.find("/knossos/") != std::string::npos) {
        options.insert(options.end(), {"--nil-read", "any"});
      }
      const std::string path = fmt::format("{}/{}", corpus, file);
      files_by_options[options].push_back(path);
      expected[path] = entry.find("expected")->string();
    }
    double right = 0;
    for (const auto& [options, files] : files_by_options) {
      std::vector<std::string> arguments = options;
      arguments.insert(arguments.end(), files.begin(), files.end());
      const auto lines = check_with_program(arguments);
      if (!lines) continue;
      for (const Value& line : *lines) {
        const Value* file = line.find("file");
        if (file == nullptr || !file->is_string()) continue;
        const ProgramAnswer answer = answer_of(line);
        const std::string& wanted = expected[file->string()];
        right += (answer == ProgramAnswer::valid && wanted == "valid") ||
                         (answer == ProgramAnswer::invalid && wanted == "invalid")
                     ? 1
                     : 0;
      }
    }
    const auto [cpu_s, peak_bytes] = spent_on_programs();
    return {right, static_cast<double>(expected.size()), cpu_s, peak_bytes};
  }
};

}  // namespace

GAUNTLET_REGISTER(Bench, LinearizabilityBench);

}  // namespace gauntlet
