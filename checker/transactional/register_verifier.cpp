#include "checker/transactional/register_verifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <limits>
#include <map>
#include <optional>
#include <set>

namespace gauntlet {

namespace {

Error refuse(std::string what) {
  return failure(ErrorKind::input, std::move(what));
}

}  // namespace

bool RegisterVerifier::is_transaction(EventIndex i) const {
  return i < history_.size() && history_.is_client(i) &&
         history_.type(i) == OperationType::invoke &&
         history_.function_name(history_.f(i)) == "txn";
}

OperationType RegisterVerifier::fate(EventIndex invocation) const {
  const EventIndex end = history_.partner(invocation);
  return end == no_event ? OperationType::info : history_.type(end);
}

std::vector<RegisterVerifier::Step> RegisterVerifier::steps(EventIndex invocation) const {
  std::vector<Step> all = all_steps(invocation);
  const bool committed = fate(invocation) == OperationType::ok;
  std::erase_if(all, [&](const Step& step) {
    return !step.writes &&
           (!committed || (options_.nil_read == NilRead::any && step.value == ValueId::nil));
  });
  return all;
}

/// What an `ok` says it did; of others, what was asked for.
std::vector<RegisterVerifier::Step> RegisterVerifier::all_steps(EventIndex invocation) const {
  const Values& values = history_.values();
  const bool committed = fate(invocation) == OperationType::ok;
  const EventIndex said = committed ? history_.partner(invocation) : invocation;
  std::vector<Step> result;
  if (!values.is_list(history_.value(said))) return result;
  for (const ValueId micro : values.as_list(history_.value(said))) {
    const auto parts = values.as_list(micro);
    result.push_back({values.as_string(parts[0]) == "w", parts[1], parts[2]});
  }
  return result;
}

bool RegisterVerifier::is_initial(ValueId value) const {
  return history_.values().to_value(value) == options_.initial;
}

const ValueId* RegisterVerifier::external_read(EventIndex invocation, ValueId key,
                                               ValueId& out) const {
  for (const Step& step : steps(invocation)) {
    if (step.key != key) continue;
    out = step.value;
    return step.writes ? nullptr : &out;
  }
  return nullptr;
}

bool RegisterVerifier::writes(EventIndex invocation, ValueId key, ValueId& last) const {
  bool found = false;
  for (const Step& step : steps(invocation)) {
    if (!step.writes || step.key != key) continue;
    last = step.value;
    found = true;
  }
  return found;
}

// --- runs ---------------------------------------------------------------------------------------

/// Each read shows what was committed before: the version of the moment, or any for read committed.
Result<void> RegisterVerifier::run(OrderLevel level, const std::vector<RunMoment>& moments) const {
  if (level.sight == Sight::parallel) return run_parallel(level, moments);
  const bool any = level.sight == Sight::committed;
  boost::unordered_flat_set<std::pair<ValueId, ValueId>, boost::hash<std::pair<ValueId, ValueId>>>
      committed;
  constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> begun(history_.size(), never);
  std::vector<bool> ended(history_.size(), false);
  boost::unordered_flat_map<ValueId, std::pair<ValueId, std::size_t>> state;  // value, written at
  for (std::size_t i = 0; i < moments.size(); ++i) {
    const auto [t, is_end] = moments[i];
    if (!is_transaction(t) || fate(t) == OperationType::fail) {
      return refuse("something else than a transaction that may have happened is in it");
    }
    if (!is_end) {
      if (begun[t] != never) return refuse("a transaction begins twice");
      begun[t] = i;
      std::map<ValueId, ValueId> own;
      for (const Step& step : steps(t)) {
        if (step.writes) {
          own[step.key] = step.value;
          continue;
        }
        const auto mine = own.find(step.key);
        const auto there = state.find(step.key);
        const bool is_own = mine != own.end() && mine->second == step.value;
        const bool is_there =
            mine == own.end() && there != state.end() && there->second.first == step.value;
        const bool was_there =
            (any || (mine == own.end() && there == state.end())) && is_initial(step.value);
        const bool right =
            is_own || is_there || was_there || (any && committed.contains({step.key, step.value}));
        if (!right) return refuse(fmt::format("operation {} read otherwise", history_.index(t)));
      }
      continue;
    }
    if (begun[t] == never || ended[t]) return refuse("a transaction ends that is not under way");
    ended[t] = true;
    if (level.sight == Sight::serial && begun[t] + 1 != i) {
      return refuse("a transaction is not alone");
    }
    for (const Step& step : steps(t)) {
      if (!step.writes) continue;
      const auto there = state.find(step.key);
      if (level.sight == Sight::snapshot && there != state.end() && there->second.second != i &&
          there->second.second > begun[t]) {
        return refuse("two transactions that overlap wrote a key");
      }
      state[step.key] = {step.value, i};
      if (any) committed.emplace(step.key, step.value);
    }
  }
  for (EventIndex i = 0; i < history_.size(); ++i) {
    if (is_transaction(i) && fate(i) == OperationType::ok && !ended[i]) {
      return refuse("a transaction that committed is not in it");
    }
  }
  return check_time(level, moments);
}

Result<void> RegisterVerifier::run_parallel(OrderLevel level,
                                            const std::vector<RunMoment>& moments) const {
  // That it is a run at all, of transactions that read what was committed.
  const OrderLevel committed = {Sight::committed, Timing::none, level.keys};
  if (auto accepted = run(committed, moments); !accepted) return accepted;
  struct Need {
    std::size_t reader;  ///< must not see what `overwriter` wrote
    std::size_t overwriter;
  };
  constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();
  constexpr std::size_t several = nobody - 1;
  std::vector<EventIndex> order;
  for (const RunMoment& moment : moments) {
    if (moment.is_end) order.push_back(moment.transaction);
  }
  // Places in the order: of the versions of a key by value, and of its writers.
  std::map<std::pair<ValueId, ValueId>, std::size_t> version_of;
  std::map<ValueId, std::vector<std::size_t>> writers;
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::map<ValueId, ValueId> last;
    for (const Step& step : steps(order[i])) {
      if (step.writes) last[step.key] = step.value;
    }
    for (const auto& [key, value] : last) {
      const auto [at, is_new] = version_of.try_emplace({key, value}, i);
      if (!is_new) at->second = several;
      writers[key].push_back(i);
    }
  }
  std::vector<std::vector<std::size_t>> sees(order.size());  // next to itself
  for (const auto& [key, all] : writers) {
    for (std::size_t i = 1; i < all.size(); ++i)
      sees[all[i]].push_back(all[i - 1]);
  }
  std::vector<Need> needs;
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::map<ValueId, ValueId> own;
    for (const Step& step : steps(order[i])) {
      if (step.writes) {
        own[step.key] = step.value;
        continue;
      }
      const auto mine = own.find(step.key);
      if (mine != own.end()) {
        if (mine->second != step.value) return refuse("a transaction contradicts itself");
        continue;
      }
      const auto version = version_of.find({step.key, step.value});
      const std::size_t source = version == version_of.end() ? nobody : version->second;
      const bool is_repeated = source != nobody && is_initial(step.value);
      if (source == several || is_repeated) return refuse("a value is repeated");
      if (source != nobody) sees[i].push_back(source);
      const auto& all = writers[step.key];
      const auto next =
          source == nobody ? all.begin() : std::upper_bound(all.begin(), all.end(), source);
      if (next != all.end() && *next != i) needs.push_back({i, *next});
    }
  }
  // Blocks of 64 overwriters, and who sees them.
  for (std::size_t block = 0; block < order.size(); block += 64) {
    std::vector<std::uint64_t> seen(order.size(), 0);
    for (std::size_t i = block; i < order.size(); ++i) {
      if (i < block + 64) seen[i] |= std::uint64_t{1} << (i - block);
      for (const std::size_t other : sees[i])
        seen[i] |= seen[other];
    }
    for (const Need& need : needs) {
      if (need.overwriter < block || need.overwriter >= block + 64) continue;
      if ((seen[need.reader] >> (need.overwriter - block) & 1) != 0) {
        return refuse(fmt::format("operation {} saw what wrote over a version that it read",
                                  history_.index(order[need.reader])));
      }
    }
  }
  return {};
}

