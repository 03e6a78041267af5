#include "checker/transactional/evidence.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.hpp"
#include "checker/consistency_models.hpp"

namespace gauntlet {

namespace {

std::string_view kind_name(Dependency kind) {
  switch (kind) {
    case Dependency::ww:
      return "ww";
    case Dependency::wr:
      return "wr";
    case Dependency::rw:
      return "rw";
    case Dependency::process:
      return "process";
    case Dependency::realtime:
      break;
  }
  return "realtime";
}

std::size_t place_of(std::span<const ValueId> list, ValueId element) {
  return static_cast<std::size_t>(std::find(list.begin(), list.end(), element) - list.begin());
}

}  // namespace

Evidence::Evidence(const VersionOrders& orders)
    : orders_(orders),
      all_(orders.transactions()),
      history_(all_.history()),
      values_(history_.values()) {}

EdgeClaim Evidence::claim(Txn from, Txn to, Dependency kind) const {
  EdgeClaim edge;
  if (kind == Dependency::ww) {
    edge = claim_ww(from, to);
  } else if (kind == Dependency::wr) {
    edge = claim_wr(from, to);
  } else if (kind == Dependency::rw) {
    edge = claim_rw(from, to);
  }
  edge.kind = kind_name(kind);
  return edge;
}

/// The two appends that are nearest to each other in the longest read of their key.
EdgeClaim Evidence::claim_ww(Txn from, Txn to) const {
  EdgeClaim best;
  std::size_t distance = no_micro;
  for (const Micro& first : all_.micros(from)) {
    if (!first.writes || !orders_.is_ordered(first.key)) continue;
    const MicroId longest = orders_.longest(first.key);
    if (longest == no_micro) continue;
    const auto list = all_.list(all_.micro(longest));
    const std::size_t before = place_of(list, first.value);
    if (before == list.size()) continue;
    for (const Micro& second : all_.micros(to)) {
      if (!second.writes || second.key != first.key) continue;
      const std::size_t after = place_of(list, second.value);
      if (after <= before || after - before >= distance) continue;
      distance = after - before;
      best.key = all_.key(first.key);
      best.before = first.value;
      best.after = second.value;
      best.witness = all_.invoked(all_.owner(longest));
    }
  }
  return best;
}

/// The last element in a read of `to` that `from` appended.
EdgeClaim Evidence::claim_wr(Txn from, Txn to) const {
  EdgeClaim best;
  std::size_t from_end = no_micro;
  for (const Micro& read : all_.micros(to)) {
    if (read.writes) continue;
    const auto list = all_.list(read);
    for (const Micro& append : all_.micros(from)) {
      if (!append.writes || append.key != read.key) continue;
      const std::size_t place = place_of(list, append.value);
      if (place == list.size() || list.size() - place >= from_end) continue;
      from_end = list.size() - place;
      best.key = all_.key(read.key);
      best.before = append.value;
    }
  }
  return best;
}

/// The first element that `to` appended and a read of `from` lacks.
EdgeClaim Evidence::claim_rw(Txn from, Txn to) const {
  EdgeClaim best;
  std::size_t distance = no_micro;
  for (const Micro& read : all_.micros(from)) {
    if (read.writes || !orders_.is_ordered(read.key)) continue;
    const auto list = all_.list(read);
    const auto longest = all_.list(all_.micro(orders_.longest(read.key)));
    for (const Micro& append : all_.micros(to)) {
      if (!append.writes || append.key != read.key) continue;
      const std::size_t place = place_of(longest, append.value);
      if (place < list.size() || place - list.size() >= distance) continue;
      distance = place - list.size();
      best.key = all_.key(read.key);
      best.after = append.value;
    }
  }
  return best;
}

/// A transaction that read what `t` appended; no_event if t needs none.
EventIndex Evidence::observer_of(Txn t) const {
  if (all_.outcome(t) == Outcome::committed) return no_event;
  for (const Micro& append : all_.micros(t)) {
    if (!append.writes || !orders_.is_ordered(append.key)) continue;
    const MicroId longest = orders_.longest(append.key);
    if (longest == no_micro) continue;
    const auto list = all_.list(all_.micro(longest));
    if (place_of(list, append.value) < list.size()) return all_.invoked(all_.owner(longest));
  }
  // Only a read of a key without an order shows it.
  for (Txn reader = 0; reader < all_.size(); ++reader) {
    if (all_.outcome(reader) != Outcome::committed) continue;
    for (const Micro& append : all_.micros(t)) {
      if (!append.writes || orders_.is_ambiguous(append.key)) continue;
      for (const Micro& read : all_.micros(reader)) {
        if (read.writes || read.key != append.key) continue;
        const auto list = all_.list(read);
        if (place_of(list, append.value) < list.size()) return all_.invoked(reader);
      }
    }
  }
  return no_event;
}

CycleCertificate Evidence::certificate(const Cycle& cycle) const {
  CycleCertificate result;
  result.name = name_of(class_of(cycle.edges), cycle.edges);
  result.among = cycle.among;
  for (std::size_t i = 0; i < cycle.transactions.size(); ++i) {
    const Txn from = cycle.transactions[i];
    const Txn to = cycle.transactions[(i + 1) % cycle.transactions.size()];
    result.transactions.push_back(all_.invoked(from));
    result.observers.push_back(observer_of(from));
    result.edges.push_back(claim(from, to, cycle.edges[i]));
  }
  return result;
}

ObservationCertificate Evidence::certificate(const Observation& observation) const {
  ObservationCertificate result;
  result.name = observation.name;
  result.key = all_.key(all_.micro(observation.at).key);
  const Txn first = all_.owner(observation.at);
  result.first = all_.invoked(first);
  result.first_micro = observation.at - all_.first(first);
  if (observation.other != no_micro) {
    const Txn second = all_.owner(observation.other);
    result.second = all_.invoked(second);
    result.second_micro = observation.other - all_.first(second);
  }
  return result;
}

std::vector<ValueId> Evidence::keys_of(const CycleCertificate& certificate) const {
  std::vector<ValueId> keys;
  for (const EdgeClaim& edge : certificate.edges)
    keys.push_back(edge.key);
  for (const EventIndex invocation : certificate.transactions) {
    const Txn t = transaction_at(invocation);
    if (all_.outcome(t) == Outcome::committed) continue;
    for (const Micro& micro : all_.micros(t))
      keys.push_back(all_.key(micro.key));
  }
  return keys;
}

Txn Evidence::transaction_at(EventIndex invocation) const {
  Txn low = 0;
  for (Txn high = all_.size(); low < high;) {
    const Txn middle = low + (high - low) / 2;
    if (all_.invoked(middle) < invocation) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  GAUNTLET_ASSERT(low < all_.size() && all_.invoked(low) == invocation);
  return low;
}

/// A few elements of the list, up to `around` and the next, or the last where it is not in it.
std::string Evidence::list_text(std::span<const ValueId> list, ValueId around) const {
  constexpr std::size_t shown_max = 6;
  const std::size_t place = place_of(list, around);
  const std::size_t end = std::min(list.size(), place + 2);
  const std::size_t begin = end > shown_max ? end - shown_max : 0;
  std::string text = begin > 0 ? "[…" : "[";
  for (std::size_t i = begin; i < end; ++i)
    text += (i > 0 ? " " : "") + values_.to_text(list[i], 40);
  return text + (end < list.size() ? " …]" : "]");
}

std::string Evidence::transaction_text(EventIndex invocation) const {
  constexpr std::size_t micros_max = 12;
  const Txn t = transaction_at(invocation);
  std::string text;
  std::size_t count = 0;
  for (const Micro& micro : all_.micros(t)) {
    if (!text.empty()) text += ", ";
    if (++count > micros_max) {
      text += "…";
      break;
    }
    const std::string key = values_.to_text(all_.key(micro.key), 40);
    if (micro.writes) {
      text += fmt::format("append {} to {}", values_.to_text(micro.value, 40), key);
    } else if (all_.outcome(t) != Outcome::committed) {
      text += "read " + key;
    } else {
      text += fmt::format("read {} = {}", key, list_text(all_.list(micro), ValueId::nil));
    }
  }
  return text;
}

/// "read x = [1 2]" of the read of the key that shows the element, or lacks it.
std::string Evidence::read_text(Txn t, ValueId key, ValueId element, bool shown) const {
  for (const Micro& micro : all_.micros(t)) {
    if (micro.writes || all_.key(micro.key) != key) continue;
    const auto list = all_.list(micro);
    if ((place_of(list, element) < list.size()) != shown) continue;
    return fmt::format("read {} = {}", values_.to_text(key, 40), list_text(list, element));
  }
  return "read " + values_.to_text(key, 40);
}

std::string Evidence::edge_text(const CycleCertificate& certificate, std::size_t i) const {
  const std::size_t size = certificate.transactions.size();
  const std::size_t next = (i + 1) % size;
  const EventIndex from = certificate.transactions[i];
  const EventIndex to = certificate.transactions[next];
  const EdgeClaim& edge = certificate.edges[i];
  const std::string first = fmt::format("T{}", i + 1);
  const std::string second = fmt::format("T{}", next + 1);
  const std::string key = values_.to_text(edge.key, 40);
  const std::string before = values_.to_text(edge.before, 40);
  const std::string after = values_.to_text(edge.after, 40);
  std::string why;
  if (edge.kind == "ww") {
    const Txn witness = transaction_at(edge.witness);
    why = fmt::format("{} appended {} to {} and {} appended {} behind it (operation {} {})", first,
                      before, key, second, after, history_.index(edge.witness),
                      read_text(witness, edge.key, edge.before, true));
  } else if (edge.kind == "wr") {
    why = fmt::format("{} appended {} to {}; {} {}, which shows it", first, before, key, second,
                      read_text(transaction_at(to), edge.key, edge.before, true));
  } else if (edge.kind == "rw") {
    why = fmt::format("{} appended {} to {}; {} {}, which lacks {}", second, after, key, first,
                      read_text(transaction_at(from), edge.key, edge.after, false), after);
  } else if (edge.kind == "process") {
    why = fmt::format("process {} ran {} and after it {}", history_.process(from), first, second);
  } else {
    why = fmt::format("{} ended (event {}) before {} was invoked (event {})", first,
                      history_.index(history_.partner(from)), second, history_.index(to));
  }
  return fmt::format("{}, so {} came before {} ({}).", why, first, second, edge.kind);
}

Anomaly Evidence::describe(const CycleCertificate& certificate) const {
  Anomaly anomaly;
  anomaly.name = certificate.name;
  anomaly.rules_out = ruled_out_by(certificate.name);
  anomaly.operations = certificate.transactions;
  std::sort(anomaly.operations.begin(), anomaly.operations.end());
  Value::List transactions;
  Value::List edges;
  for (std::size_t i = 0; i < certificate.transactions.size(); ++i) {
    const EventIndex invocation = certificate.transactions[i];
    anomaly.names.emplace_back(invocation, fmt::format("T{}", i + 1));
    anomaly.explanation.push_back(fmt::format("T{} is operation {}: {}.", i + 1,
                                              history_.index(invocation),
                                              transaction_text(invocation)));
    transactions.emplace_back(history_.index(invocation));
    const EdgeClaim& edge = certificate.edges[i];
    Value claim = Value::map({{"kind", edge.kind}});
    if (edge.kind == "ww" || edge.kind == "wr" || edge.kind == "rw") {
      claim.set("key", values_.to_value(edge.key));
      if (edge.kind != "rw") claim.set("before", values_.to_value(edge.before));
      if (edge.kind != "wr") claim.set("after", values_.to_value(edge.after));
      if (edge.kind == "ww") claim.set("witness", history_.index(edge.witness));
    }
    edges.push_back(std::move(claim));
    const EventIndex end = history_.partner(invocation);
    if (end != no_event && (anomaly.detected_at == no_event || end > anomaly.detected_at)) {
      anomaly.detected_at = end;
    }
  }
  for (std::size_t i = 0; i < certificate.edges.size(); ++i) {
    const std::size_t next = (i + 1) % certificate.transactions.size();
    anomaly.explanation.push_back(edge_text(certificate, i));
    anomaly.edges.push_back({certificate.transactions[i], certificate.transactions[next],
                             certificate.edges[i].kind, anomaly.explanation.back(), true,
                             certificate.edges[i].key});
  }
  anomaly.explanation.emplace_back("So each of them came before itself.");
  if (certificate.among > certificate.transactions.size()) {
    anomaly.explanation.push_back(
        fmt::format("They are {} of {} transactions that depend on each other in circles.",
                    certificate.transactions.size(), certificate.among));
  }
  anomaly.certificate =
      Value::map({{"cycle", Value(std::move(transactions))}, {"edges", Value(std::move(edges))}});
  return anomaly;
}

Anomaly Evidence::describe(const ObservationCertificate& certificate) const {
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
  anomaly.explanation.push_back(fmt::format("T1 is operation {}: {}.",
                                            history_.index(certificate.first),
                                            transaction_text(certificate.first)));
  const bool has_second = certificate.second != no_event && certificate.second != certificate.first;
  if (has_second) {
    anomaly.operations.push_back(certificate.second);
    std::sort(anomaly.operations.begin(), anomaly.operations.end());
    anomaly.names.emplace_back(certificate.second, "T2");
    anomaly.explanation.push_back(fmt::format("T2 is operation {}: {}.",
                                              history_.index(certificate.second),
                                              transaction_text(certificate.second)));
  }
  if (certificate.second != no_event) {
    shown.set("second", history_.index(certificate.second));
    shown.set("second_micro", static_cast<std::int64_t>(certificate.second_micro));
  }
  ValueId element = ValueId::nil;
  if (certificate.second != no_event) {
    const Txn second = transaction_at(certificate.second);
    const Micro& other =
        all_.micro(all_.first(second) + static_cast<MicroId>(certificate.second_micro));
    if (other.writes) element = other.value;
  }
  anomaly.explanation.push_back(
      observation_text(certificate.name, anomaly.key, values_.to_text(element, 40)));
  if (has_second) {
    anomaly.edges.push_back({certificate.second, certificate.first, certificate.name,
                             anomaly.explanation.back(), false, certificate.key});
  }
  anomaly.certificate = std::move(shown);
  return anomaly;
}

}  // namespace gauntlet
