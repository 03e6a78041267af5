// How long a history takes to read, and how much memory, up to where a checker can start.
#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bench/bench.hpp"
#include "bench/histories/simulated_history.hpp"
#include "history/reader.hpp"

namespace gauntlet {

namespace {

constexpr double bar_cpu_s = 0.7;
constexpr double bar_bytes = 60;

struct Case {
  std::string name;
  SimulationOptions options;
  bool has_bars = true;
  bool is_packed = false;     ///< Zstandard
  bool is_reordered = false;  ///< fields in another order than ours, with blanks
};

std::vector<Case> cases(const BenchSettings& settings) {
  const auto operations = static_cast<std::int64_t>(1e6 * settings.scale);
  const SimulationOptions base{.operations = operations, .processes = 10};
  SimulationOptions cas = base;
  cas.model = "cas-register";
  SimulationOptions unique = base;
  unique.processes = 100;
  unique.values.count = 0;
  unique.crash_share = 0.01;
  SimulationOptions kv = base;
  kv.model = "kv";
  kv.processes = 20;
  return {{"register, 5 values", base},
          {"cas-register, 5 values", cas},
          {"register, unique values", unique},
          {"kv, 1000 keys", kv},
          {"cas-register, foreign layout", cas, false, false, true},
          {"cas-register, .zst", cas, false, true}};
}

/// As other programs write it, which the fast way of reading does not know.
std::string foreign_line(const Operation& operation) {
  std::string line = "{\"comment\": \"<\\u003e\", \"value\": ";
  append_json(line, operation.value);
  line += fmt::format(
      ", \"f\": \"{}\", \"type\": \"{}\", \"process\": {}, \"time\": {}, \"index\": {}}}\n",
      operation.f, to_string(operation.type), operation.process, operation.time_ns,
      operation.index);
  return line;
}

bool write_history(const Case& c, const std::string& path) {
  std::string text;
  const auto simulated = simulate_history(c.options, [&](const Operation& operation) {
    if (c.is_reordered) {
      text += foreign_line(operation);
    } else {
      append_json_line(text, operation);
    }
  });
  if (!simulated) return false;
  if (c.is_packed) {
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
    text = std::move(packed);
  }
  std::ofstream out(path, std::ios::binary);
  out << text;
  return out.good();
}

/// Events, and bytes that the history holds.
std::vector<double> load(const std::string& path) {
  const auto read = read_history(path);
  if (!read) return {};
  return {static_cast<double>(read->history.size()),
          static_cast<double>(read->history.memory_bytes())};
}

class LoadHistoryBench : public Bench {
 public:
  std::string_view name() const override { return "load-history"; }
  std::string_view description() const override {
    return "reading histories of a million operations from JSON lines";
  }

  bool run(const BenchSettings& settings) const override {
    double load_average = 0;
    getloadavg(&load_average, 1);
    fmt::print(
        "\nReading and pairing a history, in a process of its own, one thread; the file is in the "
        "page cache.\n"
        "{} cores, load average {:.1f} at the start; medians of {} runs.\n\n",
        sysconf(_SC_NPROCESSORS_ONLN), load_average, settings.repeats);
    fmt::print("{:<30} {:>8} {:>8} {:>8} {:>9} {:>8}   bars ({} CPU s a million, {} bytes)\n",
               "history", "file MB", "CPU s", "CPU s/M", "bytes/op", "peak MB", bar_cpu_s,
               bar_bytes);
    bool all_met = true;
    for (const Case& c : cases(settings))
      all_met = run_case(c, settings) && all_met;
    return all_met;
  }

 private:
  static bool run_case(const Case& c, const BenchSettings& settings) {
    const std::filesystem::path path =
        std::filesystem::path(settings.folder) / "gauntlet-bench-load.jsonl";
    // Written by a child as well, so that its memory does not count for the reader.
    const Measured written =
        measure([&] { return std::vector<double>(write_history(c, path) ? 1 : 0); });
    const bool met = !written.answers.empty() && measure_case(c, settings, path);
    if (written.answers.empty()) fmt::print("{:<30} FAILED to be written\n", c.name);
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    return met;
  }

  static bool measure_case(const Case& c, const BenchSettings& settings, const std::string& path) {
    std::vector<double> cpu_s, peak_mb;
    double events = 0;
    double bytes = 0;
    for (int i = 0; i < settings.repeats; ++i) {
      const Measured measured = measure([&] { return load(path); });
      if (!measured.ended || measured.answers.size() != 2) {
        fmt::print("{:<30} FAILED to be read\n", c.name);
        return false;
      }
      cpu_s.push_back(measured.cpu_s);
      peak_mb.push_back(static_cast<double>(measured.peak_bytes) / 1e6);
      events = measured.answers[0];
      bytes = measured.answers[1];
    }
    const double operations = events / 2;
    const double cpu_s_per_million = median(cpu_s) / (operations / 1e6);
    const bool met = cpu_s_per_million < bar_cpu_s && bytes / operations < bar_bytes;
    fmt::print("{:<30} {:>8.0f} {:>8.3f} {:>8.3f} {:>9.1f} {:>8.0f}   {}\n", c.name,
               static_cast<double>(std::filesystem::file_size(path)) / 1e6, median(cpu_s),
               cpu_s_per_million, bytes / operations, median(peak_mb),
               c.has_bars ? (met ? "met" : "MISSED") : "");
    return met || !c.has_bars;
  }
};

}  // namespace

GAUNTLET_REGISTER(Bench, LoadHistoryBench);

}  // namespace gauntlet