/// That whoever ended before another was invoked ends in the run before the other begins.
Result<void> RegisterVerifier::check_time(OrderLevel level,
                                          const std::vector<RunMoment>& moments) const {
  if (level.timing == Timing::none && level.keys == KeyOrder::none) return {};
  constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> begins(history_.size(), nowhere);
  std::vector<std::size_t> ends(history_.size(), nowhere);
  for (std::size_t i = 0; i < moments.size(); ++i)
    (moments[i].is_end ? ends : begins)[moments[i].transaction] = i;
  std::map<Process, std::size_t> latest;  // by process, or of all: the end that came last
  std::map<std::pair<ValueId, Process>, std::size_t> written;  // likewise, of writers of a key
  for (EventIndex i = 0; i < history_.size(); ++i) {
    const bool invokes = is_transaction(i);
    const EventIndex t = invokes ? i : history_.partner(i);
    if (t == no_event || begins[t] == nowhere || history_.type(i) == OperationType::info) continue;
    if (level.keys != KeyOrder::none) {
      const Process of_key = level.keys == KeyOrder::sequential ? history_.process(i) : 0;
      for (const Step& step : steps(t)) {
        if (!step.writes) continue;
        std::size_t& last = written[{step.key, of_key}];
        if (invokes && last > ends[t]) return refuse("writes of a key come in another order");
        if (!invokes) last = std::max(last, ends[t] + 1);
      }
    }
    if (level.timing == Timing::none) continue;
    const Process whose = level.timing == Timing::sessions ? history_.process(i) : 0;
    const auto [last, is_first] = latest.try_emplace(whose, 0);
    if (!invokes) {
      last->second = std::max(last->second, ends[t] + 1);
    } else if (last->second > begins[t]) {
      return refuse(fmt::format("operation {} comes before one that had ended", history_.index(t)));
    }
  }
  return {};
}

