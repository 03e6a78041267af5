// The checker "list-append": transactions that read lists and append to them, judged by every
// consistency model of the table at once.
//
// The method is Elle's (Kingsbury and Alvaro, VLDB 2020): reads give the order of versions, that
// gives dependencies, cycles of these are anomalies. Given the orders of versions it is complete
// for the models that are defined by cycles, so that "holds" means just that. What it leaves open,
// the levels below snapshots and those for which an order matters that is not known, is decided by
// the methods for registers (list_levels.hpp).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "checker/checker.hpp"
#include "checker/consistency_models.hpp"
#include "checker/transactional/anomaly_search.hpp"
#include "checker/transactional/evidence.hpp"
#include "checker/transactional/list_levels.hpp"

namespace gauntlet {
namespace {

class ListAppendJudging {
 public:
  ListAppendJudging(const History& history, const CheckOptions& options)
      : history_(history),
        options_(options),
        asked_(asked_of_transactions(options.consistency, history.has_real_time())),
        claimed_(expanded(asked_, Subject::transactions)) {
    if (claimed_.empty()) claimed_.emplace_back("strict-serializable");
  }

  Verdict run() {
    verdict_.checker = "list-append";
    verdict_.model = "list-append";
    verdict_.algorithm = "cycles of dependencies (Elle; Kingsbury and Alvaro)";
    verdict_.consistency = claim_of(asked_, Subject::transactions);
    if (const std::string unknown_name = misnamed(); !unknown_name.empty()) {
      verdict_.reason = "there is no consistency model " + unknown_name;
      return std::move(verdict_);
    }
    const auto transactions = Transactions::of(history_, options_.budget);
    if (!transactions) {
      verdict_.reason = transactions.error().to_string();
      return std::move(verdict_);
    }
    progress(0.2);
    judge(*transactions);
    return std::move(verdict_);
  }

 private:
  std::string misnamed() const {
    for (const std::string& name : claimed_) {
      if (find_consistency_model(name, Subject::transactions) == nullptr) return name;
    }
    return {};
  }

  void progress(double share) const {
    if (options_.progress) options_.progress(share);
  }

  void judge(const Transactions& transactions) {
    std::size_t committed = 0;
    for (Txn t = 0; t < transactions.size(); ++t) {
      committed += transactions.outcome(t) == Outcome::committed;
      verdict_.crashed += transactions.outcome(t) == Outcome::indefinite;
    }
    verdict_.operations = transactions.size();
    if (committed == 0) {
      verdict_.reason = "no transaction committed";
      return;
    }
    Effort effort(options_.budget);
    VersionOrders orders(transactions);
    if (!orders.infer(effort)) {
      verdict_.reason = effort.reason();
      return;
    }
    progress(0.5);
    const FoundAnomalies found =
        find_anomalies(orders, std::max<std::size_t>(1, options_.anomalies_max), effort);
    progress(0.9);
    std::set<std::string, std::less<>> names;
    for (const auto& [name, count] : found.counts)
      names.insert(name);
    ModelStandings standings(names, found.orders_known, found.unfinished.empty(),
                             history_.has_real_time());
    decide_the_rest(orders, found, standings);
    conclude(standings, found);
    if (verdict_.validity == Validity::invalid) explain(orders, found);
    take_anomalies_of_the_rest(found);
    add_models(standings, found);
    add_statistics(standings, found);
    progress(1);
  }

  /// Where single reads make sense, what no anomaly decides is decided otherwise.
  void decide_the_rest(const VersionOrders& orders, const FoundAnomalies& found,
                       ModelStandings& standings) {
    const bool reads_make_sense =
        std::all_of(found.observations.begin(), found.observations.end(),
                    [](const Observation& o) { return o.name == "lost update"; });
    if (!reads_make_sense || !found.unfinished.empty()) return;
    rest_ = decide_list_levels(
        orders, options_,
        [&](std::string_view model) {
          return std::find(claimed_.begin(), claimed_.end(), model) != claimed_.end();
        },
        standings);
    refused_ = rest_.refused;
  }

