#include "history/session_transactions.hpp"

#include <array>

namespace gauntlet {

SessionTransactions::SessionTransactions(Reading& reading)
    : reading_(reading),
      txn_(reading.history.function("txn")),
      read_(reading.history.values().string("r")),
      write_(reading.history.values().string("w")) {
  reading.history.forget_real_time();
}

void SessionTransactions::add(MicroKind kind, ValueId key, ValueId value) {
  Values& values = reading_.history.values();
  const bool writes = kind == MicroKind::write;
  const ValueId found = values.list(std::array{writes ? write_ : read_, key, value});
  found_.push_back(found);
  asked_.push_back(writes ? found : values.list(std::array{read_, key, ValueId::nil}));
}

bool SessionTransactions::finish(Process process, OperationType end, Place place,
                                 std::uint32_t node) {
  Values& values = reading_.history.values();
  const ValueId asked = values.list(asked_);
  const ValueId answered = end == OperationType::ok ? values.list(found_) : asked;
  asked_.clear();
  found_.clear();
  return append(OperationType::invoke, process, asked, place, node) &&
         append(end, process, answered, place, node);
}

bool SessionTransactions::append(OperationType type, Process process, ValueId value, Place place,
                                 std::uint32_t node) {
  Event event;
  event.type = type;
  event.process = process;
  event.f = txn_;
  event.value = value;
  event.node = node;
  return reading_.append(event, place);
}

ValueId value_or_initial(Values& values, std::int64_t value) {
  return value == 0 ? ValueId::nil : values.integer(value);
}

}  // namespace gauntlet
