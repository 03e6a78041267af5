#include "tests/reports/sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/assert.hpp"
#include "base/random.hpp"

namespace gauntlet {

namespace {

constexpr int nodes = 5;

std::string node_name(int node) {
  return fmt::format("n{}", node + 1);
}

struct PlannedFault {
  std::string name;
  std::vector<int> targets;
  double from;  ///< shares of the run's length
  double to;
  std::string skipped;
  bool took_effect;
  std::string evidence;
};

std::vector<PlannedFault> planned_faults() {
  return {
      {"partition",
       {0, 1},
       0.08,
       0.18,
       "",
       true,
       "2 nodes drop packets of 3 others (1,204 counted)"},
      {"kill", {3}, 0.27, 0.35, "", true, "etcd is gone on n4 (pid 412 exited by signal 9)"},
      {"clock", {2}, 0.45, 0.45, "the container lacks CAP_SYS_TIME", false, ""},
      {"partition", {0}, 0.52, 0.66, "", true, "1 node drops packets of 4 others (377 counted)"},
      {"pause", {1, 4}, 0.6, 0.7, "", true, "etcd is in state T on n2 and n5"},
      {"partition", {2, 4}, 0.8, 0.9, "", false, "no packet was dropped"},
  };
}

class Simulation {
 public:
  explicit Simulation(const SampleOptions& options)
      : options_(options), random_(options.seed), faults_(planned_faults()) {
    if (!options.faults) faults_.clear();
  }

  std::vector<Operation> run() {
    for (int worker = 0; worker < options_.processes; ++worker)
      run_worker(worker);
    for (std::size_t i = 0; i < faults_.size(); ++i)
      add_fault(faults_[i], static_cast<int>(i));
    std::stable_sort(rows_.begin(), rows_.end(),
                     [](const Operation& a, const Operation& b) { return a.time_ns < b.time_ns; });
    answer_reads();
    return std::move(rows_);
  }

 private:
  Nanos at(double share) const {
    return static_cast<Nanos>(share * static_cast<double>(options_.length_ns));
  }

  Nanos exponential(Nanos mean) {
    return static_cast<Nanos>(-std::log(1 - random_.fraction()) * static_cast<double>(mean)) + 1000;
  }

  const PlannedFault* fault_on(int node, Nanos time) const {
    for (const auto& fault : faults_) {
      const bool hit =
          std::find(fault.targets.begin(), fault.targets.end(), node) != fault.targets.end();
      if (hit && fault.took_effect && time >= at(fault.from) && time < at(fault.to)) return &fault;
    }
    return nullptr;
  }

  void run_worker(int worker) {
    const int node = worker % nodes;
    Process process = worker;
    Nanos time = exponential(options_.pause_ns);
    while (time < options_.length_ns) {
      Operation op;
      op.time_ns = time;
      op.process = process;
      op.node = node_name(node);
      op.key = static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(options_.keys)));
      const double kind = random_.fraction();
      op.f = kind < 0.5 ? "read" : kind < 0.8 ? "write" : "cas";
      if (op.f == "write") op.value = static_cast<std::int64_t>(++next_value_);
      if (op.f == "cas") {
        op.value = Value::list(
            {static_cast<std::int64_t>(next_value_), static_cast<std::int64_t>(next_value_ + 1)});
        ++next_value_;
      }
      rows_.push_back(op);
      complete(op, node, time);
      time = op.time_ns;
      if (op.type == OperationType::info) process += options_.processes;
      rows_.push_back(std::move(op));
      time += exponential(options_.pause_ns);
    }
  }

