// Causal, sequential and transactional models, as a user gets them: `gauntlet check --json` on
// simulated and published histories, with loading.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <tuple>

#include "bench/bench.hpp"
#include "bench/check_program.hpp"
#include "bench/histories/simulated_history.hpp"
#include "bench/histories/transaction_history.hpp"

namespace gauntlet {

namespace {

constexpr double repeat_up_to_s = 10;  ///< what takes longer is measured once

using Sink = std::function<void(const Operation&)>;
/// Makes the history of that share of its length; false if it cannot.
using Maker = std::function<bool(double scale, const Sink&)>;

/// A row of the table: a history, what is asked of it, and what it must show.
struct Row {
  std::string name;
  Maker make;             ///< of a simulated history
  std::string published;  ///< or where it lies in the corpora
  std::vector<std::string> arguments;
  ProgramAnswer expected;
  double bar_cpu_s = 0;    ///< 0: none
  double bar_peak_mb = 0;  ///< 0: none
};

Maker transactions(TransactionOptions options) {
  return [options](double scale, const Sink& sink) {
    TransactionOptions scaled = options;
    scaled.transactions = std::max<std::int64_t>(
        100, static_cast<std::int64_t>(static_cast<double>(options.transactions) * scale));
    return simulate_transactions(scaled, sink).has_value();
  };
}

Maker on_lists(double n, TransactionPlant plant = TransactionPlant::none) {
  TransactionOptions options;
  options.transactions = static_cast<std::int64_t>(n);
  options.plant = plant;
  return transactions(options);
}

Maker on_registers(double n, TransactionPlant plant = TransactionPlant::none) {
  TransactionOptions options;
  options.registers = true;
  options.transactions = static_cast<std::int64_t>(n);
  options.plant = plant;
  return transactions(options);
}

/// Reads and writes of registers, all values different.
Maker reads_and_writes(double n, std::int64_t processes, std::int64_t keys, Plant plant) {
  return [=](double scale, const Sink& sink) {
    SimulationOptions options;
    options.model = keys > 1 ? "kv" : "register";
    options.values.keys = keys;
    options.operations = std::max<std::int64_t>(100, static_cast<std::int64_t>(n * scale));
    options.processes = processes;
    options.values.count = 0;
    options.plant = plant;
    return simulate_history(options, sink).has_value();
  };
}

std::vector<std::string> levels(const char* names) {
  return {"--consistency", names};
}

std::vector<Row> list_append() {
  using enum TransactionPlant;
  return {
      {"list-append, 1,000,000, every level, valid",
       on_lists(1e6),
       {},
       {},
       ProgramAnswer::valid,
       5,
       1500},
      {"list-append, 1,000,000, every level, one G-single",
       on_lists(1e6, g_single),
       {},
       {},
       ProgramAnswer::invalid,
       5,
       1500},
      {"list-append, 1,000,000, every level, one stale read",
       on_lists(1e6, stale_read),
       {},
       {},
       ProgramAnswer::invalid,
       5,
       1500},
      {"list-append, 100,000, every level, valid",
       on_lists(1e5),
       {},
       {},
       ProgramAnswer::valid,
       0.5},
      {"list-append, 100,000, every level, one G-single",
       on_lists(1e5, g_single),
       {},
       {},
       ProgramAnswer::invalid,
       0.5},
      {"list-append, huge-scc (Elle), every level",
       {},
       "other/huge-scc.edn",
       {},
       ProgramAnswer::invalid,
       0.5},
      {"list-append, 1,000,000, --memory-limit 200M",
       on_lists(1e6),
       {},
       {"--memory-limit", "200M"},
       ProgramAnswer::unknown,
       0,
       220},
  };
}

std::vector<Row> rw_register() {
  const auto by_key = [](const char* model) {
    return std::vector<std::string>{"--key-order", "linearizable", "--consistency", model};
  };
  std::vector<Row> rows = {
      {"rw-register, linearizable keys, 10,000, strict-serializable",
       on_registers(1e4),
       {},
       by_key("strict-serializable"),
       ProgramAnswer::valid,
       0.2},
      {"rw-register, linearizable keys, 100,000, strict-serializable",
       on_registers(1e5),
       {},
       by_key("strict-serializable"),
       ProgramAnswer::valid,
       2},
      {"rw-register, linearizable keys, 100,000, one stale read",
       on_registers(1e5, TransactionPlant::stale_read),
       {},
       by_key("strict-serializable"),
       ProgramAnswer::invalid,
       2},
  };
  // 2.5 micro-operations a transaction.
  for (const char* level : {"strong-session-monotonic-atomic-view", "strong-session-read-atomic",
                            "transactional-causal"}) {
    rows.push_back({fmt::format("rw-register, 1,000,000 reads and writes, {}", level),
                    on_registers(4e5),
                    {},
                    levels(level),
                    ProgramAnswer::valid,
                    2});
  }
  return rows;
}

std::vector<Row> published() {
  std::vector<Row> rows;
  const auto add = [&](const char* name, const std::string& place, ProgramAnswer expected,
                       std::initializer_list<const char*> models) {
    for (const char* model : models) {
      rows.push_back({fmt::format("{}, {}", name, model),
                      {},
                      "transactional/" + place,
                      levels(model),
                      expected,
                      5});
    }
  };
  const auto both = {"serializable", "snapshot-isolation"};
  // Published as snapshot isolated. Two of the three have a write skew, each of two transactions.
  for (int i = 0; i < 3; ++i) {
    const auto name = fmt::format("PolySI fig. 7, {}", i + 1);
    const auto place =
        fmt::format("polysi/fig7/20_100_15_10000_0.5_uniform/hist-0000{}/history.bincode", i);
    add(name.c_str(), place, i == 0 ? ProgramAnswer::valid : ProgramAnswer::invalid,
        {"serializable"});
    add(name.c_str(), place, ProgramAnswer::valid, {"snapshot-isolation"});
  }
  add("PolySI fig. 8 to 10, 10,000 transactions",
      "polysi/fig8_9_10/25_400_8_10000_0.5_uniform/hist-00000/history.bincode",
      ProgramAnswer::valid, both);
  add("Cobra chengRW-10000", "cobra/one-shot-10k/chengRW-10000", ProgramAnswer::valid,
      {"serializable"});
  add("Cobra rubis-10000", "cobra/one-shot-10k/rubis-10000", ProgramAnswer::valid,
      {"serializable"});
  add("PolySI's violation in Dgraph", "polysi/violations/dgraph/history.bincode",
      ProgramAnswer::invalid, both);
  add("Cobra's violation cock-G2", "cobra/ser-violation/cock-G2", ProgramAnswer::invalid,
      {"serializable"});
  add("Cobra's violation yuga-G2-a", "cobra/ser-violation/yuga-G2-a", ProgramAnswer::invalid,
      {"serializable"});
  return rows;
}

std::vector<Row> single_operations() {
  std::vector<Row> rows;
  for (const char* model : {"causal", "causal-convergence"}) {
    rows.push_back({fmt::format("reads and writes, C=50, 1,000,000, {}, valid", model),
                    reads_and_writes(1e6, 50, 1, Plant::none),
                    {},
                    levels(model),
                    ProgramAnswer::valid,
                    3});
  }
  for (const auto& [plant, name, expected] :
       {std::tuple(Plant::none, "valid", ProgramAnswer::valid),
        std::tuple(Plant::stale, "one stale read", ProgramAnswer::invalid)}) {
    rows.push_back({fmt::format("reads and writes, C=10, 5 keys, 10,000, sequential, {}", name),
                    reads_and_writes(1e4, 10, 5, plant),
                    {},
                    levels("sequential"),
                    expected,
                    5});
  }
  return rows;
}

std::string_view text_of(ProgramAnswer answer) {
  switch (answer) {
    case ProgramAnswer::none:
      return "NO ANSWER";
    case ProgramAnswer::valid:
      return "valid";
    case ProgramAnswer::invalid:
      return "invalid";
    case ProgramAnswer::unknown:
      return "unknown";
    case ProgramAnswer::late_to_stop:
      return "HUNG";
  }
  return "";
}

class ConsistencyBench : public Bench {
 public:
  std::string_view name() const override { return "consistency"; }
  std::string_view description() const override {
    return "gauntlet check by causal, sequential and transactional models";
  }