// --- single reads ------------------------------------------------------------------------------

Result<void> RegisterVerifier::observation(const ObservationCertificate& claim) const {
  if (!is_transaction(claim.first) || fate(claim.first) != OperationType::ok) {
    return refuse("the reader did not commit");
  }
  const auto own = all_steps(claim.first);
  if (claim.first_micro >= own.size() || own[claim.first_micro].writes ||
      own[claim.first_micro].key != claim.key) {
    return refuse("no such read");
  }
  const ValueId value = own[claim.first_micro].value;
  if (claim.name == "internal") {
    for (std::size_t i = claim.first_micro; i-- > 0;) {
      if (own[i].key != claim.key) continue;
      return own[i].value != value ? Result<void>() : refuse("it agrees with itself");
    }
    return refuse("it did nothing to the key before");
  }
  if (is_initial(value)) return refuse("the key held that at the start");
  // What others wrote of it, and how it ended.
  bool finally = false, over = false, in_vain = false;
  for (EventIndex i = 0; i < history_.size(); ++i) {
    if (!is_transaction(i) || i == claim.first) continue;
    ValueId last = ValueId::nil;
    for (const Step& step : all_steps(i)) {
      if (step.writes && step.key == claim.key) last = step.value;
    }
    for (const Step& step : all_steps(i)) {
      if (!step.writes || step.key != claim.key || step.value != value) continue;
      (fate(i) == OperationType::fail ? in_vain : last == value ? finally : over) = true;
    }
  }
  bool before = false, after = false;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const bool same = own[i].writes && own[i].key == claim.key && own[i].value == value;
    if (same) (i < claim.first_micro ? before : after) = true;
  }
  if (finally || before) return refuse("it may have read that");
  const bool right = claim.name == "future read"     ? after
                     : claim.name == "G1b"           ? !after && over
                     : claim.name == "G1a"           ? !after && !over && in_vain
                     : claim.name == "thin-air read" ? !after && !over && !in_vain
                                                     : false;
  return right ? Result<void>() : refuse("it is something else");
}

// --- proofs by cases ----------------------------------------------------------------------------

/// Goes through the cases, with what the one at hand supposes.
class RegisterVerifier::Cases {
 public:
  Cases(const RegisterVerifier& verifier, const CaseProof& proof)
      : verifier_(verifier), proof_(proof) {
    const std::set<ValueId> keys = keys_of_proof();
    for (EventIndex i = 0; i < verifier.history_.size(); ++i) {
      if (!verifier.is_transaction(i) || verifier.fate(i) == OperationType::fail) continue;
      std::map<ValueId, ValueId> last;
      for (const Step& step : verifier.steps(i)) {
        if (step.writes && keys.contains(step.key)) last[step.key] = step.value;
      }
      for (const auto& [key, value] : last)
        writers_[{key, value}].push_back(i);
    }
  }

