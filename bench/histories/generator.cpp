// gauntlet-history-generator: writes a simulated history as JSON lines.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "bench/histories/simulated_history.hpp"
#include "bench/histories/transaction_history.hpp"

namespace {

using namespace gauntlet;

/// Writes lines through a buffer of its own; remembers the first failure.
class LineWriter {
 public:
  explicit LineWriter(std::FILE* to) : to_(to) {}

  void write(const Operation& operation) {
    constexpr std::size_t flush_from = 1 << 20;
    append_json_line(buffer_, operation);
    if (buffer_.size() >= flush_from) flush();
  }
  bool flush() {
    failed_ = failed_ || std::fwrite(buffer_.data(), 1, buffer_.size(), to_) != buffer_.size() ||
              std::fflush(to_) != 0;
    buffer_.clear();
    return !failed_;
  }

 private:
  std::FILE* to_;
  std::string buffer_;
  bool failed_ = false;
};

void add_transaction_options(CLI::App& app, TransactionOptions& options) {
  app.add_option("--isolation", options.isolation,
                 "of transactions: read-uncommitted, read-committed, prefix, parallel-snapshot, "
                 "snapshot, serializable, strict-serializable; of registers: read-atomic, causal")
      ->transform(CLI::Transformer(std::map<std::string, Isolation>{
          {"read-uncommitted", Isolation::read_uncommitted},
          {"read-committed", Isolation::read_committed},
          {"prefix", Isolation::prefix},
          {"parallel-snapshot", Isolation::parallel_snapshot},
          {"read-atomic", Isolation::read_atomic},
          {"causal", Isolation::causal},
          {"snapshot", Isolation::snapshot},
          {"serializable", Isolation::serializable},
          {"strict-serializable", Isolation::strict_serializable}}));
  app.add_option("--live-keys", options.keys, "of transactions")->capture_default_str();
  app.add_option("--writes-per-key", options.writes_per_key, "of transactions")
      ->capture_default_str();
  app.add_option("--length", options.length_max, "of transactions: micro-operations at most")
      ->capture_default_str();
  app.add_option("--plant-transactions", options.plant,
                 "of transactions: none, stale-read, g-single")
      ->transform(CLI::Transformer(
          std::map<std::string, TransactionPlant>{{"none", TransactionPlant::none},
                                                  {"stale-read", TransactionPlant::stale_read},
                                                  {"g-single", TransactionPlant::g_single}}));
}

/// What the two kinds of histories have in common is set by the same options.
Result<SimulationResult> simulate_transactions(const SimulationOptions& options,
                                               TransactionOptions transactions,
                                               const std::function<void(const Operation&)>& sink) {
  transactions.transactions = options.operations;
  transactions.sessions = options.processes;
  transactions.crash_share = options.crash_share;
  transactions.seed = options.seed;
  const auto events = gauntlet::simulate_transactions(transactions, sink);
  if (!events) return events.error();
  SimulationResult result;
  result.events = *events;
  return result;
}

int fail(const Error& error) {
  fmt::print(stderr, "gauntlet-history-generator: {}\n", error.to_string());
  return static_cast<int>(exit_code_of(error));
}

}  // namespace

int main(int argc, char** argv) {
  SimulationOptions options;
  TransactionOptions transactions;
  std::string values = "5";
  std::string output;
  CLI::App app("Writes the history of a simulated object, linearizable but for what is planted.");
  app.add_option("--model", options.model,
                 "register, cas-register, kv, counter, set, grow-only-set, queue, stack, "
                 "priority-queue, mutex; or transactions: list-append, rw-register")
      ->capture_default_str();
  app.add_option("--operations", options.operations)->capture_default_str();
  app.add_option("--processes", options.processes, "about 2/3 of them have an operation open")
      ->capture_default_str();
  const CLI::Option* const values_option =
      app.add_option("--values", values,
                     "how many distinct ones, or unique; of rw-register: unique by default")
          ->capture_default_str();
  app.add_option("--keys", options.values.keys, "of kv")->capture_default_str();
  app.add_option("--crash", options.crash_share, "share of operations that never return")
      ->capture_default_str();
  app.add_option("--reads", options.shares.read, "of registers: how often, relative to the others")
      ->capture_default_str();
  app.add_option("--writes", options.shares.write, "likewise")->capture_default_str();
  app.add_option("--compare-and-sets", options.shares.cas, "likewise")->capture_default_str();
  app.add_flag("--late-effects", options.late_effects,
               "crashed operations may take effect long after");
  app.add_option("--plant", options.plant, "none, stale, counts, counts-valid")
      ->transform(
          CLI::Transformer(std::map<std::string, Plant>{{"none", Plant::none},
                                                        {"stale", Plant::stale},
                                                        {"counts", Plant::counts},
                                                        {"counts-valid", Plant::counts_valid}}));
  add_transaction_options(app, transactions);
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--output", output, "a file; standard output if absent");
  CLI11_PARSE(app, argc, argv);

  if (values == "unique") {
    options.values.count = 0;
  } else if (!CLI::detail::lexical_cast(values, options.values.count) || options.values.count < 1) {
    return fail(failure(ErrorKind::usage, "--values " + values + " is no choice",
                        "give a number from 1, or unique"));
  }
  std::FILE* const file = output.empty() ? stdout : std::fopen(output.c_str(), "wb");
  if (file == nullptr) {
    return fail(failure(ErrorKind::usage, output + " cannot be written", "check the path"));
  }
  LineWriter writer(file);
  const auto sink = [&](const Operation& operation) { writer.write(operation); };
  transactions.registers = options.model == "rw-register";
  if (transactions.registers && values_option->count() > 0) {
    transactions.values = options.values.count;
  }
  const auto result = options.model == "list-append" || transactions.registers
                          ? simulate_transactions(options, transactions, sink)
                          : simulate_history(options, sink);
  if (!result) return fail(result.error());
  if (!writer.flush() || (!output.empty() && std::fclose(file) != 0)) {
    return fail(failure(ErrorKind::resource, "the history could not be written in full",
                        "check the space that is left"));
  }
  fmt::print(stderr, "seed {}: {} events, {} crashed", options.seed, result->events,
             result->crashed);
  if (result->violation_index >= 0) fmt::print(stderr, ", violated at {}", result->violation_index);
  fmt::print(stderr, "\n");
  return 0;
}
