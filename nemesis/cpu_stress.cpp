// CPU stress: threads of ours compete with the database for the processors of its nodes.
//
// On containers of one machine all nodes feel it, and so does the controller.
#include <fmt/format.h>

#include "base/duration.hpp"
#include "nemesis/agent_fault.hpp"
#include "nemesis/fault.hpp"

namespace gauntlet {

namespace {

NumberParameter threads() {
  return {"threads", 4, 1, 256, "how many threads compute without end, on each node"};
}

class CpuStress : public AgentFault {
 public:
  std::string_view name() const override { return "cpu-stress"; }
  std::vector<std::string_view> packages() const override { return {"resource"}; }
  std::string_view description() const override {
    return "other threads compete for the processors of the nodes";
  }
  std::string_view proof() const override { return "the CPU time that the threads used"; }

 protected:
  std::string module() const override { return "stress"; }
  std::vector<NumberParameter> numbers() const override { return {threads()}; }
  std::vector<std::string> words(const FaultContext&, const Node&,
                                 const Value& plan) const override {
    return {"cpu", fmt::format("{:.0f}", number_or_default(plan, threads()))};
  }
  FaultOutcome told(const Figures& figures) const override {
    const std::int64_t ns = figure(figures, "cpu_ns");
    return {ns > 0, fmt::format("used {} of CPU time", format_duration(ns)), {}};
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, CpuStress);

}  // namespace gauntlet
