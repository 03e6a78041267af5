#include "cli/test_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <random>
#include <sstream>

#include "base/duration.hpp"
#include "base/suggest.hpp"
#include "checker/linearizability_monitor.hpp"
#include "harness/control/dial.hpp"
#include "harness/control/host_spec.hpp"
#include "harness/generator/generators.hpp"
#include "history/json_value.hpp"
#include "nemesis/exact_schedule.hpp"

namespace gauntlet {

namespace {

template <class T>
std::vector<std::string> names_of(const Registry<T>& registry) {
  std::vector<std::string> names;
  for (const auto* unit : registry.all())
    names.emplace_back(unit->name());
  return names;
}

/// Every option that some database or workload has, for suggestions.
std::vector<std::string> unit_option_names() {
  std::vector<std::string> names;
  for (const auto* factory : DatabaseRegistry::instance().all()) {
    for (const auto& option : factory->make()->options())
      names.push_back(option.name);
  }
  for (const auto* workload : WorkloadRegistry::instance().all()) {
    for (const auto& option : workload->options())
      names.push_back(option.name);
  }
  return names;
}

/// "10", or "2n" for two a node.
Result<int> parse_concurrency(const std::string& text, std::size_t nodes) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const bool per_node = rest + 1 == end && *rest == 'n';
  if (per_node) number *= static_cast<std::int64_t>(nodes);
  if (error != std::errc() || (rest != end && !per_node) || number < 1 ||
      number > WorkerSet::clients_max) {
    return failure(ErrorKind::usage, fmt::format("--concurrency: '{}' does not fit", text),
                   fmt::format("give a number from 1 to {}, or a multiple of the nodes such as 2n",
                               WorkerSet::clients_max));
  }
  return static_cast<int>(number);
}

Result<void> check_functions(const Database& database, const Workload& workload) {
  const auto offered = database.functions();
  for (const auto& function : workload.functions()) {
    if (std::find(offered.begin(), offered.end(), function) != offered.end()) continue;
    return failure(ErrorKind::usage,
                   fmt::format("workload {} needs '{}', which {}'s client does not offer",
                               workload.name(), function, database.name()),
                   "see gauntlet list for workloads that fit");
  }
  return {};
}

/// What parse_host reads back.
std::string host_text(const HostSpec& host) {
  return fmt::format("{}{}{}", host.user, host.user.empty() ? "" : "@",
                     endpoint_text(host.host, host.port));
}

Result<void> choose_nodes(const Settings& settings, bool embedded, TestPlan& plan) {
  plan.hosts = settings.list("node");
  const std::string& file = settings.text("nodes-file");
  if (!file.empty()) {
    auto hosts = read_nodes_file(file);
    if (!hosts) return hosts.error();
    for (const auto& host : *hosts)
      plan.hosts.push_back(host_text(host));
  }
  for (const auto& host : plan.hosts) {
    if (auto parsed = parse_host(host); !parsed) return parsed.error();
  }
  plan.node_count = static_cast<std::size_t>(settings.integer("nodes"));
  plan.provider = embedded ? "embedded" : plan.hosts.empty() ? "docker" : "hosts";
  if (!plan.hosts.empty()) plan.node_count = plan.hosts.size();
  plan.cluster = settings.text("cluster");
  plan.subnet = settings.text("subnet");
  plan.disk = settings.text("disk");
  plan.identity_file = settings.text("identity");
  plan.known_hosts_file = settings.text("known-hosts");
  return {};
}

/// Whether the run can be judged while it goes on.
Result<void> check_monitoring(const Settings& settings, const Workload& workload,
                              const TestPlan& plan) {
  CheckOptions options;
  options.model = settings.text("model");
  const auto monitoring = workload.monitoring(workload_settings(plan), options);
  if (!monitoring) {
    return failure(ErrorKind::usage,
                   fmt::format("--stop-on-violation: workload {} is not judged by linearizability",
                               workload.name()),
                   "leave it out: the run is judged at its end");
  }
  if (find_model(monitoring->model) == nullptr) {
    return failure(ErrorKind::usage, fmt::format("--model: unknown model '{}'", monitoring->model),
                   did_you_mean(monitoring->model, names_of(ModelRegistry::instance())));
  }
  return {};
}

std::uint64_t choose_seed(const Settings& settings) {
  const std::string& given = settings.text("seed");
  if (!given.empty()) return static_cast<std::uint64_t>(settings.integer("seed"));
  std::random_device device;
  return (std::uint64_t{device()} << 31 | device()) >> 1;
}

}  // namespace

