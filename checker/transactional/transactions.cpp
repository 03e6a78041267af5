#include "checker/transactional/transactions.hpp"

#include <fmt/format.h>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/effort.hpp"

namespace gauntlet {

/// Takes the columns from a history, event by event.
class TransactionReader {
 public:
  TransactionReader(const History& history, const Budget& budget, KeyType type)
      : history_(history),
        values_(history.values()),
        on_lists_(type == KeyType::lists),
        effort_(budget) {}

  Result<Transactions> read() {
    result_.history_ = &history_;
    const FunctionId txn = history_.find_function("txn");
    if (!effort_.allows(history_.size() * expected_bytes)) return out_of_budget();
    reserve();
    for (EventIndex i = 0; i < history_.size(); ++i) {
      if (!history_.is_client(i) || history_.type(i) != OperationType::invoke) continue;
      if (effort_.exhausted()) return out_of_budget();
      if (history_.f(i) != txn) {
        return misfit(i, fmt::format("calls \"{}\"", history_.function_name(history_.f(i))));
      }
      if (!take(i)) return misfit(bad_event_, problem_);
    }
    return std::move(result_);
  }

 private:
  /// Of an event: half a transaction, and the micro-operations of one or two.
  static constexpr std::size_t expected_bytes = 24;

  void reserve() {
    const std::size_t transactions = history_.size() / 2 + 1;
    result_.outcome_.reserve(transactions);
    result_.invoked_.reserve(transactions);
    result_.completed_.reserve(transactions);
    result_.first_.reserve(transactions + 1);
  }

  Error out_of_budget() const {
    return failure(effort_.out_of_memory() ? ErrorKind::resource : ErrorKind::timeout,
                   effort_.reason() + " while the transactions were collected");
  }

  Error misfit(EventIndex i, const std::string& what) const {
    return failure(ErrorKind::input, fmt::format("operation {} {}", history_.index(i), what),
                   on_lists_ ? "transactions on lists are txn operations of [\"r\", key, list] "
                               "and [\"append\", key, element]"
                             : "transactions on registers are txn operations of "
                               "[\"r\", key, value] and [\"w\", key, value]");
  }

  bool take(EventIndex invocation) {
    const EventIndex completion = history_.partner(invocation);
    const OperationType type =
        completion == no_event ? OperationType::info : history_.type(completion);
    const bool happened = type == OperationType::ok;
    // What did not certainly happen is known by what was asked for: its end may say less.
    const EventIndex event = happened ? completion : invocation;
    const auto t = static_cast<Txn>(result_.outcome_.size());
    if (!values_.is_list(history_.value(event))) return refuse(event, "has no list as its value");
    for (const ValueId item : values_.as_list(history_.value(event))) {
      if (!take_micro(event, item, happened)) return false;
      result_.owner_.push_back(t);
    }
    result_.first_.push_back(static_cast<MicroId>(result_.micros_.size()));
    result_.outcome_.push_back(happened                      ? Outcome::committed
                               : type == OperationType::fail ? Outcome::aborted
                                                             : Outcome::indefinite);
    result_.invoked_.push_back(invocation);
    result_.completed_.push_back(type == OperationType::info ? no_event : completion);
    return true;
  }

  bool take_micro(EventIndex event, ValueId item, bool happened) {
    if (!values_.is_list(item)) return refuse_micro(event, item);
    const auto parts = values_.as_list(item);
    if (parts.size() != 3) return refuse_micro(event, item);
    if (parts[0] != read_ && parts[0] != write_ && !learn_name(parts[0])) {
      return refuse_micro(event, item);
    }
    const bool writes = parts[0] == write_;
    ValueId value = parts[2];
    if (!writes) {
      if (!happened) value = ValueId::nil;
      const bool fits = !on_lists_ || value == ValueId::nil || values_.is_list(value);
      if (!fits) return refuse_micro(event, item);
    }
    result_.micros_.push_back({writes, key_id(parts[1]), value});
    return true;
  }

  bool learn_name(ValueId id) {
    if (values_.kind(id) != Value::Kind::string) return false;
    const auto name = values_.as_string(id);
    if (name == "r") {
      read_ = id;
    } else if (name == (on_lists_ ? "append" : "w")) {
      write_ = id;
    } else {
      return false;
    }
    return true;
  }

  KeyId key_id(ValueId key) {
    const auto [at, is_new] =
        key_ids_.try_emplace(static_cast<std::uint32_t>(key), result_.key_count());
    if (is_new) result_.keys_.push_back(key);
    return at->second;
  }

  bool refuse(EventIndex event, std::string what) {
    bad_event_ = event;
    problem_ = std::move(what);
    return false;
  }

  bool refuse_micro(EventIndex event, ValueId item) {
    return refuse(event, "has the micro-operation " + values_.to_text(item));
  }

  const History& history_;
  const Values& values_;
  bool on_lists_;
  Effort effort_;
  Transactions result_;
  ValueId read_ = ValueId::nil;
  ValueId write_ = ValueId::nil;
  boost::unordered_flat_map<std::uint32_t, KeyId> key_ids_;
  EventIndex bad_event_ = no_event;
  std::string problem_;
};

Result<Transactions> Transactions::of(const History& history, const Budget& budget, KeyType type) {
  return TransactionReader(history, budget, type).read();
}

Transactions Transactions::as_registers() const {
  Transactions result = *this;
  for (MicroId m = 0; m < micro_count(); ++m) {
    if (micros_[m].writes) continue;
    auto elements = list(micros_[m]);
    for (MicroId own = m; own-- > first_[owner_[m]];) {
      const Micro& before = micros_[own];
      if (before.writes && before.key == micros_[m].key && !elements.empty() &&
          elements.back() == before.value) {
        elements = elements.first(elements.size() - 1);
      }
    }
    result.micros_[m].value = elements.empty() ? ValueId::nil : elements.back();
  }
  return result;
}

}  // namespace gauntlet
