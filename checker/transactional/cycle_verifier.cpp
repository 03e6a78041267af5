#include "checker/transactional/cycle_verifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace gauntlet {

namespace {

Error refuse(std::string what) {
  return failure(ErrorKind::input, std::move(what));
}

using AppendCounts = std::map<std::pair<ValueId, ValueId>, std::size_t>;

/// A micro-operation as the history has it.
struct Step {
  bool appends = false;
  ValueId key = ValueId::nil;
  ValueId value = ValueId::nil;
};

/// Reads the history afresh, one transaction at a time.
class Reader {
 public:
  Reader(const History& history, const AppendCounts& appends)
      : history_(history), values_(history.values()), appends_(appends) {}

  bool is_transaction(EventIndex i) const {
    return i < history_.size() && history_.is_client(i) &&
           history_.type(i) == OperationType::invoke &&
           history_.function_name(history_.f(i)) == "txn";
  }
  OperationType fate(EventIndex invocation) const {
    const EventIndex end = history_.partner(invocation);
    return end == no_event ? OperationType::info : history_.type(end);
  }
  bool committed(EventIndex invocation) const { return fate(invocation) == OperationType::ok; }
  /// What an `ok` says it did; of others, what was asked for.
  std::vector<Step> steps(EventIndex invocation) const {
    const EventIndex said = committed(invocation) ? history_.partner(invocation) : invocation;
    std::vector<Step> result;
    if (!values_.is_list(history_.value(said))) return result;
    for (const ValueId micro : values_.as_list(history_.value(said))) {
      const auto parts = values_.as_list(micro);
      result.push_back({values_.as_string(parts[0]) == "append", parts[1], parts[2]});
    }
    return result;
  }
  std::span<const ValueId> list(const Step& read) const {
    return read.value == ValueId::nil ? std::span<const ValueId>() : values_.as_list(read.value);
  }
  bool appends(EventIndex invocation, ValueId key, ValueId element) const {
    const auto all = steps(invocation);
    return std::any_of(all.begin(), all.end(), [&](const Step& step) {
      return step.appends && step.key == key && step.value == element;
    });
  }
  /// Whether some read of the key by a transaction that committed satisfies the condition.
  template <class Condition>
  bool reads(EventIndex invocation, ValueId key, Condition holds) const {
    if (!committed(invocation)) return false;
    for (const Step& step : steps(invocation)) {
      if (!step.appends && step.key == key && holds(list(step))) return true;
    }
    return false;
  }
  /// How many try to append the element to the key. Unless it is one, a read of the element says
  /// nothing about whose it is.
  std::size_t appenders(ValueId key, ValueId element) const {
    const auto found = appends_.find({key, element});
    return found == appends_.end() ? 0 : found->second;
  }
  bool is_unique(ValueId key, ValueId element) const { return appenders(key, element) == 1; }

  const History& history() const { return history_; }

