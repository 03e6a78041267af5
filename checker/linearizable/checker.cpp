// The checker "linearizable": every key by itself, each by the first algorithm that can decide it,
// on all threads.
#include "checker/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <numeric>

#include "base/effort.hpp"
#include "checker/linearizable/algorithm.hpp"
#include "checker/linearizable/evidence/violation.hpp"
#include "checker/linearizable/evidence/words.hpp"
#include "checker/linearizable/parallel.hpp"
#include "checker/staleness/staleness.hpp"
#include "checker/verifier.hpp"

namespace gauntlet {
namespace {

constexpr std::string_view default_model = "cas-register";

class Judging {
 public:
  Judging(const History& history, const Model& model, const CheckOptions& options)
      : history_(history), model_(model), options_(options), verifier_(history, model, options) {}

  Verdict run() {
    verdict_.checker = "linearizable";
    verdict_.consistency = "linearizable";
    verdict_.model = model_.name();
    const auto parts = split(history_, model_, options_);
    verdict_.operations = parts->operations;
    verdict_.crashed = parts->crashed;
    verdict_.parts_total = parts->parts.size();
    if (!parts->misfit.empty() || !parts->unfinished.empty()) {
      verdict_.reason = parts->misfit + parts->unfinished;
      return std::move(verdict_);
    }
    judge_all(parts->parts);
    verdict_.validity = Validity::valid;
    for (std::size_t i = 0; i < parts->parts.size(); ++i)
      collect(parts->parts[i], judgements_[i]);
    explain_all(parts->parts);
    conclude(*parts);
    return std::move(verdict_);
  }

 private:
  /// An estimate of how long a part takes to judge, for the order only.
  static double hardness(const Part& part) {
    return static_cast<double>(part.operations.size()) * static_cast<double>(1 + part.pending_max) *
           static_cast<double>(1 + part.crashed);
  }

  /// Judges the parts on all threads, the hardest first, so that no thread is left with a hard one
  /// in the end. What comes out does not depend on who was when ready.
  void judge_all(const std::vector<Part>& parts) {
    std::vector<std::size_t> hardest(parts.size());
    std::iota(hardest.begin(), hardest.end(), std::size_t{0});
    std::stable_sort(hardest.begin(), hardest.end(), [&](std::size_t a, std::size_t b) {
      return hardness(parts[a]) > hardness(parts[b]);
    });
    judgements_.resize(parts.size());
    std::size_t done = 0;
    std::mutex progress;
    std::atomic<int> spare = 0;
    Budget budget = options_.budget;
    budget.spare_threads = &spare;
    in_parallel(parts.size(), options_.threads, spare, [&](std::size_t i) {
      judgements_[hardest[i]] = judge(parts[hardest[i]], budget);
      if (!options_.progress) return;
      const std::lock_guard lock(progress);
      options_.progress(static_cast<double>(++done) / static_cast<double>(parts.size()));
    });
    if (options_.threads < 2 || parts.size() < 2) return;
    // Where memory ran out while several shared it, each of them gets all of it in its turn.
    for (const std::size_t i : hardest) {
      if (judgements_[i].validity != Validity::unknown) continue;
      if (!judgements_[i].reason.starts_with(memory_reason)) continue;
      judgements_[i] = judge(parts[i], budget);
    }
  }

  /// The judgement on a part, verified; its order is not kept.
  Judgement judge(const Part& part, const Budget& budget) {
    Judgement judgement = judge_part(part, budget);
    if (judgement.validity == Validity::valid) verify(part, judgement);
    std::vector<OpId>().swap(judgement.order);
    return judgement;
  }

  void collect(const Part& part, const Judgement& judgement) {
    PartVerdict result{part.key_text(), judgement.validity, judgement.reason,
                       part.operations.size()};
    if (judgement.validity == Validity::invalid) {
      ++verdict_.anomalies_total;
      const auto at = history_.index(part.operations[judgement.fatal].completion);
      result.reason = fmt::format("no order is possible any more {} operation {}",
                                  judgement.fatal_is_earliest ? "at" : "at or before", at);
    } else if (judgement.validity == Validity::unknown && judgement.reached > 0) {
      result.reason += fmt::format("; an order exists up to operation {} of {}",
                                   progress_of(part, judgement), part.operations.size());
    }
    configurations_ += judgement.configurations;
    orders_verified_ += judgement.validity == Validity::valid && judgement.has_order;
    if (verdict_.algorithm.find(judgement.algorithm) == std::string::npos) {
      verdict_.algorithm += (verdict_.algorithm.empty() ? "" : "; ") + judgement.algorithm;
    }
    if (judgement.validity == Validity::unknown && unknown_reason_.empty()) {
      unknown_reason_ = result.reason;
    }
    verdict_.validity = worse(verdict_.validity, judgement.validity);
    verdict_.parts.push_back(std::move(result));
  }

  static std::size_t progress_of(const Part& part, const Judgement& judgement) {
    std::size_t invoked = 0;
    for (std::size_t e = 0; e < judgement.reached; ++e)
      invoked += !part.events[e].returns;
    return invoked;
  }

  void verify(const Part& part, Judgement& judgement) const {
    if (!judgement.has_order) return;
    OrderCertificate certificate{part.key, {}};
    certificate.order.reserve(judgement.order.size());
    for (const OpId op : judgement.order)
      certificate.order.push_back(part.operations[op].invocation);
    const auto accepted = verifier_.order(certificate);
    if (accepted) return;
    judgement.validity = Validity::unknown;
    judgement.reason =
        accepted.error().kind == ErrorKind::timeout
            ? accepted.error().what + " before the order found could be verified"
            : "internal error: the verifier refused the order found: " + accepted.error().what;
  }

