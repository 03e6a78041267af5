#include "checker/transactional/register_evidence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/assert.hpp"
#include "checker/consistency_models.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t sentences_max = 80;

std::string_view kind_name(RegisterEdgeKind kind) {
  switch (kind) {
    case RegisterEdgeKind::wr:
      return "wr";
    case RegisterEdgeKind::ww:
      return "ww";
    case RegisterEdgeKind::rw:
      return "rw";
    case RegisterEdgeKind::process:
      return "process";
    case RegisterEdgeKind::realtime:
      break;
  }
  return "realtime";
}

std::string read_text(std::string_view name, std::string_view key) {
  if (name == "G1a") return fmt::format("T1 read of {} what T2 wrote, which aborted.", key);
  if (name == "G1b") {
    return fmt::format("T1 read of {} what T2 wrote and then wrote over: no version of it.", key);
  }
  if (name == "future read") return fmt::format("T1 read of {} what it wrote only later.", key);
  if (name == "thin-air read") return fmt::format("Nobody wrote what T1 read of {}.", key);
  return fmt::format("T1 read of {} something else than it wrote or read itself before.", key);
}

}  // namespace

RegisterEvidence::RegisterEvidence(const RegisterTransactions& registers)
    : all_(registers.transactions()), history_(all_.history()), values_(history_.values()) {}

/// Names the transactions of a proof, and puts its edges into sentences.
class RegisterEvidence::Words {
 public:
  Words(const RegisterEvidence& evidence, const CaseProof& proof)
      : history_(evidence.history_), values_(evidence.values_), keys_known_(proof.level.keys) {
    for (const ProofCase& at : proof.cases) {
      for (const RegisterEdge& edge : at.cycle) {
        name(edge.from);
        if (edge.kind <= RegisterEdgeKind::rw) keys_.insert(edge.key);
        if (edge.kind == RegisterEdgeKind::rw && edge.writer != no_event) name(edge.writer);
      }
      if (at.kind != ProofCase::Kind::cycle) name(at.first);
      if (at.kind == ProofCase::Kind::order) name(at.second);
      for (const EventIndex writer : at.writers) {
        if (writer != no_event) name(writer);
      }
    }
  }

  const std::vector<EventIndex>& transactions() const { return order_; }
  const std::set<ValueId>& keys() const { return keys_; }

  std::string edge(const RegisterEdge& edge) const {
    const std::string first = t(edge.from);
    const std::string second = t(edge.to);
    const std::string key = values_.to_text(edge.key, 40);
    std::string why;
    switch (edge.kind) {
      case RegisterEdgeKind::wr:
        why = fmt::format("{} read {} = {}, which {} wrote", second, key, read(edge.to, edge.key),
                          first);
        break;
      case RegisterEdgeKind::ww:
        why = is_known(edge)
                  ? fmt::format("both wrote {}, and {} ended (event {}) before {} was invoked", key,
                                first, history_.index(history_.partner(edge.from)), second)
                  : fmt::format("both wrote {}, {} first as supposed", key, first);
        break;
      case RegisterEdgeKind::rw:
        why = edge.writer == no_event
                  ? fmt::format("{} read {} = {}, the initial value, and {} wrote {}", first, key,
                                read(edge.from, edge.key), second, key)
                  : fmt::format("{} read {} = {} of {}, which {} wrote over", first, key,
                                read(edge.from, edge.key), t(edge.writer), second);
        break;
      case RegisterEdgeKind::process:
        why = fmt::format("process {} ran {} and after it {}", history_.process(edge.from), first,
                          second);
        break;
      case RegisterEdgeKind::realtime:
        why = fmt::format("{} ended (event {}) before {} was invoked (event {})", first,
                          history_.index(history_.partner(edge.from)), second,
                          history_.index(edge.to));
        break;
    }
    return fmt::format("{}, so {} came before {} ({}).", why, first, second, kind_name(edge.kind));
  }