 private:
  const History& history_;
  const Values& values_;
  const AppendCounts& appends_;
};

bool holds(std::span<const ValueId> list, ValueId element) {
  return std::find(list.begin(), list.end(), element) != list.end();
}

/// Whether the transaction is in the database: it committed, or its observer read from it.
bool happened(const Reader& reader, EventIndex transaction, EventIndex observer) {
  if (reader.committed(transaction)) return true;
  if (reader.fate(transaction) != OperationType::info || !reader.is_transaction(observer)) {
    return false;
  }
  for (const Step& step : reader.steps(transaction)) {
    if (!step.appends || !reader.is_unique(step.key, step.value)) continue;
    if (reader.reads(observer, step.key, [&](auto list) { return holds(list, step.value); })) {
      return true;
    }
  }
  return false;
}

bool edge_follows(const Reader& reader, EventIndex first, EventIndex second,
                  const EdgeClaim& edge) {
  const History& history = reader.history();
  const EventIndex end = history.partner(first);
  if (edge.kind == "process" || edge.kind == "realtime") {
    const bool in_time =
        end != no_event && history.type(end) != OperationType::info && end < second;
    return in_time && (edge.kind == "realtime" ? history.has_real_time()
                                               : history.process(first) == history.process(second));
  }
  const bool has_before = edge.kind != "rw";
  const bool has_after = edge.kind != "wr";
  if (has_before &&
      (!reader.appends(first, edge.key, edge.before) || !reader.is_unique(edge.key, edge.before))) {
    return false;
  }
  if (has_after &&
      (!reader.appends(second, edge.key, edge.after) || !reader.is_unique(edge.key, edge.after))) {
    return false;
  }
  if (edge.kind == "wr") {
    return reader.reads(second, edge.key, [&](auto list) { return holds(list, edge.before); });
  }
  if (edge.kind == "rw") {
    return reader.reads(first, edge.key, [&](auto list) { return !holds(list, edge.after); });
  }
  if (edge.kind != "ww" || !reader.is_transaction(edge.witness)) return false;
  return reader.reads(edge.witness, edge.key, [&](auto list) {
    const auto before = std::find(list.begin(), list.end(), edge.before);
    return before != list.end() && std::find(list.begin(), before, edge.after) == before;
  });
}

/// The definitions of the names, by what kinds of edges there are.
bool fits_name(std::string_view name, const std::vector<EdgeClaim>& edges) {
  const auto count = [&](std::string_view kind) {
    return std::count_if(edges.begin(), edges.end(),
                         [&](const EdgeClaim& edge) { return edge.kind == kind; });
  };
  const auto ends_with = [&](std::string_view suffix) {
    if (!name.ends_with(suffix)) return false;
    name.remove_suffix(suffix.size());
    return true;
  };
  if (ends_with("-realtime")) {
    if (count("realtime") == 0) return false;
  } else if (ends_with("-process")) {
    if (count("process") == 0 || count("realtime") != 0) return false;
  } else if (count("process") != 0 || count("realtime") != 0) {
    return false;
  }
  bool adjacent = false;
  for (std::size_t i = 0; i < edges.size(); ++i)
    adjacent |= edges[i].kind == "rw" && edges[(i + 1) % edges.size()].kind == "rw";
  const auto rw = count("rw");
  if (name == "G0") return rw == 0 && count("wr") == 0 && count("ww") > 0;
  if (name == "G1c") return rw == 0 && count("wr") > 0;
  if (name == "G-single") return rw == 1;
  if (name == "G-nonadjacent") return rw > 1 && !adjacent;
  return name == "G2-item" && rw > 1 && adjacent;
}

}  // namespace

TransactionVerifier::TransactionVerifier(const History& history, const std::vector<ValueId>& keys)
    : history_(history) {
  std::vector<ValueId> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  const Values& values = history.values();
  const Reader reader(history, appends_);
  for (EventIndex i = 0; i < history.size(); ++i) {
    if (!reader.is_transaction(i)) continue;
    const EventIndex said = reader.committed(i) ? history.partner(i) : i;
    if (!values.is_list(history.value(said))) continue;
    for (const ValueId micro : values.as_list(history.value(said))) {
      const auto parts = values.as_list(micro);
      if (!std::binary_search(sorted.begin(), sorted.end(), parts[1])) continue;
      if (values.as_string(parts[0]) == "append") ++appends_[{parts[1], parts[2]}];
    }
  }
}

Result<void> TransactionVerifier::cycle(const CycleCertificate& certificate) const {
  const Reader reader(history_, appends_);
  const auto& transactions = certificate.transactions;
  const std::size_t size = transactions.size();
  if (size < 2 || certificate.edges.size() != size || certificate.observers.size() != size) {
    return refuse("a cycle has two transactions at least, and an edge for each");
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (!reader.is_transaction(transactions[i]) ||
        std::count(transactions.begin(), transactions.end(), transactions[i]) != 1) {
      return refuse(fmt::format("event {} is no transaction, or comes twice", transactions[i]));
    }
    if (!happened(reader, transactions[i], certificate.observers[i])) {
      return refuse(fmt::format("that transaction {} happened is not shown", transactions[i]));
    }
    if (!edge_follows(reader, transactions[i], transactions[(i + 1) % size],
                      certificate.edges[i])) {
      return refuse(fmt::format("the {} edge from transaction {} does not follow",
                                certificate.edges[i].kind, transactions[i]));
    }
  }
  if (!fits_name(certificate.name, certificate.edges)) {
    return refuse("the cycle is no " + certificate.name);
  }
  return {};
}

