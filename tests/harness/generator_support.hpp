// What the generator tests share.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "harness/generator/generators.hpp"
#include "harness/generator/simulate.hpp"

namespace gauntlet {

inline GeneratorPtr reads() {
  return gen::fixed(operation("read"));
}

/// f, f+1, f+2, ... as integer values of "write".
inline GeneratorPtr counted(std::string f = "write") {
  return gen::function([f, n = std::int64_t{0}](const Context&) mutable {
    return std::optional(operation(f, Value(n++)));
  });
}

inline std::vector<std::string> functions(const std::vector<Operation>& events) {
  std::vector<std::string> result;
  for (const auto& event : events)
    result.push_back(event.f);
  return result;
}

inline std::vector<std::string> functions(const Simulation& simulation) {
  return functions(simulation.invocations());
}

inline std::map<std::string, int> counts(const Simulation& simulation) {
  std::map<std::string, int> result;
  for (const auto& f : functions(simulation))
    ++result[f];
  return result;
}

inline std::string text(const std::vector<Operation>& events) {
  std::string result;
  for (const auto& event : events)
    append_json_line(result, event);
  return result;
}

using Names = std::vector<std::string>;

}  // namespace gauntlet
