// The documentation of what is registered: docs/models.md, and the algorithms in
// docs/linearizability.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gauntlet {

/// A table of all models, then each with its functions, fates and algorithms.
std::string models_markdown();

/// A table of all algorithms in the order in which they are asked, then each with its facts.
std::string algorithms_markdown();

struct AlgorithmSummary {
  std::string_view name;
  std::string_view description;
  std::vector<std::string_view> models;  ///< empty: any
};
/// In the order in which they are asked; last those that others are made of.
std::vector<AlgorithmSummary> algorithm_summaries();

}  // namespace gauntlet