namespace {

/// Judges one certificate of an anomaly that is no cycle.
class ObservationCheck {
 public:
  ObservationCheck(const Reader& reader, const ObservationCertificate& c)
      : reader_(reader),
        c_(c),
        mine_(reader.steps(c.first)),
        step_(mine_[c.first_micro]),
        list_(step_.appends ? std::span<const ValueId>() : reader.list(step_)) {
    if (c.second == no_event) return;
    theirs_ = reader.steps(c.second);
    other_ = theirs_[c.second_micro];
  }

  bool holds_true() const {
    if (c_.name == "thin-air read") {
      return std::any_of(list_.begin(), list_.end(),
                         [&](ValueId e) { return reader_.appenders(step_.key, e) == 0; });
    }
    if (c_.name == "duplicate elements") {
      std::vector<ValueId> sorted(list_.begin(), list_.end());
      std::sort(sorted.begin(), sorted.end());
      return std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
    }
    if (c_.name == "cyclic versions") return true;  // see has_cyclic_versions
    if (!other_) return false;
    if (c_.name == "G1a") {
      return reader_.fate(c_.second) == OperationType::fail && shows_other() && is_unique_other();
    }
    if (c_.name == "G1b") return is_intermediate();
    if (c_.name == "dirty update") return is_dirty_update();
    if (c_.name == "lost update") return is_lost_update();
    if (c_.name == "internal") return contradicts_itself();
    if (c_.name == "future read") {
      return c_.first == c_.second && c_.second_micro > c_.first_micro && shows_other();
    }
    if (c_.name == "incompatible order" && other_->appends) return is_out_of_turn();
    if (c_.name == "incompatible order") {
      return reader_.committed(c_.second) && !other_->appends &&
             !agree(list_, reader_.list(*other_));
    }
    return false;
  }

 private:
  static bool agree(std::span<const ValueId> a, std::span<const ValueId> b) {
    return std::equal(a.begin(),
                      a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())),
                      b.begin());
  }
  bool shows_other() const {
    return other_->appends && other_->key == step_.key && holds(list_, other_->value);
  }
  bool is_unique_other() const { return reader_.is_unique(other_->key, other_->value); }

  /// The last element read is one that its transaction appended to once more.
  bool is_intermediate() const {
    if (c_.first == c_.second || list_.empty() || !other_->appends) return false;
    if (other_->key != step_.key || !reader_.is_unique(step_.key, list_.back())) return false;
    for (std::size_t i = 0; i < c_.second_micro; ++i) {
      const Step& earlier = theirs_[i];
      if (earlier.appends && earlier.key == step_.key && earlier.value == list_.back()) return true;
    }
    return false;
  }

  /// The read shows what the other transaction appended after `other`, but not `other` before it.
  bool is_out_of_turn() const {
    if (other_->key != step_.key || !is_unique_other()) return false;
    for (std::size_t i = c_.second_micro + 1; i < theirs_.size(); ++i) {
      const Step& later = theirs_[i];
      if (!later.appends || later.key != step_.key) continue;
      const auto at = std::find(list_.begin(), list_.end(), later.value);
      if (at == list_.end() || !reader_.is_unique(later.key, later.value)) continue;
      if (std::find(list_.begin(), at, other_->value) == at) return true;
    }
    return false;
  }

  /// Some read shows the element of the transaction that happened behind the aborted one's.
  bool is_dirty_update() const {
    if (!step_.appends || !other_->appends || step_.key != other_->key) return false;
    if (reader_.fate(c_.second) != OperationType::fail || !is_unique_other()) return false;
    if (!reader_.is_unique(step_.key, step_.value)) return false;
    const History& history = reader_.history();
    for (EventIndex i = 0; i < history.size(); ++i) {
      const auto shows = [&](std::span<const ValueId> list) {
        const auto aborted = std::find(list.begin(), list.end(), other_->value);
        return std::find(aborted, list.end(), step_.value) != list.end();
      };
      if (reader_.is_transaction(i) && reader_.reads(i, step_.key, shows)) return true;
    }
    return false;
  }

  bool updates(const std::vector<Step>& steps, std::size_t read) const {
    const auto appends = [&](const Step& s) { return s.appends && s.key == step_.key; };
    const auto at = steps.begin() + static_cast<std::ptrdiff_t>(read);
    return std::none_of(steps.begin(), at, appends) && std::any_of(at, steps.end(), appends);
  }

  bool is_lost_update() const {
    return c_.first != c_.second && reader_.committed(c_.second) && !step_.appends &&
           !other_->appends && step_.key == other_->key && agree(list_, reader_.list(*other_)) &&
           list_.size() == reader_.list(*other_).size() && updates(mine_, c_.first_micro) &&
           updates(theirs_, c_.second_micro);
  }

  /// What the transaction read or appended last before the read does not allow it.
  bool contradicts_itself() const {
    if (c_.first != c_.second || c_.second_micro >= c_.first_micro) return false;
    std::vector<ValueId> expected;
    bool from_start = false;
    for (std::size_t i = 0; i < c_.first_micro; ++i) {
      if (mine_[i].key != step_.key) continue;
      if (mine_[i].appends) {
        expected.push_back(mine_[i].value);
      } else {
        const auto before = reader_.list(mine_[i]);
        expected.assign(before.begin(), before.end());
        from_start = true;
      }
    }
    if (list_.size() < expected.size()) return true;
    if (from_start && list_.size() != expected.size()) return true;
    return !std::equal(expected.rbegin(), expected.rend(), list_.rbegin());
  }

  const Reader& reader_;
  const ObservationCertificate& c_;
  std::vector<Step> mine_;
  Step step_;
  std::span<const ValueId> list_;
  std::vector<Step> theirs_;
  std::optional<Step> other_;
};