  std::string supposition(const ProofCase& at, std::size_t part) const {
    const std::string key = values_.to_text(at.key, 40);
    if (at.kind == ProofCase::Kind::order) {
      const EventIndex first = part == 0 ? at.first : at.second;
      const EventIndex second = part == 0 ? at.second : at.first;
      return fmt::format("{} wrote {} before {}", t(first), key, t(second));
    }
    const EventIndex writer = at.writers[part];
    return writer == no_event
               ? fmt::format("{} read the initial {}", t(at.first), key)
               : fmt::format("{} read the {} that {} wrote", t(at.first), key, t(writer));
  }

 private:
  /// Whether the order of two writers need not be supposed.
  bool is_known(const RegisterEdge& edge) const {
    const EventIndex end = history_.partner(edge.from);
    if (keys_known_ == KeyOrder::none || end == no_event || end >= edge.to) return false;
    return keys_known_ == KeyOrder::linearizable ||
           history_.process(edge.from) == history_.process(edge.to);
  }

  void name(EventIndex invocation) {
    if (names_.try_emplace(invocation, names_.size() + 1).second) order_.push_back(invocation);
  }
  std::string t(EventIndex invocation) const { return fmt::format("T{}", names_.at(invocation)); }
  std::string read(EventIndex invocation, ValueId key) const {
    const EventIndex said = history_.partner(invocation);
    for (const ValueId micro : values_.as_list(history_.value(said))) {
      const auto parts = values_.as_list(micro);
      if (parts[1] == key) return values_.to_text(parts[2], 40);
    }
    return "?";
  }

  const History& history_;
  const Values& values_;
  KeyOrder keys_known_;
  std::map<EventIndex, std::size_t> names_;
  std::vector<EventIndex> order_;
  std::set<ValueId> keys_;
};

/// Of many micro-operations only those on `keys`, if they are given.
std::string RegisterEvidence::transaction_text(EventIndex invocation,
                                               const std::set<ValueId>& keys) const {
  constexpr std::size_t micros_max = 12;
  constexpr std::size_t all_shown_max = 4;
  const EventIndex end = history_.partner(invocation);
  const bool committed = end != no_event && history_.type(end) == OperationType::ok;
  std::string text;
  std::size_t count = 0;
  bool is_cut = false;
  const auto micros = values_.as_list(history_.value(committed ? end : invocation));
  for (const ValueId micro : micros) {
    const auto parts = values_.as_list(micro);
    const bool matters = keys.empty() || micros.size() <= all_shown_max || keys.contains(parts[1]);
    if (!matters || ++count > micros_max) {
      is_cut = true;
      continue;
    }
    if (!text.empty()) text += ", ";
    const std::string key = values_.to_text(parts[1], 40);
    const bool writes = values_.as_string(parts[0]) == "w";
    if (!writes && !committed) {
      text += "read " + key;
    } else {
      text +=
          fmt::format("{} {} = {}", writes ? "write" : "read", key, values_.to_text(parts[2], 40));
    }
  }
  if (is_cut) text += ", …";
  return committed ? text : text + "; it is not known to have committed";
}

ObservationCertificate RegisterEvidence::certificate(const ReadAnomaly& anomaly) const {
  ObservationCertificate result;
  result.name = anomaly.name;
  result.key = all_.key(all_.micro(anomaly.at).key);
  const Txn first = all_.owner(anomaly.at);
  result.first = all_.invoked(first);
  result.first_micro = anomaly.at - all_.first(first);
  if (anomaly.other < initial_version) {
    const Txn second = all_.owner(anomaly.other);
    result.second = all_.invoked(second);
    result.second_micro = anomaly.other - all_.first(second);
  }
  return result;
}

