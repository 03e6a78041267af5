// The nemesis: the client that carries out faults, and the generator that schedules them.
//
// In the history an injection is `inject-NAME`, its heal `heal-NAME`, both as `info`: an invocation
// when the nemesis starts to act and a completion when it has. The value is a map with "fault" (a
// number that joins the two), "targets", the plan's details, and, on completion, "took_effect" and
// "evidence" or "skipped".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/generator/generator.hpp"
#include "harness/run/client.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/ledger.hpp"

namespace gauntlet {

/// A fault as asked for: --nemesis partition:shape=halves,kill:targets=one.
struct FaultRequest {
  std::string name;
  Value parameters;  ///< a map, by parameter name
};

/// Parses "a,b:p=v:q=w"; unknown names and parameters are usage errors with a suggestion.
Result<std::vector<FaultRequest>> parse_fault_requests(const std::string& text);

/// Carries out inject-* and heal-* operations. Not thread-safe: the nemesis worker's.
class NemesisClient : public Client {
 public:
  NemesisClient(FaultContext context, FaultLedger& ledger, std::uint64_t seed);
  ~NemesisClient() override;
  void invoke(Operation& operation, Deadline deadline) override;
  bool reusable() const override { return true; }
  /// Heals everything that this run injected and has not healed, newest first. Also for signals.
  std::vector<std::string> heal_all();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Injects the requested faults at random, one at a time, each for about `interval`, with about
/// `interval` of quiet between (Jepsen's standard schedule). Endless; limit it from outside.
GeneratorPtr nemesis_schedule(const std::vector<FaultRequest>& requests, Nanos interval_ns);

/// One operation that heals all that is still in place; part of the recovery phase.
GeneratorPtr final_heal();

}  // namespace gauntlet
