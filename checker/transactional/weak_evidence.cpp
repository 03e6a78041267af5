#include "checker/transactional/weak_evidence.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gauntlet {

namespace {

constexpr std::size_t text_max = 40;

class WeakWords {
 public:
  explicit WeakWords(const History& history) : history_(history), values_(history.values()) {}

  /// T1, T2, ... in the order in which they come up.
  std::string name(EventIndex t) {
    if (t == no_event) return "the initial version";
    const auto at = std::find(named_.begin(), named_.end(), t);
    const auto place = static_cast<std::size_t>(at - named_.begin());
    if (at == named_.end()) named_.push_back(t);
    return fmt::format("T{}", place + 1);
  }

  std::string edge(const WeakClaim& claim) {
    const std::string from = name(claim.from);
    const std::string to = name(claim.to);
    switch (claim.kind) {
      case WeakEdge::Kind::session:
      case WeakEdge::Kind::reads:
        return fmt::format("{}, so {} came before {}.", step(claim), from, to);
      case WeakEdge::Kind::initial:
        return fmt::format("What {} wrote comes behind the initial version.", to);
      case WeakEdge::Kind::version:
        return fmt::format(
            "{} read {}, which shows what {} appended in front of what {} did; so {} "
            "came before {}.",
            name(claim.reader), text(claim.key), from, to, from, to);
      case WeakEdge::Kind::forced:
        break;
    }
    std::string seen;
    for (const WeakClaim& hop : claim.path)
      seen += (seen.empty() ? "" : "; ") + step(hop);
    const std::string reader = name(claim.reader);
    const std::string key = text(claim.key);
    return fmt::format(
        "{} read {} of {}, although it saw {} ({}), which wrote {} too; so {} "
        "came before {}.",
        reader, key, to, from, seen, key, from, to);
  }

  /// What the transactions that came up are, in front of the edges.
  std::vector<std::string> introductions() const {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < named_.size(); ++i) {
      const EventIndex end = history_.partner(named_[i]);
      const bool ok = end != no_event && history_.type(end) == OperationType::ok;
      lines.push_back(fmt::format("T{} is operation {} of process {}: {}.", i + 1,
                                  history_.index(named_[i]), history_.process(named_[i]),
                                  values_.to_text(history_.value(ok ? end : named_[i]), 200)));
    }
    return lines;
  }

  std::vector<EventIndex> named() const { return named_; }

 private:
  std::string text(ValueId value) const { return values_.to_text(value, text_max); }

  std::string step(const WeakClaim& claim) {
    const std::string from = name(claim.from);
    const std::string to = name(claim.to);
    if (claim.kind == WeakEdge::Kind::session) {
      return fmt::format("process {} ran {} and after it {}", history_.process(claim.to), from, to);
    }
    return fmt::format("{} read of {} what {} wrote", to, text(claim.key), from);
  }

  const History& history_;
  const Values& values_;
  std::vector<EventIndex> named_;
};

Value certificate_of(const History& history, const std::vector<WeakClaim>& edges) {
  static constexpr const char* kinds[] = {"session", "reads", "forced", "initial", "version"};
  const auto index = [&](EventIndex t) {
    return t == no_event ? Value() : Value(history.index(t));
  };
  Value::List list;
  for (const WeakClaim& edge : edges) {
    Value claim = Value::map({{"kind", kinds[static_cast<std::size_t>(edge.kind)]},
                              {"from", index(edge.from)},
                              {"to", index(edge.to)}});
    using enum WeakEdge::Kind;
    if (edge.kind == reads || edge.kind == forced || edge.kind == version) {
      claim.set("key", history.values().to_value(edge.key));
    }
    if (edge.kind == forced || edge.kind == version) claim.set("reader", index(edge.reader));
    if (edge.kind == forced) claim.set("path", certificate_of(history, edge.path));
    list.push_back(std::move(claim));
  }
  return Value(std::move(list));
}

}  // namespace

std::vector<WeakClaim> claims_of(const Transactions& transactions,
                                 const std::vector<WeakEdge>& edges) {
  const auto event = [&](Txn t) { return t == no_txn ? no_event : transactions.invoked(t); };
  std::vector<WeakClaim> claims;
  claims.reserve(edges.size());
  for (const WeakEdge& edge : edges) {
    claims.push_back({edge.kind, event(edge.from), event(edge.to), transactions.key(edge.key),
                      event(edge.reader), claims_of(transactions, edge.path)});
  }
  return claims;
}

std::vector<EventIndex> invocations_of(const Transactions& transactions,
                                       const std::vector<Txn>& order) {
  std::vector<EventIndex> result;
  result.reserve(order.size());
  for (const Txn t : order)
    result.push_back(transactions.invoked(t));
  return result;
}

Anomaly describe(const History& history, const std::string& pattern,
                 const std::vector<WeakClaim>& cycle) {
  WeakWords words(history);
  Anomaly anomaly;
  anomaly.name = pattern;
  std::vector<std::string> reasons;
  reasons.reserve(cycle.size());
  for (const WeakClaim& edge : cycle)
    reasons.push_back(words.edge(edge));
  anomaly.explanation = words.introductions();
  anomaly.explanation.insert(anomaly.explanation.end(), reasons.begin(), reasons.end());
  anomaly.explanation.emplace_back("So each of them came before itself.");
  anomaly.operations = words.named();
  std::sort(anomaly.operations.begin(), anomaly.operations.end());
  for (const EventIndex t : anomaly.operations) {
    const EventIndex end = history.partner(t);
    if (end == no_event) continue;
    if (anomaly.detected_at == no_event || end > anomaly.detected_at) anomaly.detected_at = end;
  }
  anomaly.certificate = Value::map({{"edges", certificate_of(history, cycle)}});
  return anomaly;
}

}  // namespace gauntlet
