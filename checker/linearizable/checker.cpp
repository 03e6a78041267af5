// The checker "linearizable": every key by itself, each by the first algorithm that can decide it.
#include "checker/checker.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checker/linearizable/algorithm.hpp"
#include "checker/linearizable/violation.hpp"
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
    if (!parts->misfit.empty()) {
      verdict_.reason = parts->misfit;
      return std::move(verdict_);
    }
    verdict_.validity = Validity::valid;
    for (std::size_t i = 0; i < parts->parts.size(); ++i) {
      judge(parts->parts[i]);
      if (options_.progress) {
        options_.progress(static_cast<double>(i + 1) / static_cast<double>(parts->parts.size()));
      }
    }
    conclude(*parts);
    return std::move(verdict_);
  }

 private:
  void judge(const Part& part) {
    Judgement judgement = judge_part(part, options_.budget);
    if (judgement.validity == Validity::valid) verify(part, judgement);
    PartVerdict result{part.key_text(), judgement.validity, judgement.reason,
                       part.operations.size()};
    if (judgement.validity == Validity::invalid) {
      result.reason = invalid(part, judgement);
    } else if (judgement.validity == Validity::unknown && judgement.reached > 0) {
      result.reason += fmt::format("; an order exists up to operation {} of {}",
                                   progress_of(part, judgement), part.operations.size());
    }
    configurations_ += judgement.configurations;
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

  void verify(const Part& part, Judgement& judgement) {
    if (!judgement.has_order) return;
    OrderCertificate certificate{part.key, {}};
    for (const OpId op : judgement.order)
      certificate.order.push_back(part.operations[op].invocation);
    const auto accepted = verifier_.order(certificate);
    if (accepted) {
      ++orders_verified_;
      return;
    }
    judgement.validity = Validity::unknown;
    judgement.reason =
        "internal error: the verifier refused the order found: " + accepted.error().what;
  }

  /// Answers the part's reason.
  std::string invalid(const Part& part, const Judgement& judgement) {
    ++verdict_.anomalies_total;
    const auto at = history_.index(part.operations[judgement.fatal].completion);
    std::string reason = fmt::format("no order is possible any more {} operation {}",
                                     judgement.fatal_is_earliest ? "at" : "at or before", at);
    if (verdict_.anomalies.size() >= options_.anomalies_max) return reason;
    verdict_.anomalies.push_back(explain(part, judgement, verifier_, options_.budget));
    return reason;
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
    return Judging(history, *model, options).run();
  }
};

GAUNTLET_REGISTER(Checker, LinearizabilityChecker);

}  // namespace
}  // namespace gauntlet
