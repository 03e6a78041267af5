// An embedded database for demonstrations, tests and machines without Docker: linearizable
// registers in this process, and on request a planted bug that a checker must find.
//
// An operation takes effect at one moment under a lock, between two random waits, so that it is
// concurrent with others as in a real database.
#include <algorithm>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

#include "base/duration.hpp"
#include "base/random.hpp"
#include "harness/run/database.hpp"

namespace gauntlet {

namespace {

enum class Bug { none, stale_read, lost_write };

constexpr std::size_t replica_lag_max = 3;  ///< writes of a key that a replica can be behind

/// What all clients share. Thread-safe.
class Store {
 public:
  /// The value of `key` as it was before its last `lag` writes; nil where it had none.
  Value read(const std::string& key, std::size_t lag) {
    const std::lock_guard lock(mutex_);
    const auto at = versions_.find(key);
    if (at == versions_.end() || at->second.size() <= lag) return {};
    return at->second[at->second.size() - 1 - lag];
  }

  void write(const std::string& key, Value value) {
    const std::lock_guard lock(mutex_);
    append(versions_[key], std::move(value));
  }

  void add(const std::string& key, std::int64_t element) {
    const std::lock_guard lock(mutex_);
    sets_[key].insert(element);
  }

  Value elements(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto& elements = sets_[key];
    return Value(Value::List(elements.begin(), elements.end()));
  }

  /// Whether the value was `from`. With `lose` the write is left out.
  bool compare_and_set(const std::string& key, const Value& from, Value to, bool lose) {
    const std::lock_guard lock(mutex_);
    auto& versions = versions_[key];
    if ((versions.empty() ? Value() : versions.back()) != from) return false;
    if (!lose) append(versions, std::move(to));
    return true;
  }

 private:
  static void append(std::vector<Value>& versions, Value value) {
    if (versions.size() > replica_lag_max) versions.erase(versions.begin());
    versions.push_back(std::move(value));
  }

  std::mutex mutex_;
  boost::unordered_flat_map<std::string, std::vector<Value>> versions_;  ///< by key, oldest first
  boost::unordered_flat_map<std::string, std::set<std::int64_t>> sets_;  ///< by key
};

struct Settings {
  Nanos latency_ns = 0;  ///< mean of an operation's duration
  Bug bug = Bug::none;
};

class MemoryClient : public Client {
 public:
  /// `lag` is how far behind the replica of this client's node is.
  MemoryClient(std::shared_ptr<Store> store, Settings settings, std::size_t lag, Random random)
      : store_(std::move(store)), settings_(settings), lag_(lag), random_(random) {}

  void invoke(Operation& operation, Deadline deadline) override {
    if (!wait(deadline)) {
      operation.type = OperationType::fail;
      operation.error = "the deadline passed before the operation took effect";
      return;
    }
    carry_out(operation);
    if (!wait(deadline) && operation.type == OperationType::ok) {
      const bool read = operation.f == "read";
      if (read) operation.value = {};
      operation.type = read ? OperationType::fail : OperationType::info;
      operation.error = "no answer in time";
    }
  }

 private:
  /// Half of an operation's duration; false if the deadline comes first.
  bool wait(Deadline deadline) {
    if (settings_.latency_ns == 0) return true;
    const std::chrono::nanoseconds duration(
        random_.below(static_cast<std::uint64_t>(settings_.latency_ns) + 1));
    const auto left = deadline.left();
    std::this_thread::sleep_for(std::min(duration, left));
    return duration < left;
  }

  void carry_out(Operation& operation) {
    const std::string key =
        operation.key.is_string() ? operation.key.string() : to_json(operation.key);
    Value& value = operation.value;
    operation.type = OperationType::ok;
    if (operation.f == "read" && holds_set(operation.key)) {
      value = store_->elements(key);
    } else if (operation.f == "add" && holds_set(operation.key) && value.is_integer()) {
      if (settings_.bug != Bug::lost_write || !happens()) store_->add(key, value.integer());
    } else if (operation.f == "read") {
      value = store_->read(key, settings_.bug == Bug::stale_read && happens() ? lag_ : 0);
    } else if (operation.f == "write") {
      if (settings_.bug != Bug::lost_write || !happens()) store_->write(key, value);
    } else if (operation.f == "cas" && value.is_list() && value.items().size() == 2) {
      const bool lose = settings_.bug == Bug::lost_write && happens();
      if (!store_->compare_and_set(key, value.items()[0], value.items()[1], lose)) {
        operation.type = OperationType::fail;
        operation.error = "the value was another one";
      }
    } else {
      operation.type = OperationType::fail;
      operation.error = "the memory database has no such operation";
    }
  }

  bool happens() {
    constexpr double bug_probability = 1.0 / 16;
    return random_.chance(bug_probability);
  }

  std::shared_ptr<Store> store_;
  Settings settings_;
  std::size_t lag_;
  Random random_;
};

}  // namespace

class Memory : public Database {
 public:
  std::string_view name() const override { return "memory"; }
  std::string_view description() const override {
    return "registers in this process, correct or with a planted bug; needs no nodes";
  }
  std::vector<DatabaseOption> options() const override {
    return {
        {"bug",
         "none",
         {"none", "stale-read", "lost-write"},
         "stale-read: on all nodes but the first, some reads are answered by a replica that is a "
         "few writes behind; lost-write: some writes are acknowledged and dropped"},
        {"latency", "1ms", {}, "mean duration of an operation; up to 10s"},
    };
  }
  std::vector<std::string> functions() const override { return {"read", "write", "cas", "add"}; }
  std::string claim(const OptionValues&) const override { return "linearizable"; }
  bool embedded() const override { return true; }

  Result<void> configure(Cluster& cluster, const OptionValues& options) override {
    cluster_ = &cluster;
    const std::string& bug = options.at("bug");
    settings_.bug = bug == "stale-read"   ? Bug::stale_read
                    : bug == "lost-write" ? Bug::lost_write
                                          : Bug::none;
    const auto latency = parse_duration(options.at("latency"));
    if (!latency || *latency > 10 * nanos_per_second) {
      return failure(ErrorKind::usage, "latency is '" + options.at("latency") + "'",
                     "give a duration up to 10s");
    }
    settings_.latency_ns = *latency;
    return {};
  }

  Result<void> install(Node&) override { return {}; }
  Result<void> wipe(Node&) override { return {}; }
  Result<void> start(Node&) override { return {}; }
  Result<void> stop(Node&) override { return {}; }
  Result<void> kill(Node&) override { return {}; }
  Result<void> await_ready(Deadline) override { return {}; }
  Result<std::string> version(Node&) override { return std::string("embedded"); }
  std::vector<std::string> log_files(const Node&) const override { return {}; }

  Result<ClientPtr> open_client(Node& node, Deadline) override {
    const auto nodes = cluster_->nodes();
    const auto at = std::find(nodes.begin(), nodes.end(), &node);
    const auto index = static_cast<std::size_t>(at - nodes.begin());
    const Random random = Random(clients_.fetch_add(1)).fork(node.name());
    return std::make_unique<MemoryClient>(store_, settings_, std::min(index, replica_lag_max),
                                          random);
  }

 private:
  Cluster* cluster_ = nullptr;
  Settings settings_;
  std::shared_ptr<Store> store_ = std::make_shared<Store>();
  std::atomic<std::uint64_t> clients_ = 0;
};

GAUNTLET_REGISTER(DatabaseFactory, DatabaseFactoryOf<Memory>);

}  // namespace gauntlet
