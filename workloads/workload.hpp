// The contract of a workload: what the clients do and how the history is judged.
//
// One file in workloads/ a workload, registered on its last line:
//   GAUNTLET_REGISTER(Workload, RegisterWorkload);
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.hpp"
#include "checker/checker.hpp"
#include "harness/generator/generator.hpp"
#include "harness/run/database.hpp"

namespace gauntlet {

using WorkloadOption = DatabaseOption;  ///< name, default, choices, description

struct WorkloadSettings {
  OptionValues options;  ///< a value for each of the workload's options()
  int concurrency = 1;
  std::size_t nodes = 1;
  std::string claim;  ///< what the database claims, e.g. "linearizable"
};

/// Both see client workers only; rate and time limits are put around them by the caller. They may
/// share state (which keys were used), since they run one after the other under the run loop's
/// lock.
struct WorkloadGenerators {
  GeneratorPtr main;        ///< endless unless the workload has a natural end
  GeneratorPtr last_reads;  ///< after all faults are healed; nullptr where there are none
};

/// Stateless.
class Workload {
 public:
  virtual ~Workload() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;
  virtual std::vector<WorkloadOption> options() const { return {}; }
  /// The functions that a client must offer.
  virtual std::vector<std::string> functions() const = 0;

  virtual WorkloadGenerators generators(const WorkloadSettings& settings) const = 0;
  /// How the run is judged while it goes on: the options of a LinearizabilityMonitor, with `model`
  /// set. Nothing where `check` asks for something else than linearizability.
  virtual std::optional<CheckOptions> monitoring(const WorkloadSettings&,
                                                 const CheckOptions&) const {
    return std::nullopt;
  }
  virtual Verdict check(const History& history, const WorkloadSettings& settings,
                        const CheckOptions& options) const = 0;
};

using WorkloadRegistry = Registry<Workload>;

}  // namespace gauntlet
