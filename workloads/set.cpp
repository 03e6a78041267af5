// set: every client adds elements that nobody else adds; after all faults are healed every client
// reads the whole set. What was acknowledged and is not there, was lost.
//
// It needs no search to judge and hides nothing behind overwrites, so it is the workload for loss
// of power, and for databases that answer before they write.
#include <memory>

#include "harness/generator/generators.hpp"
#include "workloads/workload.hpp"

namespace gauntlet {
namespace {

class SetWorkload : public Workload {
 public:
  std::string_view name() const override { return "set"; }
  std::string_view description() const override {
    return "Unique elements added to a set, which is read at the end; none may be lost";
  }
  std::vector<std::string> functions() const override { return {"read", "add"}; }

  WorkloadGenerators generators(const WorkloadSettings&) const override {
    const auto next = std::make_shared<std::int64_t>(0);
    auto adds = gen::function([next](const Context&) -> std::optional<Operation> {
      return operation("add", Value((*next)++), Value("set"));
    });
    auto reads = gen::each_worker([] {
      constexpr std::size_t tries_max = 20;
      return gen::until_ok(
          gen::limit(tries_max, gen::delay(std::chrono::milliseconds(200),
                                           gen::fixed(operation("read", {}, Value("set"))))));
    });
    return {std::move(adds), std::move(reads)};
  }

  /// Elements first, since what became of each says most; then the whole as a linearizable set.
  Verdict check(const History& history, const WorkloadSettings&,
                const CheckOptions& options) const override {
    const auto& checkers = CheckerRegistry::instance();
    Verdict elements = checkers.find("set-elements")->check(history, options);
    if (elements.validity != Validity::valid) return elements;
    CheckOptions as_set = options;
    as_set.model = "grow-only-set";
    Verdict verdict = checkers.find("linearizable")->check(history, as_set);
    for (const auto& [name, value] : elements.statistics.entries())
      verdict.statistics.set(name, value);
    if (verdict.validity == Validity::valid) verdict.reason = elements.reason;
    return verdict;
  }
};

GAUNTLET_REGISTER(Workload, SetWorkload);

}  // namespace
}  // namespace gauntlet
