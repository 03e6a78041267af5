// The nemesis: the client that carries out faults, and the generator that schedules them.
//
// In the history an injection is `inject-NAME`, its heal `heal-NAME`, both as `info`: an invocation
// when the nemesis starts to act and a completion when it has. The completion's value is a map with
// "fault" (a number that joins the two), "targets", for an injection all that its plan decided, and
// "took_effect" and "evidence"; or "skipped" with the reason, and "unsupported" if it is for good.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/generator/generator.hpp"
#include "harness/run/client.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/ledger.hpp"
#include "nemesis/pace.hpp"

namespace gauntlet {

/// A fault as asked for: --nemesis partition:shape=halves,kill:targets=one.
struct FaultRequest {
  std::string name;
  Value parameters;          ///< a map, by parameter name
  std::string package = {};  ///< through which it was asked for; empty if by its name
};

/// Parses "b:p=v:q=w"; unknown names and parameters are usage errors with a suggestion.
Result<FaultRequest> parse_fault_request(std::string_view text);
std::string to_text(const FaultRequest& request);

/// Parses "a,b:p=v:q=w,network". A package stands for those of its faults that are not there by
/// name or through a package before it.
Result<std::vector<FaultRequest>> parse_fault_requests(const std::string& text);

/// Whether the requests make sense on nodes of these names; a usage error says what does not.
Result<void> check_fault_requests(const std::vector<FaultRequest>& requests,
                                  const std::vector<std::string>& nodes);

/// Carries out inject-* and heal-* operations, and "heal-all", whose value has "faults" (a list of
/// numbers) in the place of "fault". An injection's value may have "parameters"; that of a heal
/// without "fault" heals all of that name. Used by the nemesis worker; heal_all may be called by
/// any thread, and waits for what the worker is doing.
class NemesisClient : public Client {
 public:
  NemesisClient(FaultContext context, FaultLedger& ledger, std::uint64_t seed);
  ~NemesisClient() override;
  void invoke(Operation& operation, Deadline deadline) override;
  bool reusable() const override { return true; }
  /// Heals everything that this run injected and has not healed, newest first, then sweeps the
  /// nodes. Answers what could not be healed, one line each.
  std::vector<std::string> heal_all();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Injects the requested faults at random, at a pace (an even one without overlap is Jepsen's
/// standard schedule). Packages are drawn first, then one of their faults. Endless, unless no fault
/// is left that the cluster and the database support; limit it from outside.
GeneratorPtr nemesis_schedule(const std::vector<FaultRequest>& requests, const Pace& pace);

/// One operation that heals all that is still in place; part of the recovery phase.
GeneratorPtr final_heal();

}  // namespace gauntlet
