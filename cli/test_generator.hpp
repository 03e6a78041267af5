// A test's generator, put together from the plan: load with faults, heal, recovery, last reads.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/test_plan.hpp"
#include "harness/generator/generator.hpp"

namespace gauntlet {

/// `nemesis` is what nemesis_generator made of the same plan. `on_phase` is called under the run
/// loop's lock when a phase begins, with its name.
GeneratorPtr test_generator(const TestPlan& plan, WorkloadGenerators workload, GeneratorPtr nemesis,
                            std::function<void(const std::string&)> on_phase);

}  // namespace gauntlet
