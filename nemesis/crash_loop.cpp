// Crash loop: the database is killed on its targets, started, and killed again soon, several times
// over, so that it dies while it recovers. In the end it is started, or the heal does so.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "nemesis/end_fault.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/typed_parameter.hpp"

namespace gauntlet {

namespace {

constexpr std::chrono::seconds loop_max{15};

NumberParameter times() {
  return {"times", 3, 2, 10, "how often it is killed, within about 15 s"};
}

NumberParameter gap_ms() {
  return {"gap_ms", 500, 0, 2000, "milliseconds between a start and the next kill"};
}

class CrashLoop : public EndFault {
 public:
  std::string_view name() const override { return "crash-loop"; }
  std::string_view description() const override {
    return "the database is killed soon after each start, several times over";
  }
  std::vector<FaultParameter> parameters() const override {
    auto all = ProcessFault::parameters();
    all.push_back(to_parameter(times()));
    all.push_back(to_parameter(gap_ms()));
    return all;
  }
  Result<void> check(const Value& parameters,
                     const std::vector<std::string>& nodes) const override {
    if (auto numbers = check_numbers(parameters, {times(), gap_ms()}); !numbers) return numbers;
    return ProcessFault::check(parameters, nodes);
  }
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override {
    auto plan = ProcessFault::prepare(context, parameters, random);
    if (plan) put_numbers(*plan, parameters, {times(), gap_ms()});
    return plan;
  }

 protected:
  std::string_view ended() const override { return "killed again and again"; }
  Result<void> end(Database& database, Node& node, const Value& plan) const override {
    const int rounds = static_cast<int>(number_or_default(plan, times()));
    const auto gap =
        std::chrono::milliseconds(static_cast<std::int64_t>(number_or_default(plan, gap_ms())));
    // Each round may take long where starts do; the nemesis has other things to do.
    const Deadline last_start = Deadline::after(loop_max);
    for (int round = 1;; ++round) {
      auto killed = database.kill(node);
      if (!killed || round >= rounds || last_start.passed()) return killed;
      if (auto started = database.start(node); !started) return started;
      std::this_thread::sleep_for(gap);
    }
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, CrashLoop);

}  // namespace gauntlet