Anomaly RegisterEvidence::describe(const ReadAnomaly& read) const {
  const ObservationCertificate certificate = this->certificate(read);
  Anomaly anomaly;
  anomaly.name = certificate.name;
  anomaly.key = values_.to_text(certificate.key);
  anomaly.rules_out = ruled_out_by(certificate.name);
  anomaly.operations = {certificate.first};
  anomaly.detected_at = history_.partner(certificate.first);
  Value shown = Value::map({{"key", values_.to_value(certificate.key)},
                            {"first", history_.index(certificate.first)},
                            {"first_micro", static_cast<std::int64_t>(certificate.first_micro)}});
  anomaly.names.emplace_back(certificate.first, "T1");
  anomaly.explanation.push_back(
      fmt::format("T1 is operation {}: {}.", history_.index(certificate.first),
                  transaction_text(certificate.first, {certificate.key})));
  if (certificate.second != no_event && certificate.second != certificate.first) {
    anomaly.operations.push_back(certificate.second);
    std::sort(anomaly.operations.begin(), anomaly.operations.end());
    anomaly.names.emplace_back(certificate.second, "T2");
    anomaly.explanation.push_back(
        fmt::format("T2 is operation {}: {}.", history_.index(certificate.second),
                    transaction_text(certificate.second, {certificate.key})));
    shown.set("second", history_.index(certificate.second));
    shown.set("second_micro", static_cast<std::int64_t>(certificate.second_micro));
  }
  anomaly.explanation.push_back(read_text(certificate.name, anomaly.key));
  if (anomaly.operations.size() == 2) {
    anomaly.edges.push_back({certificate.second, certificate.first, certificate.name,
                             anomaly.explanation.back(), false, certificate.key});
  }
  anomaly.certificate = std::move(shown);
  return anomaly;
}

/// What is there under every order of the versions, and with which order besides.
std::string RegisterEvidence::name_of(const CaseProof& proof) const {
  bool realtime = false;
  bool process = false;
  for (const ProofCase& at : proof.cases) {
    for (const RegisterEdge& edge : at.cycle) {
      realtime = realtime || edge.kind == RegisterEdgeKind::realtime;
      process = process || edge.kind == RegisterEdgeKind::process;
    }
  }
  const std::string_view suffix = realtime ? "-realtime" : process ? "-process" : "";
  // Both orders of two updates of one version: three cases, each cycle between the two.
  const ProofCase& first = proof.cases.front();
  const bool is_pair = proof.cases.size() == 3 && first.kind == ProofCase::Kind::order &&
                       proof.cases[1].cycle.size() == 2 && proof.cases[2].cycle.size() == 2;
  if (is_pair && suffix.empty() && proof.level.sight != Sight::committed) {
    const auto updates = [&](const ProofCase& at) {
      return std::all_of(at.cycle.begin(), at.cycle.end(), [&](const RegisterEdge& edge) {
        return edge.key == first.key &&
               (edge.kind == RegisterEdgeKind::ww || edge.kind == RegisterEdgeKind::rw);
      });
    };
    if (updates(proof.cases[1]) && updates(proof.cases[2])) return "lost update";
  }
  // The weakest class that all cycles are of.
  std::size_t rw_max = 0;
  bool adjacent = false;
  for (const ProofCase& at : proof.cases) {
    std::size_t rw = 0;
    for (std::size_t i = 0; i < at.cycle.size(); ++i) {
      const bool is_rw = at.cycle[i].kind == RegisterEdgeKind::rw;
      const bool next = at.cycle[(i + 1) % at.cycle.size()].kind == RegisterEdgeKind::rw;
      rw += is_rw ? 1 : 0;
      adjacent = adjacent || (is_rw && next && at.cycle.size() > 1);
    }
    rw_max = std::max(rw_max, rw);
  }
  const std::string_view stem = rw_max == 0   ? "G1c"
                                : rw_max == 1 ? "G-single"
                                : !adjacent   ? "G-nonadjacent"
                                              : "G2-item";
  return fmt::format("{}{}", stem, suffix);
}

Value RegisterEvidence::edge_value(const RegisterEdge& edge) const {
  Value claim = Value::map({{"kind", std::string(kind_name(edge.kind))}});
  if (edge.kind <= RegisterEdgeKind::rw) claim.set("key", values_.to_value(edge.key));
  if (edge.kind == RegisterEdgeKind::rw && edge.writer != no_event) {
    claim.set("writer", history_.index(edge.writer));
  }
  return claim;
}