  /// Decides how the operation ends, and when.
  void complete(Operation& op, int node, Nanos begin) {
    const PlannedFault* fault = fault_on(node, begin);
    op.type = OperationType::ok;
    op.time_ns = begin + 800 * nanos_per_microsecond + exponential(2 * nanos_per_millisecond);
    if (op.f == "cas" && random_.chance(0.6)) {
      op.type = OperationType::fail;
      op.error = "the value differed";
    }
    if (fault == nullptr) return;
    if (fault->name == "kill") {
      op.type = OperationType::fail;
      op.error = "connection refused";
      op.time_ns = begin + 300 * nanos_per_microsecond;
    } else if (op.f != "read" || fault->name == "pause") {
      op.type = OperationType::info;
      op.error = fault->name == "pause" ? "timeout after 2 s" : "etcdserver: request timed out";
      op.time_ns = begin + 2 * nanos_per_second + exponential(nanos_per_millisecond);
    } else if (random_.chance(0.5)) {
      op.type = OperationType::fail;
      op.error = "etcdserver: no leader";
      op.time_ns = begin + exponential(400 * nanos_per_millisecond);
    }
  }

  /// A register a key, changed at the completion of each successful operation.
  void answer_reads() {
    std::map<std::int64_t, Value> registers;
    for (Operation& row : rows_) {
      if (row.process < 0 || row.type != OperationType::ok) continue;
      Value& value = registers[row.key.integer()];
      if (row.f == "read") row.value = value;
      if (row.f == "write") value = row.value;
      if (row.f == "cas") value = row.value.items()[1];
    }
  }

  void add_fault(const PlannedFault& fault, int number) {
    Value::List targets;
    for (const int target : fault.targets)
      targets.push_back(node_name(target));
    Value plan = Value::map({{"fault", number}, {"targets", std::move(targets)}});
    if (fault.name == "partition") plan.set("shape", "halves");
    Value done = plan;
    if (fault.skipped.empty()) {
      done.set("took_effect", fault.took_effect);
      done.set("evidence", fault.evidence);
    } else {
      done.set("skipped", fault.skipped);
    }
    const auto add = [&](const std::string& f, double share, const Value& first,
                         const Value& second) {
      Operation op;
      op.process = nemesis_process;
      op.type = OperationType::info;
      op.f = f;
      op.time_ns = at(share);
      op.value = first;
      rows_.push_back(op);
      op.time_ns += 40 * nanos_per_millisecond;
      op.value = second;
      rows_.push_back(op);
    };
    add("inject-" + fault.name, fault.from, plan, done);
    if (fault.skipped.empty()) {
      Value healed = plan;
      healed.set("evidence", "no rule of ours is left on any node");
      add("heal-" + fault.name, fault.to, plan, healed);
    }
  }

  SampleOptions options_;
  Random random_;
  std::vector<PlannedFault> faults_;
  std::int64_t next_value_ = 0;
  std::vector<Operation> rows_;
};

/// Lets a read in the second half answer with the value before the last acknowledged write, and
/// names the two writes and the read.
std::vector<EventIndex> make_stale(std::vector<Operation>& rows) {
  struct Write {
    EventIndex invocation;
    Value value;
  };
  std::map<std::int64_t, std::vector<Write>> writes;
  std::map<Process, EventIndex> outstanding;
  for (EventIndex i = 0; i < rows.size(); ++i) {
    Operation& row = rows[i];
    if (row.process < 0) continue;
    if (row.type == OperationType::invoke) {
      outstanding[row.process] = i;
      continue;
    }
    if (row.type != OperationType::ok) continue;
    auto& known = writes[row.key.integer()];
    const EventIndex invocation = outstanding[row.process];
    if (row.f == "write") known.push_back({invocation, row.value});
    const bool late = i > rows.size() * 6 / 10 && known.size() >= 2;
    if (row.f != "read" || row.node != "n1" || !late) continue;
    const Write& old_write = known[known.size() - 2];
    const Write& new_write = known.back();
    if (new_write.invocation > invocation) continue;
    row.value = old_write.value;
    return {old_write.invocation, new_write.invocation, invocation};
  }
  return {};
}