Result<std::unique_ptr<Database>> make_database(const TestPlan& plan) {
  const auto* factory = DatabaseRegistry::instance().find(plan.database);
  if (factory == nullptr) {
    return failure(ErrorKind::usage, fmt::format("unknown database '{}'", plan.database),
                   did_you_mean(plan.database, names_of(DatabaseRegistry::instance())));
  }
  return factory->make();
}

Result<TestPlan> make_plan(Settings& settings, const std::string& name) {
  TestPlan plan;
  plan.database = name;
  auto database = make_database(plan);
  if (!database) return database.error();
  plan.workload = settings.text("workload");
  const Workload* workload = WorkloadRegistry::instance().find(plan.workload);
  if (workload == nullptr) {
    return failure(ErrorKind::usage, fmt::format("unknown workload '{}'", plan.workload),
                   did_you_mean(plan.workload, names_of(WorkloadRegistry::instance())));
  }
  if (auto fits = check_functions(**database, *workload); !fits) return fits.error();
  auto database_options = settings.unit_options("database", (*database)->options());
  if (!database_options) return database_options.error();
  plan.database_options = *database_options;
  auto workload_options = settings.unit_options("workload", workload->options());
  if (!workload_options) return workload_options.error();
  plan.workload_options = *workload_options;
  if (auto used = settings.all_used(unit_option_names()); !used) return used.error();

  plan.nemesis = settings.text("nemesis");
  plan.nemesis_interval_ns = settings.duration("nemesis-interval");
  plan.nemesis_overlap = settings.integer("nemesis-overlap");
  plan.nemesis_pace = settings.text("nemesis-pace");
  plan.schedule = settings.text("schedule");
  if (auto nemesis = nemesis_generator(plan, {}); !nemesis) return nemesis.error();
  if (auto chosen = choose_nodes(settings, (*database)->embedded(), plan); !chosen) {
    return chosen.error();
  }
  auto concurrency = parse_concurrency(settings.text("concurrency"), plan.node_count);
  if (!concurrency) return concurrency.error();
  plan.concurrency = *concurrency;
  plan.claim = (*database)->claim(plan.database_options);
  plan.time_limit_ns = settings.duration("time-limit");
  plan.operation_timeout_ns = settings.duration("operation-timeout");
  plan.recovery_ns = settings.duration("recovery");
  plan.operations_max = settings.integer("ops");
  plan.rate = settings.integer("rate");
  plan.stop_on_violation = settings.flag("stop-on-violation");
  if (plan.stop_on_violation) {
    if (auto fits = check_monitoring(settings, *workload, plan); !fits) return fits.error();
  }
  plan.seed = choose_seed(settings);
  return plan;
}

namespace {

Value options_value(const OptionValues& options) {
  Value result = Value(Value::Map{});
  for (const auto& [name, value] : options)
    result.set(name, value);
  return result;
}

std::string string_entry(const Value& map, std::string_view name) {
  const Value* value = map.find(name);
  return value != nullptr && value->is_string() ? value->string() : "";
}

std::int64_t integer_entry(const Value& map, std::string_view name) {
  const Value* value = map.find(name);
  return value != nullptr && value->is_integer() ? value->integer() : 0;
}

OptionValues options_entry(const Value& map, std::string_view name) {
  OptionValues result;
  const Value* options = map.find(name);
  if (options == nullptr || !options->is_map()) return result;
  for (const auto& [key, value] : options->entries()) {
    if (value.is_string()) result[key] = value.string();
  }
  return result;
}

}  // namespace

Value to_value(const TestPlan& plan) {
  Value::List hosts;
  for (const auto& host : plan.hosts)
    hosts.emplace_back(host);
  return Value::map({{"database", plan.database},
                     {"database_options", options_value(plan.database_options)},
                     {"workload", plan.workload},
                     {"workload_options", options_value(plan.workload_options)},
                     {"claim", plan.claim},
                     {"nemesis", plan.nemesis},
                     {"nemesis_interval_ns", plan.nemesis_interval_ns},
                     {"nemesis_overlap", plan.nemesis_overlap},
                     {"nemesis_pace", plan.nemesis_pace},
                     {"schedule", plan.schedule},
                     {"replay_of", plan.replay_of},
                     {"time_limit_ns", plan.time_limit_ns},
                     {"operation_timeout_ns", plan.operation_timeout_ns},
                     {"recovery_ns", plan.recovery_ns},
                     {"operations_max", plan.operations_max},
                     {"rate", plan.rate},
                     {"concurrency", plan.concurrency},
                     {"stop_on_violation", plan.stop_on_violation},
                     {"seed", static_cast<std::int64_t>(plan.seed)},
                     {"provider", plan.provider},
                     {"cluster", plan.cluster},
                     {"subnet", plan.subnet},
                     {"disk", plan.disk},
                     {"node_count", static_cast<std::int64_t>(plan.node_count)},
                     {"hosts", Value(std::move(hosts))},
                     {"identity_file", plan.identity_file},
                     {"known_hosts_file", plan.known_hosts_file}});
}

