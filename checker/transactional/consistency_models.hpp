// The consistency models of transactions, which of them imply which, and what rules each out.
//
// One table, so that verdict, report and documentation agree. Sources are beside its rows.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gauntlet {

struct ConsistencyModel {
  std::string_view name;
  std::vector<std::string_view> implies;  ///< the next weaker ones
  std::vector<std::string_view> forbids;  ///< anomalies, beyond those of what it implies
  /// Whether a history of list appends without the forbidden anomalies satisfies it.
  bool is_decided;
};

/// Weaker ones before those that imply them.
std::span<const ConsistencyModel> consistency_models();
/// nullptr where there is none of that name.
const ConsistencyModel* find_consistency_model(std::string_view name);
/// All that fail where the anomaly is found, weakest first.
std::vector<std::string> ruled_out_by(std::string_view anomaly);

enum class Standing { holds, fails, unknown };

/// What a set of anomalies says of each model.
class ModelStandings {
 public:
  /// `orders_known`: whether the anomalies are all that there are under every order of the versions
  /// that nobody read. If not, only serializable models (which need no more than one such order,
  /// and one exists) can hold.
  /// `complete`: whether there are no other anomalies; if not, nothing holds.
  ModelStandings(const std::set<std::string, std::less<>>& anomalies, bool orders_known,
                 bool complete);

  /// Of a model of the table.
  Standing of(std::string_view model) const;
  /// Those that hold and that no other which holds implies.
  std::vector<std::string> strongest_holding() const;
  /// Those that fail and imply no other which fails.
  std::vector<std::string> weakest_failing() const;
  std::vector<std::string> unknown() const;

 private:
  std::vector<Standing> standings_;  // by place in the table
};

}  // namespace gauntlet
