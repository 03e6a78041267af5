// Compares every algorithm that judges parts with the oracle, on one small history.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "checker/linearizable/algorithm.hpp"
#include "checker/verifier.hpp"
#include "fuzz_cases.hpp"
#include "model_oracle.hpp"

namespace gauntlet::testing {

inline std::string as_json_lines(const History& history) {
  std::string text;
  for (EventIndex i = 0; i < history.size(); ++i)
    append_json_line(text, history.operation(i));
  return text;
}

/// What is wrong with a judgement, given the right answer; "" if nothing is.
inline std::string fault_of(const Judgement& judgement, const Part& part,
                            const OracleAnswer& expected, const Verifier& verifier) {
  if (judgement.validity == Validity::unknown) return "does not know: " + judgement.reason;
  if ((judgement.validity == Validity::valid) != expected.valid) return "wrong verdict";
  if (!expected.valid) {
    const EventIndex place = part.operations[judgement.fatal].completion;
    const bool is_right =
        judgement.fatal_is_earliest ? place == expected.place : place >= expected.place;
    if (is_right) return "";
    return "place " + std::to_string(place) + " instead of " + std::to_string(expected.place);
  }
  if (!judgement.has_order) return "";
  OrderCertificate certificate{part.key, {}};
  for (const OpId op : judgement.order)
    certificate.order.push_back(part.operations[op].invocation);
  const auto accepted = verifier.order(certificate);
  return accepted ? "" : "order refused: " + accepted.error().what;
}

struct Agreement {
  std::string problem;  ///< "" if every algorithm that applies agrees with the oracle
  bool valid = true;
  int judgements = 0;  ///< made by algorithms
  struct Judged {
    std::string_view algorithm;
    bool valid;
  };
  std::vector<Judged> judged;  ///< by whom, and what was right
};

/// Judges every key of the history by every registered algorithm that applies. `only`: by the
/// algorithm of that name.
inline Agreement agreement_on(const History& history, const Model& model,
                              const CheckOptions& options, std::string_view only = "") {
  Agreement result;
  const auto parts = split(history, model, options);
  if (!parts->misfit.empty()) return {"misfit: " + parts->misfit};
  const Verifier verifier(history, model, options);
  for (const Part& part : parts->parts) {
    ModelOracle oracle(history, model, options, part.key);
    if (!oracle.misfit().empty()) return {"misfit for the oracle: " + oracle.misfit()};
    const OracleAnswer expected = oracle.judge();
    result.valid = result.valid && expected.valid;
    for (const PartAlgorithm* algorithm : PartAlgorithmRegistry::instance().all()) {
      if (!only.empty() && algorithm->name() != only) continue;
      if (!algorithm->applies(part)) continue;
      // Of a part of no operations anything holds.
      const auto named = algorithm->facts().models;
      const bool is_named = named.empty() || part.operations.empty() ||
                            std::find(named.begin(), named.end(), model.name()) != named.end();
      if (!is_named) {
        result.problem =
            std::string(algorithm->name()) + " applies to a model that it does not name";
        return result;
      }
      const Judgement judgement = algorithm->judge(part, Budget{});
      // A special case may leave it to the searches.
      if (judgement.validity == Validity::unknown && algorithm->rank() < 100) continue;
      ++result.judgements;
      result.judged.push_back({algorithm->name(), expected.valid});
      const std::string fault = fault_of(judgement, part, expected, verifier);
      if (fault.empty()) continue;
      result.problem = std::string(algorithm->name()) + ": " + fault;
      return result;
    }
  }
  return result;
}

}  // namespace gauntlet::testing
