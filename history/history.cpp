#include "history/history.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.hpp"

namespace gauntlet {

namespace {

/// Sets the last element of an optional column, which exists from the first event that needs it on;
/// `filler(i)` is what the events before that have.
template <class T, class Filler>
void set_optional(std::vector<T>& column, std::size_t size, std::size_t capacity, T value,
                  bool is_default, Filler filler) {
  if (column.empty()) {
    if (is_default) return;
    column.reserve(capacity);
    for (std::size_t i = 0; i + 1 < size; ++i)
      column.push_back(filler(i));
  }
  column.push_back(value);
}

template <class Ids, class Texts>
std::uint32_t intern_text(Ids& ids, Texts& texts, std::string_view text) {
  if (const auto found = ids.find(text); found != ids.end()) return found->second;
  const auto id = static_cast<std::uint32_t>(texts.size());
  texts.emplace_back(text);
  ids.emplace(std::string_view(texts.back()), id);
  return id;
}

/// What each process is about. Processes count up from 0, as a rule; a file may name others.
class ProcessStates {
 public:
  explicit ProcessStates(std::size_t dense_max) : dense_max_(dense_max) {}

  EventIndex& operator[](Process process) {
    const auto position = static_cast<std::size_t>(process);
    if (position >= dense_max_) return sparse_.try_emplace(process, no_event).first->second;
    if (position >= dense_.size()) {
      dense_.resize(std::min(dense_max_, std::max(position + 1, 2 * dense_.size())), no_event);
    }
    return dense_[position];
  }