  /// Explains the first invalid parts. Never changes a verdict, whatever becomes of it.
  void explain_all(const std::vector<Part>& parts) {
    std::vector<std::size_t> invalid;
    for (std::size_t i = 0; i < parts.size() && invalid.size() < options_.anomalies_max; ++i) {
      if (judgements_[i].validity == Validity::invalid) invalid.push_back(i);
    }
    verdict_.anomalies.resize(invalid.size());
    std::atomic<int> spare = 0;
    in_parallel(invalid.size(), options_.threads, spare, [&](std::size_t i) {
      const std::size_t part = invalid[i];
      verdict_.anomalies[i] = explain_within_memory(parts[part], judgements_[part]);
    });
  }

  Anomaly explain_within_memory(const Part& part, const Judgement& judgement) const {
    try {
      return explain(part, judgement, verifier_, options_.budget);
    } catch (const std::bad_alloc&) {
      // What was built up is gone: there is memory for the least that is known.
    }
    Anomaly anomaly;
    anomaly.name = "nonlinearizable";
    anomaly.key = part.key_text();
    anomaly.rules_out = {"linearizable"};
    anomaly.detected_at = part.operations[judgement.fatal].completion;
    anomaly.operations = {part.operations[judgement.fatal].invocation};
    anomaly.explanation = {describe_operation(part, judgement.fatal) +
                           ": at its return no order of the operations up to there is possible any "
                           "more; there was no memory to narrow the conflict down"};
    return anomaly;
  }

  void conclude(const Parts& parts) {
    if (verdict_.validity == Validity::invalid) {
      Value staleness = staleness_statistics(parts.parts, verdict_.parts, options_.budget);
      if (!staleness.is_nil()) verdict_.statistics.set("staleness", std::move(staleness));
    }
    const auto rank = [](Validity v) {
      return v == Validity::invalid ? 0 : v == Validity::unknown ? 1 : 2;
    };
    std::stable_sort(verdict_.parts.begin(), verdict_.parts.end(),
                     [&](const PartVerdict& a, const PartVerdict& b) {
                       return rank(a.validity) < rank(b.validity);
                     });
    // The clearest first: those with a name of their own, then those of few operations.
    std::stable_sort(verdict_.anomalies.begin(), verdict_.anomalies.end(),
                     [](const Anomaly& a, const Anomaly& b) {
                       const bool a_is_named = a.name != "nonlinearizable";
                       const bool b_is_named = b.name != "nonlinearizable";
                       if (a_is_named != b_is_named) return a_is_named;
                       return a.operations.size() < b.operations.size();
                     });
    if (verdict_.validity == Validity::valid && parts.observations == 0) {
      verdict_.validity = Validity::unknown;
      verdict_.reason = fmt::format(
          "too few successful operations to mean anything: {} of {} succeeded, and none of them "
          "observed a value after something was invoked that might have changed it",
          parts.succeeded, parts.operations);
    } else if (verdict_.validity == Validity::invalid) {
      verdict_.reason = fmt::format("{} of {} {} not linearizable", verdict_.anomalies_total,
                                    parts.parts.size(), history_.has_keys() ? "keys" : "parts");
      if (!history_.has_keys()) verdict_.reason = verdict_.parts.front().reason;
    } else if (verdict_.validity == Validity::unknown) {
      verdict_.reason = unknown_reason_;
    } else {
      verdict_.reason =
          fmt::format("{} operations on {} {} have a legal order", parts.operations,
                      parts.parts.size(), parts.parts.size() == 1 ? "object" : "keys");
    }
    verdict_.statistics.set("successful operations", count(parts.succeeded));
    verdict_.statistics.set("search steps", count(configurations_));
    verdict_.statistics.set("orders verified", count(orders_verified_));
  }

  static Value count(std::size_t n) { return static_cast<std::int64_t>(n); }

  const History& history_;
  const Model& model_;
  const CheckOptions& options_;
  Verifier verifier_;
  Verdict verdict_;
  std::vector<Judgement> judgements_;  // by part
  std::string unknown_reason_;
  std::size_t configurations_ = 0;
  std::size_t orders_verified_ = 0;
};

class LinearizabilityChecker : public Checker {
 public:
  std::string_view name() const override { return "linearizable"; }
  std::string_view description() const override {
    return "every operation takes effect at one moment between its invocation and its completion";
  }

  Verdict check(const History& history, const CheckOptions& options) const override {
    const std::string_view name = options.model.empty() ? default_model : options.model;
    const Model* model = ModelRegistry::instance().find(name);
    if (model == nullptr) {
      Verdict verdict;
      verdict.checker = verdict.consistency = "linearizable";
      verdict.model = name;
      verdict.reason = fmt::format("there is no model named \"{}\"", name.substr(0, 60));
      return verdict;
    }
    try {
      return Judging(history, *model, options).run();
    } catch (const std::bad_alloc&) {
      // Outside the judging of a part: there is no room for cutting the history, say.
    }
    Verdict verdict;
    verdict.checker = verdict.consistency = "linearizable";
    verdict.model = name;
    verdict.reason = memory_reason;
    return verdict;
  }
};

GAUNTLET_REGISTER(Checker, LinearizabilityChecker);

}  // namespace
}  // namespace gauntlet
