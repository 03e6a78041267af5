// Slow: the database's processes run for a share of the time only, as on a machine whose other
// guests take the rest. They are stopped and go on many times a second (SIGSTOP and SIGCONT).
//
// Heartbeats come, but late; elections are won by those who cannot hold office. The share that was
// achieved is measured, since signals and a busy machine's clock are not exact.
#include <fmt/format.h>

#include "nemesis/agent_fault.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/wording.hpp"

namespace gauntlet {

namespace {

NumberParameter share() {
  return {"share", 20, 1, 99, "percent of the time in which the processes run"};
}
NumberParameter period_ms() {
  return {"period_ms", 100, 10, 10'000, "milliseconds from one stop to the next"};
}

double percent(const Figures& figures, std::string_view part) {
  const std::int64_t watched_ns = figure(figures, "watched_ns");
  if (watched_ns <= 0) return 100;
  return 100 * static_cast<double>(figure(figures, part)) / static_cast<double>(watched_ns);
}

class Slow : public AgentFault {
 public:
  std::string_view name() const override { return "slow"; }
  std::vector<std::string_view> packages() const override { return {"standard", "resource"}; }
  std::string_view description() const override {
    return "the database's processes run for a share of the time only";
  }
  std::string_view proof() const override {
    return "the share of the time in which they ran, as measured";
  }

 protected:
  std::string module() const override { return "duty-cycle"; }
  std::vector<NumberParameter> numbers() const override { return {share(), period_ms()}; }
  std::vector<std::string> words(const FaultContext& context, const Node& node,
                                 const Value& plan) const override {
    std::vector<std::string> words;
    for (const auto& number : numbers())
      words.push_back(fmt::format("{:.0f}", number_or_default(plan, number)));
    for (auto& word : daemon_words(*context.database, node))
      words.push_back(std::move(word));
    return words;
  }
  FaultOutcome told(const Figures& figures) const override {
    const std::int64_t count = figure(figures, "processes");
    const double ran = percent(figures, "ran_ns");
    return {count > 0 && ran < 99.5,
            fmt::format("ran {:.1f} % of the time ({}, {:.1f} % of a CPU)", ran,
                        counted(count, "process", "processes"), percent(figures, "cpu_ns")),
            {}};
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Slow);

}  // namespace gauntlet