  /// Of those against what is claimed and fails for nothing else, one a name: what rules out most.
  void take_anomalies_of_the_rest(const FoundAnomalies& found) {
    if (verdict_.validity != Validity::invalid) return;
    ModelStandings shown(Subject::transactions);
    for (const auto& [name, count] : found.counts) {
      for (const std::string& model : ruled_out_by(name))
        if (shown.of(model) == Standing::unknown) shown.note(model, false);
    }
    std::stable_sort(
        rest_.anomalies.begin(), rest_.anomalies.end(),
        [](const Anomaly& a, const Anomaly& b) { return a.rules_out.size() > b.rules_out.size(); });
    std::set<std::string> names;
    for (Anomaly& anomaly : rest_.anomalies) {
      const bool is_news =
          std::any_of(claimed_.begin(), claimed_.end(), [&](const std::string& model) {
            const auto& out = anomaly.rules_out;
            return shown.of(model) == Standing::unknown &&
                   std::find(out.begin(), out.end(), model) != out.end();
          });
      if (!is_news || !names.insert(anomaly.name).second) continue;
      ++verdict_.anomalies_total;
      if (verdict_.anomalies.size() >= std::max<std::size_t>(1, options_.anomalies_max)) continue;
      verdict_.anomalies.push_back(std::move(anomaly));
    }
  }

  void conclude(const ModelStandings& standings, const FoundAnomalies& found) {
    std::vector<std::string> failing;
    std::vector<std::string> open;
    for (const std::string& name : claimed_) {
      const Standing standing = standings.of(name);
      if (standing == Standing::fails) failing.push_back(name);
      if (standing == Standing::unknown) open.push_back(name);
    }
    if (!failing.empty()) {
      verdict_.validity = Validity::invalid;
      verdict_.reason =
          fmt::format("it breaks {} already", fmt::join(standings.weakest_failing(), " and "));
    } else if (open.empty()) {
      verdict_.validity = Validity::valid;
    } else if (!found.unfinished.empty()) {
      verdict_.reason = found.unfinished;
    } else if (!history_.has_real_time() &&
               std::all_of(open.begin(), open.end(), needs_real_time)) {
      verdict_.reason = fmt::format("{}: {}", open.front(), no_real_time);
    } else {
      verdict_.reason =
          fmt::format("the anomalies that were looked for do not decide {}", fmt::join(open, ", "));
    }
  }

  /// Whether the anomaly is one against what is claimed.
  bool matters(std::string_view name) const {
    const auto rules_out = ruled_out_by(name);
    return std::any_of(claimed_.begin(), claimed_.end(), [&](const std::string& model) {
      return std::find(rules_out.begin(), rules_out.end(), model) != rules_out.end();
    });
  }

  void explain(const VersionOrders& orders, const FoundAnomalies& found) {
    for (const auto& [name, count] : found.counts) {
      if (matters(name)) verdict_.anomalies_total += count;
    }
    const Evidence evidence(orders);
    std::vector<CycleCertificate> cycles;
    std::vector<ObservationCertificate> observations;
    for (const Cycle& cycle : found.cycles) {
      auto certificate = evidence.certificate(cycle);
      if (matters(certificate.name)) cycles.push_back(std::move(certificate));
    }
    for (const Observation& observation : found.observations) {
      if (matters(observation.name)) observations.push_back(evidence.certificate(observation));
    }
    choose(cycles, observations);
    std::vector<ValueId> keys;
    for (const CycleCertificate& certificate : cycles) {
      const auto more = evidence.keys_of(certificate);
      keys.insert(keys.end(), more.begin(), more.end());
    }
    for (const ObservationCertificate& certificate : observations)
      keys.push_back(certificate.key);
    const TransactionVerifier verifier(history_, keys);
    for (const CycleCertificate& certificate : cycles)
      add(evidence.describe(certificate), verifier.cycle(certificate));
    for (const ObservationCertificate& certificate : observations)
      add(evidence.describe(certificate), verifier.observation(certificate));
    std::stable_sort(
        verdict_.anomalies.begin(), verdict_.anomalies.end(),
        [](const Anomaly& a, const Anomaly& b) { return a.rules_out.size() > b.rules_out.size(); });
    if (!refused_.empty()) {
      verdict_.validity = Validity::unknown;
      verdict_.reason = "internal error: the verifier refused an anomaly: " + refused_;
    }
  }