void judge(Sample& sample, std::size_t operations) {
  Verdict& verdict = sample.verdict;
  verdict.validity = sample.stale.empty() ? Validity::valid : Validity::invalid;
  verdict.checker = "linearizable";
  verdict.consistency = "linearizable";
  verdict.model = "cas-register";
  verdict.algorithm = "interval zones (Gibbons and Korach)";
  verdict.operations = operations;
  verdict.crashed = 12;
  for (int key = 0; key < 3; ++key) {
    PartVerdict part;
    part.key = std::to_string(key);
    part.validity = Validity::valid;
    part.operations = operations / 3;
    verdict.parts.push_back(part);
  }
  verdict.parts_total = 3;
  verdict.statistics = Value::map(
      {{"configurations", 1834},
       {"elapsed_ms", 41.25},
       {"staleness", Value::list({Value::map({{"key", "1"}, {"delta_ms", 312.5}, {"k", 2}})})}});
  if (sample.stale.empty()) return;
  const History& history = sample.history;
  const EventIndex read = sample.stale[2];
  const std::string key = history.values().to_text(history.key(read));
  const std::string old_value = history.values().to_text(history.value(sample.stale[0]));
  const std::string new_value = history.values().to_text(history.value(sample.stale[1]));
  Anomaly anomaly;
  anomaly.name = "stale read";
  anomaly.key = key;
  anomaly.rules_out = {"linearizable"};
  anomaly.operations = sample.stale;
  anomaly.detected_at = history.partner(read);
  anomaly.explanation = {
      fmt::format("Process {} on {} read {} from key {}.", history.process(read),
                  history.node(read), old_value, key),
      fmt::format("{} was written by process {}, and that write was acknowledged before the write "
                  "of {} by process {} began.",
                  old_value, history.process(sample.stale[0]), new_value,
                  history.process(sample.stale[1])),
      fmt::format("The write of {} was acknowledged before the read began, and no operation wrote "
                  "{} again.",
                  new_value, old_value),
      "So there is no moment at which the read could have taken effect."};
  anomaly.dead_ends = {{{sample.stale[0], sample.stale[1]},
                        new_value,
                        {{read, fmt::format("the read needs {}, but the value is {} by then",
                                            old_value, new_value)}}}};
  anomaly.dead_ends_total = 1;
  anomaly.certificate = Value::map({{"kind", "zones"}, {"values", Value::list({1, 2})}});
  anomaly.verified_by = "the brute-force verifier";
  verdict.anomalies = {anomaly};
  verdict.anomalies_total = 3;
  for (auto& part : verdict.parts) {
    if (part.key != key) continue;
    part.validity = Validity::invalid;
    part.reason = "stale read";
    std::swap(part, verdict.parts.front());
  }
}

}  // namespace

Sample::Sample(const SampleOptions& options) {
  auto rows = Simulation(options).run();
  if (options.stale_read) stale = make_stale(rows);
  std::size_t operations = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].index = static_cast<std::int64_t>(i);
    operations += rows[i].process >= 0 && rows[i].type == OperationType::invoke;
    history.append(rows[i]);
  }
  GAUNTLET_ASSERT(history.pair().has_value());
  judge(*this, operations);
  input.title = "etcd register";
  input.history = &history;
  input.verdict = &verdict;
  input.facts = {{"command",
                  "gauntlet test etcd --workload register --nemesis partition,kill,pause "
                  "--read-consistency serializable --time-limit 60s --seed 42"},
                 {"database", "etcd 3.4.23"},
                 {"workload", "register"},
                 {"nodes", "n1, n2, n3, n4, n5"},
                 {"concurrency", "10"},
                 {"seed", "42"},
                 {"started", "2024-05-14 02:13:07 UTC"}};
  input.notes = {"median lateness of operations 41 us, at most 3.1 ms",
                 "the fault clock was skipped once: the container lacks CAP_SYS_TIME"};
  for (int node = 0; node < nodes; ++node) {
    const std::string name = node_name(node);
    input.links.emplace_back(name + " etcd.log", fmt::format("nodes/{}/etcd.log", name));
  }
  input.links.emplace_back("history", "history.jsonl");
}

}  // namespace gauntlet
