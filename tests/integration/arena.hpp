// A database on real nodes with a nemesis: where tests inject faults, look and heal.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "harness/control/daemon.hpp"
#include "harness/generator/generators.hpp"
#include "harness/run/database.hpp"
#include "nemesis/agent_links.hpp"
#include "nemesis/nemesis.hpp"
#include "nemesis/remembering_node.hpp"
#include "tests/integration/test_cluster.hpp"
#include "tests/temporary_folder.hpp"

namespace gauntlet {

/// A database of that name with its default options.
inline std::unique_ptr<Database> database_on(Cluster& cluster, const std::string& name) {
  const auto* factory = DatabaseRegistry::instance().find(name);
  REQUIRE(factory != nullptr);
  auto database = factory->make();
  OptionValues values;
  for (const auto& option : database->options())
    values[option.name] = option.default_value;
  REQUIRE(database->configure(cluster, values));
  return database;
}

/// "T" for a stopped process and so on, "-" where none runs.
inline std::string state_of(const Database& database, Node& node) {
  const auto status = daemon_status(node, database.processes(node).front());
  REQUIRE(status);
  return status->running ? std::string(1, status->state) : "-";
}

/// Whether a read is answered within `timeout`; asks again, since an election fails reads.
inline bool serves(Database& database, Node& node, std::chrono::seconds timeout) {
  const auto deadline = Deadline::after(timeout);
  while (!deadline.passed()) {
    auto client = database.open_client(node, deadline);
    if (!client) continue;
    Operation read = operation("read", {}, Value(0));
    (*client)->invoke(read, deadline.capped(std::chrono::seconds(1)));
    if (read.type == OperationType::ok) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

/// A database on the nodes, with a nemesis of its own ledger. Leaves the nodes as it found them.
class Arena {
 public:
  explicit Arena(TestCluster& nodes, bool with_database = true, const std::string& name = "etcd")
      : Arena(*nodes, with_database, name) {}
  Arena(Cluster& nodes, bool with_database, const std::string& name) : cluster(nodes) {
    database = database_on(cluster, name);
    ledger = *FaultLedger::create(ledger_path());
    nemesis = std::make_unique<NemesisClient>(context(), *ledger, 1);
    if (!with_database) return;
    REQUIRE(for_all([&](Node& node) { return database->wipe(node); }));
    REQUIRE(for_all([&](Node& node) { return database->start(node); }));
    REQUIRE(database->await_ready(Deadline::after(std::chrono::seconds(30))));
  }
  ~Arena() {
    for (const auto& failed : nemesis->heal_all())
      MESSAGE("not healed: " << failed);
    (void)for_all([&](Node& node) { return database->wipe(node); });
  }

  Value act(const std::string& f, Value value = {}) {
    Operation act = operation(f, std::move(value));
    nemesis->invoke(act, Deadline::after(std::chrono::seconds(30)));
    CHECK(act.error.empty());
    return act.value;
  }
  Value inject(const std::string& request) {
    const auto requests = parse_fault_requests(request);
    REQUIRE(requests);
    return act("inject-" + requests->front().name,
               Value::map({{"parameters", requests->front().parameters}}));
  }
  Value heal(const std::string& name, const Value& injected) {
    return act("heal-" + name, Value::map({{"fault", *injected.find("fault")}}));
  }
  std::string ledger_path() const { return folder.path("faults.jsonl"); }
  FaultContext context() { return {&cluster, database.get(), &agents}; }
  std::string residue() {
    const auto nodes = cluster.nodes();
    const auto of_each = on_each<std::string>(nodes, [&](Node& node) -> Result<std::string> {
      std::string found;
      RememberingNode seen(node);
      for (const Fault* fault : FaultRegistry::instance().all()) {
        const auto text = fault->residue(context(), seen);
        if (!text) return text.error();
        if (!text->empty()) found += node.name() + ": " + *text + "\n";
      }
      return found;
    });
    std::string found;
    for (const auto& one : of_each) {
      REQUIRE(one);
      found += *one;
    }
    return found;
  }

  Cluster& cluster;
  AgentLinks agents;
  TemporaryFolder folder;
  std::unique_ptr<Database> database;
  std::unique_ptr<FaultLedger> ledger;
  std::unique_ptr<NemesisClient> nemesis;

 private:
  Result<void> for_all(const std::function<Result<void>(Node&)>& action) const {
    return all_of(cluster.nodes(), on_each<void>(cluster.nodes(), action));
  }
};

/// Whether the outcome of an injection or a heal says so; shows the evidence.
inline bool took_effect(const Value& value) {
  const Value* effect = value.find("took_effect");
  const Value* evidence = value.find("evidence");
  if (evidence != nullptr) MESSAGE(evidence->string());
  if (effect == nullptr) MESSAGE(to_json(value));
  return effect != nullptr && effect->boolean();
}

/// The number in front of the last occurrence of `words`.
inline std::int64_t number_before(const std::string& text, const std::string& words) {
  const std::size_t end = text.rfind(words);
  REQUIRE(end != std::string::npos);
  const std::size_t begin = text.find_last_not_of("0123456789", end - 1) + 1;
  return std::stoll(text.substr(begin, end - begin));
}

}  // namespace gauntlet