  /// Leaves the clearest: of each name in turn the shortest, those that rule out most first.
  void choose(std::vector<CycleCertificate>& cycles,
              std::vector<ObservationCertificate>& observations) const {
    struct Choice {
      std::size_t round;  ///< how many of its name come before it
      std::size_t rules_out;
      std::size_t length;
      bool is_cycle;
      std::size_t place;
    };
    std::stable_sort(cycles.begin(), cycles.end(),
                     [](const auto& a, const auto& b) { return a.edges.size() < b.edges.size(); });
    std::vector<Choice> choices;
    std::map<std::string, std::size_t> rounds;
    for (std::size_t i = 0; i < cycles.size(); ++i) {
      choices.push_back({rounds[cycles[i].name]++, ruled_out_by(cycles[i].name).size(),
                         cycles[i].edges.size(), true, i});
    }
    for (std::size_t i = 0; i < observations.size(); ++i) {
      choices.push_back(
          {rounds[observations[i].name]++, ruled_out_by(observations[i].name).size(), 1, false, i});
    }
    std::stable_sort(choices.begin(), choices.end(), [](const Choice& a, const Choice& b) {
      if (a.round != b.round) return a.round < b.round;
      return a.rules_out != b.rules_out ? a.rules_out > b.rules_out : a.length < b.length;
    });
    choices.resize(std::min(choices.size(), options_.anomalies_max));
    std::vector<CycleCertificate> kept_cycles;
    std::vector<ObservationCertificate> kept_observations;
    for (const Choice& choice : choices) {
      if (choice.is_cycle) {
        kept_cycles.push_back(std::move(cycles[choice.place]));
      } else {
        kept_observations.push_back(std::move(observations[choice.place]));
      }
    }
    cycles = std::move(kept_cycles);
    observations = std::move(kept_observations);
  }

  void add(Anomaly anomaly, const Result<void>& accepted) {
    if (accepted) {
      anomaly.verified_by = "transaction verifier";
    } else {
      refused_ = fmt::format("{}: {}", anomaly.name, accepted.error().what);
    }
    verdict_.anomalies.push_back(std::move(anomaly));
  }

  void add_models(const ModelStandings& standings, const FoundAnomalies& found) {
    std::map<std::string, std::vector<std::string>, std::less<>> breaks;  // by model
    for (const auto& [name, count] : found.counts) {
      for (const std::string& model : ruled_out_by(name))
        breaks[model].push_back(name);
    }
    add_standings(verdict_, standings, [&](std::string_view model) {
      const auto at = breaks.find(model);
      if (at != breaks.end()) return fmt::format("{}", fmt::join(at->second, ", "));
      const auto breaks_rest = rest_.breaks.find(model);
      if (breaks_rest != rest_.breaks.end()) {
        return fmt::format("{}", fmt::join(breaks_rest->second, ", "));
      }
      const auto why = rest_.why.find(model);
      if (why != rest_.why.end()) return why->second;
      if (!found.unfinished.empty()) return found.unfinished;
      return std::string("the anomalies that were looked for do not decide it");
    });
  }

  void add_statistics(const ModelStandings& standings, const FoundAnomalies& found) {
    const auto names = [](const std::vector<std::string>& texts) {
      Value::List list;
      for (const std::string& text : texts)
        list.emplace_back(text);
      return Value(std::move(list));
    };
    Value counts = Value::map({});
    for (const auto& [name, count] : found.counts)
      counts.set(name, static_cast<std::int64_t>(count));
    verdict_.statistics = Value::map({{"dependencies", static_cast<std::int64_t>(found.edges)},
                                      {"anomalies", std::move(counts)},
                                      {"strongest that hold", names(standings.strongest_holding())},
                                      {"weakest that fail", names(standings.weakest_failing())},
                                      {"unknown", names(standings.unknown())}});
  }

  const History& history_;
  const CheckOptions& options_;
  std::vector<std::string> asked_, claimed_;
  Verdict verdict_;
  ListLevels rest_;
  std::string refused_;
};

class ListAppendChecker : public Checker {
 public:
  std::string_view name() const override { return "list-append"; }
  std::string_view description() const override {
    return "Transactions that read lists and append to them, by every isolation level at once";
  }
  Verdict check(const History& history, const CheckOptions& options) const override {
    return ListAppendJudging(history, options).run();
  }
};

}  // namespace

GAUNTLET_REGISTER(Checker, ListAppendChecker);

}  // namespace gauntlet
