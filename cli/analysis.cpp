#include "cli/analysis.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/duration.hpp"
#include "base/suggest.hpp"
#include "checker/consistency_models.hpp"
#include "checker/models/model.hpp"
#include "cli/signals.hpp"
#include "reports/report.hpp"

namespace gauntlet {

namespace {

/// The figure of that name in a file under /proc, in bytes; 0 where there is none.
std::size_t kernel_figure(const char* path, std::string_view name) {
  std::size_t bytes = 0;
  if (std::FILE* file = std::fopen(path, "r")) {
    char line[256];
    while (std::fgets(line, sizeof line, file) != nullptr) {
      unsigned long kib = 0;
      const bool is_it = std::string_view(line).starts_with(name);
      if (is_it && std::sscanf(line + name.size(), ": %lu kB", &kib) == 1) bytes = kib * 1024;
    }
    std::fclose(file);
  }
  return bytes;
}

/// Half of what the machine has available now, at least 256 MiB.
std::size_t default_memory_limit() {
  const std::size_t available = kernel_figure("/proc/meminfo", "MemAvailable");
  return std::max<std::size_t>(available / 2, std::size_t{256} << 20);
}

/// The most that this process has held; getrusage would count what its parent held before it.
std::size_t peak_memory_bytes() {
  return kernel_figure("/proc/self/status", "VmHWM");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/// Resident memory that belongs to files: the program and its libraries.
std::size_t process_shared_bytes() {
  return kernel_figure("/proc/self/status", "RssFile");
}
#endif

Value initial_value(const std::string& json, Error& error) {
  if (json.empty() || json == "nil" || json == "null") return {};
  // One operation around the value lets the history reader parse it.
  const auto read = parse_history(
      "{\"index\":0,\"time\":0,\"type\":\"invoke\",\"process\":0,\"f\":\"init\",\"value\":" + json +
          "}\n",
      "--init", HistoryFormat::json_lines);
  if (!read) {
    error = failure(ErrorKind::usage, fmt::format("--init: '{}' is not JSON", json),
                    "give a number, a \"string\", a list or nil");
    return {};
  }
  return read->history.values().to_value(read->history.value(0));
}

}  // namespace

Result<CheckOptions> check_options(const Settings& settings, Nanos time_limit_ns) {
  CheckOptions options;
  Error error{ErrorKind::internal, "", ""};
  options.model = settings.text("model");
  options.initial = initial_value(settings.text("init"), error);
  if (!error.what.empty()) return error;
  const std::string key_order = settings.text("key-order");
  if (key_order == "sequential") options.key_order = KeyOrder::sequential;
  if (key_order == "linearizable") options.key_order = KeyOrder::linearizable;
  options.nil_read = settings.text("nil-read") == "any" ? NilRead::any : NilRead::value;
  options.failed_cas = settings.text("failed-cas") == "check" ? FailedCas::check : FailedCas::drop;
  options.consistency = settings.list("consistency");
  for (const std::string& name : options.consistency) {
    std::vector<std::string> names = {std::string(all_models)};
    for (const Subject subject : {Subject::operations, Subject::transactions}) {
      for (const ConsistencyModel& model : consistency_models(subject))
        names.emplace_back(model.name);
    }
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    return failure(ErrorKind::usage, fmt::format("--consistency: there is no model '{}'", name),
                   did_you_mean(name, names));
  }
  options.threads = static_cast<unsigned>(settings.integer("threads"));
  if (options.threads == 0) options.threads = std::max(1u, std::thread::hardware_concurrency());
  options.budget.deadline = Deadline::after(std::chrono::nanoseconds(time_limit_ns));
  options.budget.stop = &abort_requested();
  const auto limit = parse_bytes(settings.text("memory-limit"));
  options.budget.memory_bytes_max = limit ? *limit : default_memory_limit();
  return options;
}

void enforce_memory_limit(const CheckOptions& options) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static_cast<void>(options);  // a sanitizer's shadow memory is terabytes
#else
  // Only what is written counts here, stacks in full; of the resident memory, which the limit is
  // about, the program and its libraries are another part.
  constexpr std::size_t stack_bytes = std::size_t{2} << 20;
  const std::size_t limit = options.budget.memory_bytes_max;
  rlimit bound = {};
  if (limit == 0 || getrlimit(RLIMIT_DATA, &bound) != 0) return;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) == 0) {
    pthread_attr_setstacksize(&attributes, stack_bytes);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
  }
  const std::size_t most = limit + limit / 16 + (options.threads - 1) * stack_bytes;
  const std::size_t shared = process_shared_bytes();
  bound.rlim_cur = std::min<rlim_t>(bound.rlim_max, most > shared ? most - shared : 0);
  setrlimit(RLIMIT_DATA, &bound);
#endif
}

AnalysisCost cost_since(Nanos started_ns) {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto nanos = [](const timeval& t) {
    return t.tv_sec * nanos_per_second + t.tv_usec * nanos_per_microsecond;
  };
  return {monotonic_now() - started_ns, nanos(usage.ru_utime) + nanos(usage.ru_stime),
          peak_memory_bytes()};
}

