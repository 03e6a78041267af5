// The consistency models, which of them imply which, what rules each out, and where each was
// published.
//
// One table, so that verdict, report and documentation agree. It has two parts that share only
// names: models of operations, one at a time, on registers, and models of transactions.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checker/verdict.hpp"

namespace gauntlet {

enum class Subject { operations, transactions };

struct ConsistencyModel {
  std::string_view name;                  ///< unique within its subject
  std::vector<std::string_view> implies;  ///< the next weaker ones
  /// Anomalies, beyond those of what it implies. Of transactions, the name alone rules the model
  /// out; of operations each anomaly says for itself what it rules out.
  std::vector<std::string_view> forbids;
  /// Whether a history of list appends without the forbidden anomalies satisfies it.
  bool is_decided;
  std::string_view promise;  ///< in a sentence, without a full stop
  std::string_view source;
};

/// Weaker ones before those that imply them.
std::span<const ConsistencyModel> consistency_models(Subject subject);
/// nullptr where there is none of that name.
const ConsistencyModel* find_consistency_model(std::string_view name, Subject subject);
/// All models of transactions that fail where the anomaly is found, weakest first.
std::vector<std::string> ruled_out_by(std::string_view anomaly);
/// What stands for all models of the subject where models are asked for by name.
inline constexpr std::string_view all_models = "all";
/// The names that were asked for, or those of all models of the subject; without repetitions. Of
/// transactions, `sequential` and `linearizable` are those that come to the same.
std::vector<std::string> expanded(const std::vector<std::string>& asked, Subject subject);
/// What was asked for of transactions; if nothing was, and the history does not tell real time,
/// serializability, as strictness cannot be judged then.
std::vector<std::string> asked_of_transactions(const std::vector<std::string>& asked,
                                               bool has_real_time);
/// Whether a model of transactions asks for the order of real time: the strong ones, and strict
/// serializability.
bool needs_real_time(std::string_view model);
/// Why such a model, or linearizability, is unknown where a history does not tell that order.
inline constexpr std::string_view no_real_time =
    "the history does not tell what came before what in real time";
/// What was asked for as a claim, in words: all models hold if and only if the strongest does.
std::string claim_of(const std::vector<std::string>& asked, Subject subject);

enum class Standing { holds, fails, unknown };

/// What is known of each model of a subject: never that one holds where a weaker one fails.
class ModelStandings {
 public:
  /// Nothing is known.
  explicit ModelStandings(Subject subject);
  /// Of transactions, from a set of anomalies.
  /// `orders_known`: whether the anomalies are all that there are under every order of the versions
  /// that nobody read. If not, only serializable models (which need no more than one such order,
  /// and one exists) can hold.
  /// `complete`: whether there are no other anomalies; if not, nothing holds.
  /// `has_real_time`: if not, no model that asks for real time holds.
  ModelStandings(const std::set<std::string, std::less<>>& anomalies, bool orders_known,
                 bool complete, bool has_real_time = true);

  /// Notes that a model holds, and with it what it implies; or fails, and with it what implies it.
  /// The caller has not noted the contrary.
  void note(std::string_view model, bool holds);

  Subject subject() const { return subject_; }
  /// Of a model of the table.
  Standing of(std::string_view model) const;
  /// Those that hold and that no other which holds implies.
  std::vector<std::string> strongest_holding() const;
  /// Those that fail and imply no other which fails.
  std::vector<std::string> weakest_failing() const;
  std::vector<std::string> unknown() const;

 private:
  void spread();

  Subject subject_;
  std::vector<Standing> standings_;  // by place in the table
};

/// Adds what is known of each model to a verdict. `why`: which anomalies break a model that fails,
/// or why one is unknown.
void add_standings(Verdict& verdict, const ModelStandings& standings,
                   const std::function<std::string(std::string_view model)>& why);

/// The table as the reference part of docs/consistency.md.
std::string consistency_markdown();

}  // namespace gauntlet