Result<TestPlan> read_plan(const std::string& path) {
  const auto value = read_json_file(path);
  if (!value) return value.error();
  if (!value->is_map() || string_entry(*value, "database").empty()) {
    return failure(ErrorKind::input, fmt::format("{}: not a plan", path),
                   "give a run directory made by gauntlet test");
  }
  TestPlan plan;
  plan.database = string_entry(*value, "database");
  plan.database_options = options_entry(*value, "database_options");
  plan.workload = string_entry(*value, "workload");
  plan.workload_options = options_entry(*value, "workload_options");
  plan.claim = string_entry(*value, "claim");
  plan.nemesis = string_entry(*value, "nemesis");
  plan.nemesis_interval_ns = integer_entry(*value, "nemesis_interval_ns");
  plan.nemesis_overlap = std::max<std::int64_t>(1, integer_entry(*value, "nemesis_overlap"));
  const std::string pace = string_entry(*value, "nemesis_pace");
  plan.nemesis_pace = pace.empty() ? "even" : pace;
  plan.schedule = string_entry(*value, "schedule");
  plan.replay_of = string_entry(*value, "replay_of");
  plan.time_limit_ns = integer_entry(*value, "time_limit_ns");
  plan.operation_timeout_ns = integer_entry(*value, "operation_timeout_ns");
  plan.recovery_ns = integer_entry(*value, "recovery_ns");
  plan.operations_max = integer_entry(*value, "operations_max");
  plan.rate = integer_entry(*value, "rate");
  plan.concurrency = static_cast<int>(integer_entry(*value, "concurrency"));
  const Value* stop = value->find("stop_on_violation");
  plan.stop_on_violation = stop != nullptr && *stop == Value(true);
  plan.seed = static_cast<std::uint64_t>(integer_entry(*value, "seed"));
  plan.provider = string_entry(*value, "provider");
  plan.cluster = string_entry(*value, "cluster");
  plan.subnet = string_entry(*value, "subnet");
  const std::string disk = string_entry(*value, "disk");
  plan.disk = disk.empty() ? "none" : disk;  // plans of before know of none
  plan.node_count = static_cast<std::size_t>(integer_entry(*value, "node_count"));
  plan.identity_file = string_entry(*value, "identity_file");
  plan.known_hosts_file = string_entry(*value, "known_hosts_file");
  if (const Value* hosts = value->find("hosts"); hosts != nullptr && hosts->is_list()) {
    for (const auto& host : hosts->items()) {
      if (host.is_string()) plan.hosts.push_back(host.string());
    }
  }
  return plan;
}

WorkloadSettings workload_settings(const TestPlan& plan) {
  return {plan.workload_options, plan.concurrency, plan.node_count, plan.claim};
}

Result<GeneratorPtr> nemesis_generator(const TestPlan& plan,
                                       const std::vector<std::string>& nodes) {
  const auto requests = parse_fault_requests(plan.nemesis);
  if (!requests) return requests.error();
  if (auto fits = check_fault_requests(*requests, nodes); !fits) return fits.error();
  const auto pace = parse_pace(plan.nemesis_pace, std::max<Nanos>(plan.nemesis_interval_ns, 1),
                               static_cast<int>(std::min<std::int64_t>(plan.nemesis_overlap, 20)));
  if (!pace) return pace.error();
  auto schedule = parse_schedule(plan.schedule);
  if (!schedule) return schedule.error();
  if (auto fits = check_schedule(*schedule, nodes); !fits) return fits.error();
  if (schedule->empty()) return nemesis_schedule(*requests, *pace);
  if (requests->empty()) return exact_schedule(std::move(*schedule));
  return gen::any(exact_schedule(std::move(*schedule)), nemesis_schedule(*requests, *pace));
}

}  // namespace gauntlet