 private:
  std::size_t dense_max_;
  std::vector<EventIndex> dense_;
  boost::unordered_flat_map<Process, EventIndex> sparse_;
};

}  // namespace

void History::append(const Operation& operation) {
  const FunctionId f = function(operation.f);
  GAUNTLET_ASSERT(f != no_function);
  append(operation.type, operation.process, f, values_.intern(operation.value),
         values_.intern(operation.key), operation.time_ns, operation.index,
         operation.node.empty() ? 0 : text(operation.node),
         operation.error.empty() ? 0 : text(operation.error));
}

void History::append(OperationType type, Process process, FunctionId f, ValueId value, ValueId key,
                     Nanos time_ns, std::int64_t index, std::uint32_t node, std::uint32_t error) {
  GAUNTLET_ASSERT(type_.size() < no_event);
  type_.push_back(type);
  process_.push_back(process);
  f_.push_back(f);
  value_.push_back(value);
  set_optional_columns(key, time_ns, index, node, error);
}

void History::set_optional_columns(ValueId key, Nanos time_ns, std::int64_t index,
                                   std::uint32_t node, std::uint32_t error) {
  const std::size_t size = type_.size();
  const std::size_t capacity = type_.capacity();
  const auto position = static_cast<std::int64_t>(size - 1);
  if (index < 0) index = position;
  const auto nothing = [](auto value) { return [value](std::size_t) { return value; }; };
  set_optional(key_, size, capacity, key, key == ValueId::nil, nothing(ValueId::nil));
  set_optional(time_ns_, size, capacity, time_ns, time_ns == 0, nothing(Nanos{0}));
  set_optional(index_, size, capacity, index, index == position,
               [](std::size_t i) { return static_cast<std::int64_t>(i); });
  set_optional(node_, size, capacity, node, node == 0, nothing(std::uint32_t{0}));
  if (error != 0) errors_.emplace_back(static_cast<EventIndex>(position), error);
}

FunctionId History::function(std::string_view name) {
  constexpr std::size_t few = 8;
  for (std::size_t i = 0; i < std::min(few, functions_.size()); ++i) {
    if (functions_[i] == name) return static_cast<FunctionId>(i);
  }
  if (functions_.size() >= no_function) {
    const auto found = function_ids_.find(name);
    return found == function_ids_.end() ? no_function : static_cast<FunctionId>(found->second);
  }
  return static_cast<FunctionId>(intern_text(function_ids_, functions_, name));
}

std::uint32_t History::text(std::string_view text) {
  return text.empty() ? 0 : intern_text(text_ids_, texts_, text);
}

void History::reserve(std::size_t events) {
  type_.reserve(events);
  process_.reserve(events);
  f_.reserve(events);
  value_.reserve(events);
}

bool History::invoke_completions() {
  const FunctionId txn = find_function("txn");
  for (EventIndex i = 0; i < size(); ++i) {
    const bool is_completion = is_client(i) && type_[i] != OperationType::invoke && f_[i] == txn &&
                               values_.is_list(value_[i]);
    if (!is_completion) return false;
  }
  if (empty() || size() >= no_event / 2) return false;
  const auto doubled = [](auto& column) {
    if (column.empty()) return;
    const std::size_t events = column.size();
    column.resize(2 * events);
    for (std::size_t i = events; i-- > 0;)
      column[2 * i + 1] = column[2 * i] = column[i];
  };
  doubled(type_);
  doubled(process_);
  doubled(f_);
  doubled(value_);
  doubled(key_);
  doubled(node_);
  for (auto& entry : errors_)
    entry.first = 2 * entry.first + 1;
  if (index_.empty()) {
    for (EventIndex i = 0; 2 * i < size(); ++i)
      index_.push_back(i);
  }
  doubled(index_);
  time_ns_.clear();
  for (EventIndex i = 0; i < size(); i += 2)
    type_[i] = OperationType::invoke;
  forget_real_time();
  return true;
}

std::string History::describe(EventIndex i) const {
  constexpr std::size_t name_length_max = 60;
  std::string name;
  append_json_string(name, function_name(f_[i]).substr(0, name_length_max));
  return fmt::format("{} (index {})", std::string_view(name).substr(1, name.size() - 2), index(i));
}

Result<void> History::pair(PairError* error) {
  // An EventIndex for an outstanding invocation, else one of these two.
  constexpr EventIndex idle = no_event;
  constexpr EventIndex crashed = no_event - 1;

  const auto events = static_cast<EventIndex>(size());
  partner_.assign(events, no_event);
  ProcessStates processes(4 * size() + 1024);
  std::vector<EventIndex> nemesis_open(functions_.size(), no_event);

  const auto fail = [&](EventIndex i, std::string what) -> Result<void> {
    what = fmt::format("process {} {}", process_[i], what);
    if (error != nullptr) *error = {i, what};
    return failure(ErrorKind::input, std::move(what),
                   "a process has one operation outstanding at most, and none after an info");
  };

  for (EventIndex i = 0; i < events; ++i) {
    if (process_[i] < 0) {
      EventIndex& open = nemesis_open[f_[i]];
      if (open == no_event) {
        open = i;
      } else {
        partner_[i] = open;
        partner_[open] = i;
        open = no_event;
      }
      continue;
    }
    EventIndex& state = processes[process_[i]];
    if (type_[i] == OperationType::invoke) {
      if (state == crashed) {
        return fail(i, "invokes " + describe(i) + " after its info: it must not be used again");
      }
      if (state != idle) {
        return fail(i, "invokes " + describe(i) + " while its " + describe(state) +
                           " is still outstanding");
      }
      state = i;
      continue;
    }
    if (state == crashed) {
      return fail(i, "completes " + describe(i) + " after its info: it must not be used again");
    }
    if (state == idle) return fail(i, "completes " + describe(i) + ", which it never invoked");
    if (f_[state] != f_[i]) {
      return fail(i, "completes " + describe(i) + ", but what it invoked is " + describe(state));
    }
    partner_[i] = state;
    partner_[state] = i;
    state = type_[i] == OperationType::info ? crashed : idle;
  }
  return {};
}

std::string_view History::node(EventIndex i) const {
  return node_.empty() ? std::string_view() : std::string_view(texts_[node_[i]]);
}

std::string_view History::error(EventIndex i) const {
  const auto found =
      std::lower_bound(errors_.begin(), errors_.end(), i,
                       [](const auto& entry, EventIndex event) { return entry.first < event; });
  if (found == errors_.end() || found->first != i) return {};
  return texts_[found->second];
}

FunctionId History::find_function(std::string_view name) const {
  const auto found = function_ids_.find(name);
  return found == function_ids_.end() ? no_function : static_cast<FunctionId>(found->second);
}

Operation History::operation(EventIndex i) const {
  return {.index = index(i),
          .time_ns = time_ns(i),
          .type = type(i),
          .process = process(i),
          .f = std::string(function_name(f(i))),
          .value = values_.to_value(value(i)),
          .key = values_.to_value(key(i)),
          .node = std::string(node(i)),
          .error = std::string(error(i))};
}

std::size_t History::memory_bytes() const {
  const auto bytes = [](const auto& column) { return column.capacity() * sizeof(column[0]); };
  std::size_t sum = bytes(type_) + bytes(process_) + bytes(f_) + bytes(value_) + bytes(key_) +
                    bytes(time_ns_) + bytes(index_) + bytes(node_) + bytes(errors_) +
                    bytes(partner_) + values_.memory_bytes();
  for (const auto* texts : {&functions_, &texts_}) {
    for (const std::string& text : *texts)
      sum += sizeof(text) + text.capacity();
  }
  return sum;
}

}  // namespace gauntlet