/// Whether "shown right behind" goes round in a circle over all committed reads of the key.
bool has_cyclic_versions(const Reader& reader, ValueId key) {
  std::vector<std::pair<ValueId, ValueId>> behind;
  for (EventIndex i = 0; i < reader.history().size(); ++i) {
    if (!reader.is_transaction(i) || !reader.committed(i)) continue;
    for (const Step& step : reader.steps(i)) {
      if (step.appends || step.key != key) continue;
      const auto list = reader.list(step);
      for (std::size_t e = 1; e < list.size(); ++e) {
        if (list[e] != list[e - 1]) behind.emplace_back(list[e - 1], list[e]);
      }
    }
  }
  // Take away what nothing is shown before, until all is gone or the rest is a circle.
  std::sort(behind.begin(), behind.end());
  behind.erase(std::unique(behind.begin(), behind.end()), behind.end());
  std::size_t before = behind.size() + 1;
  while (behind.size() < before) {
    before = behind.size();
    std::vector<ValueId> targets;
    targets.reserve(behind.size());
    for (const auto& pair : behind)
      targets.push_back(pair.second);
    std::sort(targets.begin(), targets.end());
    std::erase_if(behind, [&](const auto& pair) {
      return !std::binary_search(targets.begin(), targets.end(), pair.first);
    });
  }
  return !behind.empty();
}

}  // namespace

Result<void> TransactionVerifier::observation(const ObservationCertificate& certificate) const {
  const Reader reader(history_, appends_);
  const bool update = certificate.name == "dirty update";
  if (!reader.is_transaction(certificate.first) ||
      (certificate.second != no_event && !reader.is_transaction(certificate.second))) {
    return refuse("not a transaction");
  }
  const auto steps = reader.steps(certificate.first);
  if (certificate.first_micro >= steps.size() || steps[certificate.first_micro].appends != update ||
      steps[certificate.first_micro].key != certificate.key) {
    return refuse("not such a micro-operation");
  }
  if (certificate.second != no_event &&
      certificate.second_micro >= reader.steps(certificate.second).size()) {
    return refuse("not such a micro-operation");
  }
  if (!update && !reader.committed(certificate.first)) return refuse("the reader did not commit");
  if (certificate.name == "cyclic versions" && !has_cyclic_versions(reader, certificate.key)) {
    return refuse("the reads of the key do not contradict each other");
  }
  if (!ObservationCheck(reader, certificate).holds_true()) {
    return refuse("it is no " + certificate.name);
  }
  return {};
}

}  // namespace gauntlet