  Result<void> check() {
    struct Open {
      std::uint32_t place;
      std::size_t next = 0;
    };
    if (proof_.cases.empty()) return refuse("it has no case");
    std::vector<Open> path{{0}};
    while (!path.empty()) {
      Open& open = path.back();
      const ProofCase& at = proof_.cases[open.place];
      if (open.next == 0) {
        if (auto accepted = enter(at); !accepted) return accepted;
      } else {
        undo(at, open.next - 1);
      }
      if (open.next == at.parts.size()) {
        path.pop_back();
        continue;
      }
      const std::uint32_t part = at.parts[open.next];
      if (part <= open.place || part >= proof_.cases.size()) return refuse("a case is misplaced");
      suppose(at, open.next++);
      path.push_back({part});
    }
    return {};
  }

 private:
  std::set<ValueId> keys_of_proof() const {
    std::set<ValueId> keys;
    for (const ProofCase& at : proof_.cases) {
      keys.insert(at.key);
      for (const RegisterEdge& edge : at.cycle)
        keys.insert(edge.key);
    }
    return keys;
  }

  /// Of writers of a key, the first before the second.
  using Order = std::pair<ValueId, std::pair<EventIndex, EventIndex>>;
  using Read = std::pair<ValueId, EventIndex>;

  Result<void> enter(const ProofCase& at) const {
    if (at.kind == ProofCase::Kind::cycle) {
      return at.parts.empty() ? check_cycle(at.cycle) : refuse("a cycle has parts");
    }
    if (at.kind == ProofCase::Kind::order) {
      ValueId value;
      const bool both = at.first != at.second && verifier_.is_transaction(at.first) &&
                        verifier_.is_transaction(at.second) && happened(at.first) &&
                        happened(at.second) && verifier_.writes(at.first, at.key, value) &&
                        verifier_.writes(at.second, at.key, value);
      if (!both) return refuse("two do not write the key whose order is supposed");
      return at.parts.size() == 2 ? Result<void>() : refuse("an order has two cases");
    }
    if (!verifier_.is_transaction(at.first)) return refuse("the reader is no transaction");
    auto candidates = candidates_of(at.first, at.key);
    if (candidates.empty()) return refuse("what was read has no writer");
    auto given = at.writers;
    std::sort(given.begin(), given.end());
    if (given != candidates || given.size() != at.parts.size()) {
      return refuse("a read has other writers");
    }
    return {};
  }

  void suppose(const ProofCase& at, std::size_t part) {
    if (at.kind == ProofCase::Kind::order) {
      orders_.insert(part == 0 ? Order{at.key, {at.first, at.second}}
                               : Order{at.key, {at.second, at.first}});
    } else {
      sources_[{at.key, at.first}] = at.writers[part];
    }
  }

  void undo(const ProofCase& at, std::size_t part) {
    if (at.kind == ProofCase::Kind::order) {
      orders_.erase(part == 0 ? Order{at.key, {at.first, at.second}}
                              : Order{at.key, {at.second, at.first}});
    } else {
      sources_.erase({at.key, at.first});
    }
  }

  /// Ascending; no_event for the initial version, last.
  std::vector<EventIndex> candidates_of(EventIndex reader, ValueId key) const {
    ValueId value;
    std::vector<EventIndex> result;
    if (verifier_.fate(reader) != OperationType::ok ||
        verifier_.external_read(reader, key, value) == nullptr) {
      return result;
    }
    const auto found = writers_.find({key, value});
    if (found != writers_.end()) {
      for (const EventIndex writer : found->second) {
        if (writer != reader) result.push_back(writer);
      }
    }
    if (verifier_.is_initial(value)) result.push_back(no_event);
    std::sort(result.begin(), result.end());
    return result;
  }

