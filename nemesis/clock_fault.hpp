// What faults on clocks share: the agent puts off the wall clock of the database's processes
// (nemesis/agent/clock.cpp) or, where that is asked for and a node is a machine of its own, that of
// the machine (nemesis/agent/machine_clock.cpp), never that of a container's host.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "nemesis/fault.hpp"

namespace gauntlet {

/// What the agent does on one node: its words `fixed`, `strobe` or `drift`, and two numbers.
struct ClockChange {
  std::string shape;
  std::int64_t a = 0, b = 0;
};

class ClockFault : public Fault {
 public:
  std::vector<std::string_view> packages() const override { return {"clock"}; }
  std::string_view proof() const override {
    return "the offset read back from the processes, or the machine's clock against the "
           "controller's; "
           "the database's own clock, where it tells";
  }
  std::string_view needs() const override {
    return "SYS_PTRACE; x86-64; of=machine: hosts with a kernel of their own, SYS_TIME";
  }
  std::optional<std::string> unsupported(const FaultContext& context) const override;
  Result<void> check(const Value& parameters, const std::vector<std::string>& nodes) const override;
  /// The plan: "targets", "injection" (its name), "of", "changes" by node, "daemons" by
  /// node and, of machines, "machines" before by node.
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override;
  FaultOutcome inject(const FaultContext& context, const Value& plan) const override;
  FaultOutcome heal(const FaultContext& context, const Value& plan) const override;
  Result<std::string> residue(const FaultContext& context, Node& node) const override;
  Result<void> clear(const FaultContext& context, Node& node) const override;

 protected:
  /// Targets and what is put off, then `others`.
  static std::vector<FaultParameter> with_targets(std::vector<FaultParameter> others);
  /// Drawn for one node ("": any); a usage error for parameters that make no sense.
  virtual Result<ClockChange> change(const Value& parameters, const std::string& node,
                                     Random& random) const = 0;
  /// "off by -12 s"
  virtual std::string wording(const ClockChange& change) const = 0;
};

/// What a plan says of each node.
std::map<std::string, ClockChange> clock_changes(const Value& plan);

/// A duration from `least` to `most`, with a sign in front where that is allowed; `name` for
/// errors.
Result<std::int64_t> duration_within(const std::string& name, std::string_view text, bool is_signed,
                                     std::int64_t least_ns, std::int64_t most_ns);
/// The same of a parameter. What is absent is `otherwise`.
Result<std::int64_t> duration_from(const Value& parameters, const std::string& name,
                                   const std::string& otherwise, bool is_signed,
                                   std::int64_t least_ns, std::int64_t most_ns);
/// "-12.5 s"
std::string signed_duration(std::int64_t ns);

}  // namespace gauntlet
