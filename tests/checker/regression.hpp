// Small histories kept as files: what a file in tests/regressions/checker/ holds, and how a history
// that fails becomes one.
//
// The first line says what is expected: {"about": why it is kept, "model": its model, "initial":
// the initial value if it matters, "failed_cas": "check" if so, "valid": true or false, "place":
// the index of the completion at which no order is possible any more, if invalid}. The history
// follows.
#pragma once

#include <functional>

#include "agreement.hpp"
#include "histories.hpp"

namespace gauntlet::testing {

inline std::string as_regression(const History& history, const Model& model,
                                 const CheckOptions& options, std::string about) {
  const OracleAnswer expected = ModelOracle(history, model, options).judge();
  Value header = Value::map({{"about", std::move(about)}, {"model", model.name()}});
  if (!options.initial.is_nil()) header.set("initial", options.initial);
  if (options.failed_cas == FailedCas::check) header.set("failed_cas", "check");
  header.set("valid", expected.valid);
  if (!expected.valid) header.set("place", std::int64_t{expected.place});
  return to_json(header) + "\n" + as_json_lines(history);
}

/// Leaves out operations one by one as long as `fails` holds of the rest.
inline std::vector<TestOperation> reduce(
    std::vector<TestOperation> operations,
    const std::function<bool(const std::vector<TestOperation>&)>& fails) {
  for (bool progress = true; progress;) {
    progress = false;
    for (std::size_t i = 0; i < operations.size() && operations.size() > 1;) {
      std::vector<TestOperation> fewer = operations;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      if (fails(fewer)) {
        operations = std::move(fewer);
        progress = true;
      } else {
        ++i;
      }
    }
  }
  return operations;
}

}  // namespace gauntlet::testing
