// register: reads, writes and compare-and-sets on many independent registers, each worked on by a
// small group of clients for a while, judged as linearizable key by key.
//
// A key lives for a bounded number of operations, so that operations which a fault left indefinite
// cannot pile up on it and make it hard to judge; the groups then take the next key. After all
// faults are healed every recent key is read once more: an acknowledged write that is gone shows
// there even if no client read it before.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "harness/generator/generators.hpp"
#include "workloads/workload.hpp"

namespace gauntlet {
namespace {

int positive(const WorkloadSettings& settings, std::string_view name, int fallback) {
  const auto found = settings.options.find(name);
  int number = 0;
  if (found == settings.options.end()) return fallback;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0 ? number : fallback;
}

class RegisterWorkload : public Workload {
 public:
  std::string_view name() const override { return "register"; }
  std::string_view description() const override {
    return "Reads, writes and compare-and-sets on independent registers; linearizable by key";
  }
  std::vector<std::string> functions() const override { return {"read", "write", "cas"}; }
  std::vector<WorkloadOption> options() const override {
    return {{"values", "5", {}, "how many different values are written to a key"},
            {"ops-per-key", "150", {}, "operations before a group of clients takes a new key"},
            {"clients-per-key", "0", {}, "clients that share a key; 0: as many as there are nodes"},
            {"operations", "all", {"all", "read-write"}, "read-write leaves compare-and-set out"}};
  }

  WorkloadGenerators generators(const WorkloadSettings& settings) const override {
    const int values = positive(settings, "values", 5);
    const int operations = positive(settings, "ops-per-key", 150);
    const int nodes = static_cast<int>(std::max<std::size_t>(1, settings.nodes));
    const int group = std::min(positive(settings, "clients-per-key", nodes), settings.concurrency);
    const auto choice = settings.options.find("operations");
    const bool with_cas = choice == settings.options.end() || choice->second != "read-write";

    const auto keys_used = std::make_shared<std::int64_t>(0);
    const auto keys = [keys_used](std::int64_t n) -> std::optional<Value> {
      *keys_used = std::max(*keys_used, n + 1);
      return Value(n);
    };
    const auto of_key = [=](const Value&) {
      return gen::limit(static_cast<std::size_t>(operations),
                        gen::function([=](const Context& context) {
                          return choose(*context.random, values, with_cas);
                        }));
    };
    return {gen::independent(group, keys, of_key), read_back(keys_used)};
  }

  std::optional<CheckOptions> monitoring(const WorkloadSettings& settings,
                                         const CheckOptions& options) const override {
    return with_model(settings, options);
  }

  Verdict check(const History& history, const WorkloadSettings& settings,
                const CheckOptions& options) const override {
    return CheckerRegistry::instance()
        .find("linearizable")
        ->check(history, with_model(settings, options));
  }

 private:
  static CheckOptions with_model(const WorkloadSettings& settings, const CheckOptions& options) {
    CheckOptions adjusted = options;
    const auto choice = settings.options.find("operations");
    if (adjusted.model.empty()) {
      adjusted.model = choice != settings.options.end() && choice->second == "read-write"
                           ? "register"
                           : "cas-register";
    }
    return adjusted;
  }

  static std::optional<Operation> choose(Random& random, int values, bool with_cas) {
    const auto value = [&] { return Value(random.between(0, values - 1)); };
    switch (random.below(with_cas ? 3 : 2)) {
      case 0:
        return operation("read");
      case 1:
        return operation("write", value());
      default: {
        Value from = value();
        return operation("cas", Value::list({std::move(from), value()}));
      }
    }
  }

  /// One read of each recent key, newest first.
  static GeneratorPtr read_back(const std::shared_ptr<std::int64_t>& keys_used) {
    constexpr std::int64_t keys_max = 2000;
    const auto done = std::make_shared<std::int64_t>(0);
    return gen::function([=](const Context&) -> std::optional<Operation> {
      if (*done >= std::min(*keys_used, keys_max)) return std::nullopt;
      ++*done;
      return operation("read", {}, Value(*keys_used - *done));
    });
  }
};

}  // namespace

GAUNTLET_REGISTER(Workload, RegisterWorkload);

}  // namespace gauntlet