  bool run(const BenchSettings& settings) const override {
    fmt::print(
        "\n`gauntlet check --json FILE` as a process of its own, loading included; the file is in "
        "the page cache.\n"
        "Medians of {} runs (one, where it takes more than {} s), limit {} s.\n\n"
        "{:<78} {:<10} {:>8} {:>8}   {}\n",
        settings.repeats, repeat_up_to_s, program_time_limit.count(), "history", "verdict", "CPU s",
        "peak MB", "bars (s, MB)");
    Tally tally;
    for (const auto& part : {list_append(), rw_register(), published(), single_operations()}) {
      for (const Row& row : part) {
        if (row.name.find(settings.only) != std::string::npos) run_row(row, settings, tally);
      }
    }
    fmt::print("\n{} of {} met\n", tally.met, tally.rows);
    return tally.met == tally.rows;
  }

 private:
  struct Tally {
    int rows = 0;
    int met = 0;
  };

  static void run_row(const Row& row, const BenchSettings& settings, Tally& tally) {
    if (!row.make) {
      const char* const given = std::getenv("GAUNTLET_CORPUS");
      const std::string corpus =
          given != nullptr ? given : GAUNTLET_SOURCE_DIR "/../shared/histories";
      const std::string path = fmt::format("{}/{}", corpus, row.published);
      std::error_code error;
      if (!std::filesystem::exists(path, error)) {
        fmt::print("{:<78} skipped: no {}; name the corpora with GAUNTLET_CORPUS\n", row.name,
                   path);
        return;
      }
      measure_row(row, settings, path, tally);
      return;
    }
    const std::string path = fmt::format("{}/gauntlet-bench-{}.jsonl", settings.folder, getpid());
    // In a process of its own, so that its memory does not count for the checks.
    const Measured written = measure([&] {
      return write_history(row, settings.scale, path) ? std::vector<double>{1}
                                                      : std::vector<double>{};
    });
    if (written.answers.empty()) {
      fmt::print("{:<78} FAILED to be written\n", row.name);
      ++tally.rows;
    } else {
      measure_row(row, settings, path, tally);
    }
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }

  static bool write_history(const Row& row, double scale, const std::string& path) {
    std::ofstream out(path, std::ios::binary);
    std::string text;
    const bool is_made = row.make(scale, [&](const Operation& operation) {
      constexpr std::size_t flush_from = 1 << 20;
      append_json_line(text, operation);
      if (text.size() < flush_from) return;
      out << text;
      text.clear();
    });
    out << text;
    return is_made && out.flush().good();
  }

  static void measure_row(const Row& row, const BenchSettings& settings, const std::string& path,
                          Tally& tally) {
    std::vector<double> cpu_s;
    std::vector<double> peak_mb;
    ProgramAnswer answer = row.expected;
    for (int i = 0; i < settings.repeats; ++i) {
      const Measured measured = measure([&] {
        std::vector<std::string> arguments = row.arguments;
        arguments.push_back(path);
        const auto lines = check_with_program(arguments);
        const ProgramAnswer now = !lines           ? ProgramAnswer::late_to_stop
                                  : lines->empty() ? ProgramAnswer::none
                                                   : answer_of(lines->front());
        const auto [cpu, peak] = spent_on_programs();
        return std::vector<double>{static_cast<double>(now), cpu, peak / 1e6};
      });
      if (measured.answers.size() != 3) {
        answer = ProgramAnswer::none;
        cpu_s.push_back(measured.cpu_s);
        peak_mb.push_back(static_cast<double>(measured.peak_bytes) / 1e6);
        break;
      }
      // One wrong verdict among the repeats is what the row shows.
      if (answer == row.expected) answer = static_cast<ProgramAnswer>(measured.answers[0]);
      cpu_s.push_back(measured.answers[1]);
      peak_mb.push_back(measured.answers[2]);
      if (measured.cpu_s > repeat_up_to_s) break;
    }
    print(row, answer, median(cpu_s), median(peak_mb), tally);
  }

  static void print(const Row& row, ProgramAnswer answer, double cpu_s, double peak_mb,
                    Tally& tally) {
    const bool is_met = answer == row.expected && (row.bar_cpu_s == 0 || cpu_s < row.bar_cpu_s) &&
                        (row.bar_peak_mb == 0 || peak_mb < row.bar_peak_mb);
    std::string bars = row.bar_cpu_s > 0 ? fmt::format("{:g}", row.bar_cpu_s) : "";
    if (row.bar_peak_mb > 0)
      bars += fmt::format("{}{:g} MB", bars.empty() ? "" : ", ", row.bar_peak_mb);
    fmt::print("{:<78} {:<10} {:>8.3f} {:>8.0f}   {:<14} {}\n", row.name, text_of(answer), cpu_s,
               peak_mb, bars, is_met ? "met" : "MISSED");
    std::fflush(stdout);
    ++tally.rows;
    tally.met += is_met ? 1 : 0;
  }
};

}  // namespace

GAUNTLET_REGISTER(Bench, ConsistencyBench);

}  // namespace gauntlet
