// A history: the events of a run in order, in columns, with invocations and completions paired.
//
// This is what every checker reads. Columns cost about 25 bytes an event for register-like
// histories; texts and values are interned. Events keep the order of the file, which is the order
// of real time unless `has_real_time` says otherwise; `index` is what evidence cites and may differ
// from the position (files may number their operations as they like).
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "history/operation.hpp"
#include "history/values.hpp"

namespace gauntlet {

/// Position of an event in its history.
using EventIndex = std::uint32_t;
inline constexpr EventIndex no_event = std::numeric_limits<EventIndex>::max();

/// Names a function ("read") within one history; dense from 0.
using FunctionId = std::uint16_t;
inline constexpr FunctionId no_function = std::numeric_limits<FunctionId>::max();

/// Build it with `append`, then call `pair` once; read-only and safe for any number of threads from
/// then on. Move-only (histories are large).
class History {
 public:
  History() = default;
  History(History&&) noexcept = default;
  History& operator=(History&&) noexcept = default;

  // --- building ---------------------------------------------------------------------------------

  void append(const Operation& operation);
  /// The fast way in for readers: everything interned already. An `index` below 0 stands for the
  /// position.
  void append(OperationType type, Process process, FunctionId f, ValueId value, ValueId key,
              Nanos time_ns, std::int64_t index, std::uint32_t node = 0, std::uint32_t error = 0);

  Values& values() { return values_; }
  /// Interns a function's name; `no_function` when there are 65,535 already.
  FunctionId function(std::string_view name);
  std::uint32_t text(std::string_view text);  ///< interns a node's name or an error; 0 = ""
  void reserve(std::size_t events);
  /// For a history of transactions "txn" that lists completions only: puts an invocation in front
  /// of each, and forgets real time (when they were invoked is not known). False, and nothing done,
  /// for any other. Before `pair`. O(events).
  bool invoke_completions();
  /// Says that events of different processes are in no order of time: the file lists sessions.
  void forget_real_time() { has_real_time_ = false; }
  /// Memory that the next `append` needs at once because a column has to move; 0 as a rule.
  std::size_t growth_bytes() const {
    return type_.size() < type_.capacity() ? 0 : 2 * type_.size() * sizeof(Nanos);
  }

  struct PairError {
    EventIndex event;  ///< the event at fault
    std::string what;  ///< "process 3 completes a read that it never invoked", ...
  };
  /// Pairs completions with invocations and validates: a completion needs an outstanding invocation
  /// of its process with the same function; a process has one outstanding operation at most; a
  /// process does nothing after an `info`. Events of the nemesis pair by function in turn and never
  /// fail. O(events).
  Result<void> pair(PairError* error = nullptr);

  // --- reading ----------------------------------------------------------------------------------

  std::size_t size() const { return type_.size(); }
  bool empty() const { return type_.empty(); }

  OperationType type(EventIndex i) const { return type_[i]; }
  Process process(EventIndex i) const { return process_[i]; }
  bool is_client(EventIndex i) const { return process_[i] >= 0; }
  FunctionId f(EventIndex i) const { return f_[i]; }
  ValueId value(EventIndex i) const { return value_[i]; }
  ValueId key(EventIndex i) const { return key_.empty() ? ValueId::nil : key_[i]; }
  Nanos time_ns(EventIndex i) const { return time_ns_.empty() ? 0 : time_ns_[i]; }
  bool has_times() const { return !time_ns_.empty(); }
  /// Whether the order of the events is that of real time. If not, it tells only what each process
  /// did one after another, and nothing that rests on real time may be concluded.
  bool has_real_time() const { return has_real_time_; }
  bool has_keys() const { return !key_.empty(); }
  std::int64_t index(EventIndex i) const { return index_.empty() ? i : index_[i]; }
  std::string_view node(EventIndex i) const;
  std::string_view error(EventIndex i) const;

  /// The completion of an invocation, or the invocation of a completion; `no_event` for an
  /// operation that never completed.
  EventIndex partner(EventIndex i) const { return partner_[i]; }

  const Values& values() const { return values_; }
  std::string_view function_name(FunctionId f) const { return functions_[f]; }
  std::size_t function_count() const { return functions_.size(); }
  /// The id of a function's name, or `no_function` where the history has none.
  FunctionId find_function(std::string_view name) const;

  /// The event as a row (copies; for evidence and tests).
  Operation operation(EventIndex i) const;

  std::size_t memory_bytes() const;

 private:
  /// Ids by name; the names live in a deque, so views of them stay valid.
  using TextIds = boost::unordered_flat_map<std::string_view, std::uint32_t>;

  std::string describe(EventIndex i) const;
  void set_optional_columns(ValueId key, Nanos time_ns, std::int64_t index, std::uint32_t node,
                            std::uint32_t error);

  std::vector<OperationType> type_;
  std::vector<Process> process_;
  std::vector<FunctionId> f_;
  std::vector<ValueId> value_;
  std::vector<ValueId> key_;         ///< empty while no event has a key
  std::vector<Nanos> time_ns_;       ///< empty while no event has a time
  std::vector<std::int64_t> index_;  ///< empty while indices equal positions
  std::vector<std::uint32_t> node_;  ///< into texts_; empty while no event has one
  std::vector<std::pair<EventIndex, std::uint32_t>> errors_;  ///< into texts_; ascending events
  std::vector<EventIndex> partner_;
  std::deque<std::string> functions_;
  TextIds function_ids_;
  std::deque<std::string> texts_{std::string()};
  TextIds text_ids_;
  Values values_;
  bool has_real_time_ = true;
};

}  // namespace gauntlet