  /// Who wrote what it read of the key: the only one who may have, or who is supposed to.
  std::optional<EventIndex> source(EventIndex reader, ValueId key) const {
    const auto supposed = sources_.find({key, reader});
    if (supposed != sources_.end()) return supposed->second;
    const auto candidates = candidates_of(reader, key);
    if (candidates.size() != 1) return std::nullopt;
    return candidates[0];
  }

  /// Whether it may be supposed to be in the database. A run without an indefinite transaction can
  /// be continued by it: nothing comes after it by process or time, and its reads say nothing.
  bool happened(EventIndex t) const { return verifier_.fate(t) != OperationType::fail; }

  Result<void> check_cycle(const std::vector<RegisterEdge>& cycle) const {
    if (cycle.empty()) return refuse("an empty cycle");
    std::size_t rw = 0;
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      const RegisterEdge& edge = cycle[i];
      const RegisterEdge& next = cycle[(i + 1) % cycle.size()];
      if (edge.to != next.from) return refuse("a cycle is not closed");
      if (!follows(edge)) return refuse("an edge does not follow from the history");
      const bool is_rw = edge.kind == RegisterEdgeKind::rw;
      const bool next_rw = next.kind == RegisterEdgeKind::rw;
      rw += is_rw ? 1 : 0;
      const Sight sight = proof_.level.sight;
      if (sight == Sight::committed && is_rw) return refuse("there is an rw");
      if (sight == Sight::snapshot && is_rw && next_rw) return refuse("two rw follow each other");
      if (sight == Sight::parallel && rw > 1) return refuse("there is more than one rw");
      if (sight == Sight::prefix && next_rw && (is_rw || edge.kind == RegisterEdgeKind::ww)) {
        return refuse("an rw follows upon a ww or rw");
      }
    }
    return {};
  }

  /// Whether that is supposed of two writers of the key, or known of keys.
  bool comes_before(ValueId key, EventIndex first, EventIndex second) const {
    if (orders_.contains({key, {first, second}})) return true;
    ValueId value;
    const KeyOrder keys = proof_.level.keys;
    const RegisterVerifier& v = verifier_;
    if (keys == KeyOrder::none || !v.is_transaction(first) || !happened(first) ||
        !v.writes(first, key, value) || !v.writes(second, key, value)) {
      return false;
    }
    const EventIndex end = v.history_.partner(first);
    const bool ended = end != no_event && v.history_.type(end) != OperationType::info;
    return ended && end < second &&
           (keys == KeyOrder::linearizable ||
            v.history_.process(first) == v.history_.process(second));
  }

  bool follows(const RegisterEdge& edge) const {
    const RegisterVerifier& v = verifier_;
    if (!v.is_transaction(edge.from) || !v.is_transaction(edge.to) || edge.from == edge.to) {
      return false;
    }
    if (!happened(edge.from) || !happened(edge.to)) return false;
    ValueId value;
    switch (edge.kind) {
      case RegisterEdgeKind::wr:
        return source(edge.to, edge.key) == edge.from;
      case RegisterEdgeKind::ww:
        return comes_before(edge.key, edge.from, edge.to);
      case RegisterEdgeKind::rw:
        if (!v.writes(edge.to, edge.key, value) || edge.writer == edge.to) return false;
        if (source(edge.from, edge.key) != edge.writer) return false;
        return edge.writer == no_event || comes_before(edge.key, edge.writer, edge.to);
      case RegisterEdgeKind::process:
      case RegisterEdgeKind::realtime:
        break;
    }
    const Timing timing = proof_.level.timing;
    const EventIndex end = v.history_.partner(edge.from);
    const bool ended = end != no_event && v.history_.type(end) != OperationType::info;
    if (!ended || end >= edge.to || timing == Timing::none) return false;
    if (edge.kind == RegisterEdgeKind::realtime) {
      return timing == Timing::real_time && v.history_.has_real_time();
    }
    return v.history_.process(edge.from) == v.history_.process(edge.to);
  }

  const RegisterVerifier& verifier_;
  const CaseProof& proof_;
  /// By key and value: who may have written it last to the key.
  std::map<std::pair<ValueId, ValueId>, std::vector<EventIndex>> writers_;
  std::set<Order> orders_;
  std::map<Read, EventIndex> sources_;
};

Result<void> RegisterVerifier::proof(const CaseProof& proof) const {
  return Cases(*this, proof).check();
}

}  // namespace gauntlet
