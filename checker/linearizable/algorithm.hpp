// The contract of an algorithm that judges one part (the operations on one key) of a history.
//
// One file in checker/linearizable/ an algorithm, registered on its last line:
//
//   GAUNTLET_REGISTER(PartAlgorithm, IntervalZones);
//
// The checker asks the algorithms in the order of their rank; the first that applies and does not
// answer `unknown` decides. So a special case in near-linear time has a low rank and a strict
// `applies`, and the general search, which applies to everything, comes last. An algorithm must be
// sound and complete wherever it applies, or answer `unknown`; tests/checker/oracle.hpp compares
// each against brute force (add it to the list in tests/checker/algorithms_test.cpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/budget.hpp"
#include "base/registry.hpp"
#include "checker/linearizable/part.hpp"
#include "checker/verdict.hpp"

namespace gauntlet {

/// What an algorithm found out about a part.
struct Judgement {
  Validity validity = Validity::unknown;
  std::string reason;     ///< why it is unknown
  std::string algorithm;  ///< how it was decided; with the paper where there is one
  /// Valid: all operations that happened, each with its place in the order. Operations that crashed
  /// and are not needed are left out. May be empty if `has_order` is false.
  std::vector<OpId> order;
  bool has_order = false;
  /// Invalid: the operation at whose return no order is possible any more.
  OpId fatal = no_op;
  bool fatal_is_earliest = true;   ///< else the violation is at that return or before
  std::size_t reached = 0;         ///< position in the part's events up to which an order exists
  std::size_t configurations = 0;  ///< effort, for the statistics
};

inline constexpr int rank_by_name_only = 1000;

/// An algorithm in words, for docs/linearizability.md. Each may be a few sentences.
struct AlgorithmFacts {
  std::string_view idea;
  std::string_view conditions;  ///< what is checked before it is used
  std::string_view guarantee;   ///< where it is sound and complete, and which place it names
  std::string_view cost;
  std::string_view source;
  std::vector<std::string_view> models = {};  ///< those it can apply to; empty: any
};

/// Stateless: `judge` may run on any number of threads at once.
class PartAlgorithm {
 public:
  virtual ~PartAlgorithm() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;  ///< one line, with cost and source
  virtual AlgorithmFacts facts() const = 0;
  /// Lower comes first. Near-linear special cases: below 100; searches: 100 and above;
  /// `rank_by_name_only`: a part of another one, which the checker does not ask by itself.
  virtual int rank() const = 0;
  /// Whether its conditions hold for this part. At most O(events).
  virtual bool applies(const Part& part) const = 0;
  /// Honours the budget in its inner loops.
  virtual Judgement judge(const Part& part, const Budget& budget) const = 0;
};

using PartAlgorithmRegistry = Registry<PartAlgorithm>;

/// Judges a part by the algorithms that apply to it, in order of rank.
Judgement judge_part(const Part& part, const Budget& budget);

}  // namespace gauntlet