namespace {

/// Names of the models that have all functions that clients called.
std::vector<std::string> fitting_models(const History& history) {
  std::vector<bool> called(history.function_count(), false);
  for (EventIndex i = 0; i < history.size(); ++i) {
    if (history.is_client(i)) called[history.f(i)] = true;
  }
  std::vector<std::string> names;
  for (const Model* model : Registry<Model>::instance().all()) {
    const auto functions = model->functions();
    bool fits = true;
    for (std::size_t f = 0; f < called.size(); ++f) {
      const auto is_f = [&](const ModelFunction& function) {
        return function.name == history.function_name(static_cast<FunctionId>(f));
      };
      fits = fits && (!called[f] || std::any_of(functions.begin(), functions.end(), is_f));
    }
    if (fits) names.emplace_back(model->name());
  }
  return names;
}

/// The checker for the transactions of a history, by the first that tells whether they append to
/// lists or read them, or write registers; empty where there are none.
std::string_view checker_of_transactions(const History& history) {
  const FunctionId txn = history.find_function("txn");
  const Values& values = history.values();
  bool has_any = false;
  for (EventIndex i = 0; i < history.size() && txn != no_function; ++i) {
    if (!history.is_client(i) || history.f(i) != txn || !values.is_list(history.value(i))) continue;
    for (const ValueId micro : values.as_list(history.value(i))) {
      if (!values.is_list(micro) || values.as_list(micro).size() != 3) return "";
      const auto parts = values.as_list(micro);
      if (values.is_list(parts[2])) return "list-append";
      if (values.kind(parts[0]) != Value::Kind::string) return "";
      if (values.as_string(parts[0]) == "w") return "rw-register";
      if (values.as_string(parts[0]) == "append") return "list-append";
      has_any = true;
    }
  }
  return has_any ? "rw-register" : "";
}

}  // namespace

namespace {

/// The data type that was asked for, or the one that the functions suggest; if none can be told,
/// empty, and why.
std::string model_for(const History& history, const CheckOptions& options, std::string& reason) {
  if (!options.model.empty()) return options.model;
  const auto models = fitting_models(history);
  const auto has = [&](const char* name) {
    return std::find(models.begin(), models.end(), name) != models.end();
  };
  // Reads and writes are a register's. Otherwise a guess could be a wrong verdict: "add" and "read"
  // are a counter's and a set's.
  if (has("register")) return "register";
  if (has("cas-register")) return "cas-register";
  if (models.size() == 1) return models.front();
  reason = models.empty() ? "no model has all the functions that this history calls"
                          : fmt::format(
                                "these models have the functions that this history calls: {}; "
                                "say which with --model",
                                fmt::join(models, ", "));
  return "";
}

Verdict check_operations(const char* name, const History& history, CheckOptions options) {
  const Checker* checker = CheckerRegistry::instance().find(name);
  GAUNTLET_ASSERT(checker != nullptr);
  Verdict verdict;
  options.model = model_for(history, options, verdict.reason);
  if (!options.model.empty()) return checker->check(history, options);
  verdict.checker = checker->name();
  verdict.consistency = claim_of(options.consistency, Subject::operations);
  return verdict;
}

}  // namespace

Verdict check_history(const History& history, const CheckOptions& options) {
  std::string_view transactional = options.model;
  if (options.model.empty()) transactional = checker_of_transactions(history);
  if (transactional == "list-append" || transactional == "rw-register") {
    return CheckerRegistry::instance().find(transactional)->check(history, options);
  }
  const bool is_default = options.consistency.empty() ||
                          options.consistency == std::vector<std::string>{"linearizable"};
  if (is_default) return check_linearizable(history, options);
  return check_operations("registers", history, options);
}

Verdict check_linearizable(const History& history, CheckOptions options) {
  options.consistency.clear();
  if (!history.has_real_time()) {
    Verdict verdict;
    verdict.checker = verdict.consistency = "linearizable";
    verdict.model = options.model;
    verdict.reason = no_real_time;
    return verdict;
  }
  return check_operations("linearizable", history, std::move(options));
}

ExitCode exit_code_of(Validity validity) {
  switch (validity) {
    case Validity::valid:
      return ExitCode::valid;
    case Validity::invalid:
      return ExitCode::anomaly;
    case Validity::unknown:
      break;
  }
  return ExitCode::unknown;
}

bool stdout_is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
}

Value check_line(const std::string& file, const Verdict& verdict, const History& history,
                 const AnalysisCost& cost) {
  Value line = Value::map({{"file", file}});
  const Value judged = verdict_to_value(verdict, history);
  for (const auto& [name, value] : judged.entries())
    line.set(name, value);
  line.set("elapsed_ms", static_cast<double>(cost.elapsed_ns) / 1e6);
  line.set("cpu_ms", static_cast<double>(cost.cpu_ns) / 1e6);
  line.set("peak_memory_bytes", static_cast<std::int64_t>(cost.peak_memory_bytes));
  return line;
}

}  // namespace gauntlet