Value RegisterEvidence::certificate_of(const CaseProof& proof) const {
  const auto cycle_of = [&](const ProofCase& at) {
    Value::List transactions;
    Value::List edges;
    for (const RegisterEdge& edge : at.cycle) {
      transactions.emplace_back(history_.index(edge.from));
      edges.push_back(edge_value(edge));
    }
    return Value::map(
        {{"cycle", Value(std::move(transactions))}, {"edges", Value(std::move(edges))}});
  };
  if (proof.cases.size() == 1) return cycle_of(proof.cases[0]);
  Value::List cases;
  for (const ProofCase& at : proof.cases) {
    if (at.kind == ProofCase::Kind::cycle) {
      cases.push_back(cycle_of(at));
      continue;
    }
    Value::List parts;
    for (const std::uint32_t part : at.parts)
      parts.emplace_back(static_cast<std::int64_t>(part));
    Value shown = Value::map({{"key", values_.to_value(at.key)}});
    if (at.kind == ProofCase::Kind::order) {
      shown.set("first", history_.index(at.first));
      shown.set("second", history_.index(at.second));
    } else {
      Value::List writers;
      for (const EventIndex writer : at.writers) {
        writers.emplace_back();
        if (writer != no_event) writers.back() = Value(history_.index(writer));
      }
      shown.set("reader", history_.index(at.first));
      shown.set("writers", Value(std::move(writers)));
    }
    shown.set("parts", Value(std::move(parts)));
    cases.push_back(std::move(shown));
  }
  return Value::map({{"cases", Value(std::move(cases))}});
}

Anomaly RegisterEvidence::describe(const CaseProof& proof) const {
  Anomaly anomaly;
  anomaly.name = name_of(proof);
  const Words words(*this, proof);
  for (std::size_t i = 0; i < words.transactions().size(); ++i) {
    const EventIndex invocation = words.transactions()[i];
    anomaly.operations.push_back(invocation);
    anomaly.names.emplace_back(invocation, fmt::format("T{}", i + 1));
    anomaly.explanation.push_back(fmt::format("T{} is operation {}: {}.", i + 1,
                                              history_.index(invocation),
                                              transaction_text(invocation, words.keys())));
    const EventIndex end = history_.partner(invocation);
    if (end != no_event && (anomaly.detected_at == no_event || end > anomaly.detected_at)) {
      anomaly.detected_at = end;
    }
  }
  std::sort(anomaly.operations.begin(), anomaly.operations.end());
  // Depth first, each case behind what it supposes.
  struct Open {
    std::uint32_t place;
    std::string supposed;
  };
  std::vector<Open> open{{0, ""}};
  std::size_t cycles_shown = 0;
  while (!open.empty() && anomaly.explanation.size() < sentences_max) {
    const Open at = std::move(open.back());
    open.pop_back();
    if (!at.supposed.empty()) anomaly.explanation.push_back("Suppose that " + at.supposed + ".");
    const ProofCase& here = proof.cases[at.place];
    for (const RegisterEdge& edge : here.cycle) {
      anomaly.explanation.push_back(words.edge(edge));
      anomaly.edges.push_back({edge.from, edge.to, std::string(kind_name(edge.kind)),
                               anomaly.explanation.back(), cycles_shown == 0, edge.key});
    }
    cycles_shown += here.cycle.empty() ? 0 : 1;
    if (here.kind == ProofCase::Kind::cycle) {
      anomaly.explanation.emplace_back("So each of them came before itself.");
    }
    for (std::size_t part = here.parts.size(); part-- > 0;) {
      const std::string also = at.supposed.empty() ? "" : at.supposed + ", and ";
      open.push_back({here.parts[part], also + words.supposition(here, part)});
    }
  }
  if (!open.empty()) {
    anomaly.explanation.push_back(
        fmt::format("And so on: the proof has {} cases.", proof.cases.size()));
  } else if (proof.cases.size() > 1) {
    anomaly.explanation.emplace_back("There is no other case, so it cannot have been.");
  }
  anomaly.certificate = certificate_of(proof);
  return anomaly;
}

}  // namespace gauntlet
