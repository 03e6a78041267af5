// What the readers of all formats share: the history that is being built, and places in its file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/effort.hpp"
#include "base/error.hpp"
#include "history/history.hpp"

namespace gauntlet {

/// Nesting that a reader follows in a value; recursion is bounded by it.
inline constexpr int value_depth_max = 64;

/// A place in a file, both counted from 1; columns are bytes.
struct Place {
  std::size_t line = 1;
  std::size_t column = 1;
};

/// Finds the places of offsets into a text, in O(distance) from the offset asked for before.
class PlaceFinder {
 public:
  explicit PlaceFinder(std::string_view text) : text_(text) {}
  /// The place of an offset of at most the text's size.
  Place at(std::size_t offset);

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  Place place_;
};

/// One event as a reader found it; ids belong to the history that is being built.
struct Event {
  OperationType type = OperationType::invoke;
  Process process = 0;
  FunctionId f = 0;
  ValueId value = ValueId::nil;
  ValueId key = ValueId::nil;
  Nanos time_ns = 0;
  std::int64_t index = -1;  ///< -1 where the file numbers nothing
  std::uint32_t node = 0;
  std::uint32_t error = 0;
};

/// Collects the events of one file. With `stop_at`, it only finds out where that event stands: the
/// line of an event is needed for an error alone, so nobody keeps it.
class Reading {
 public:
  explicit Reading(std::string name, const Budget& budget = {}, EventIndex stop_at = no_event)
      : name_(std::move(name)), stop_at_(stop_at), budget_(budget), effort(budget_) {}
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  /// False when the reader should stop: the event that is looked for was reached, or the budget is
  /// used up (`effort`).
  bool append(const Event& event, Place place) {
    if (effort.exhausted() || !effort.allows(history.growth_bytes())) [[unlikely]] {
      return false;
    }
    if (history.size() == stop_at_) [[unlikely]] {
      found_ = place;
      return false;
    }
    history.append(event.type, event.process, event.f, event.value, event.key, event.time_ns,
                   event.index, event.node, event.error);
    return true;
  }

  /// "name:line:column: expected ..., found ..."; `found` is quoted, escaped and cut.
  Error malformed(Place place, std::string_view expected, std::string_view found = {},
                  std::string_view remedy = {}) const;
  void warn(std::size_t line, std::string_view what);

  const std::string& name() const { return name_; }
  /// Goes on with another file of the same history.
  void rename(std::string name) { name_ = std::move(name); }
  std::optional<Place> found() const { return found_; }

  History history;
  std::vector<std::string> warnings;

 private:
  std::string name_;
  EventIndex stop_at_;
  std::optional<Place> found_;
  Budget budget_;

 public:
  Effort effort;  ///< of the reading so far
};

/// What a reader expected where there is no such process, or one function too many.
inline constexpr std::string_view process_expected =
    "a process from 0 to 2147483647 or \"nemesis\"";
inline constexpr std::string_view function_expected = "at most 65,535 different functions f";

/// A client's process, if 0 <= number < 2^31.
std::optional<Process> process_from(std::int64_t number);
/// The id of an error's text, cut when it is very long.
std::uint32_t error_text_of(History& history, std::string_view text);

/// Whether what is left of a file can be one event that was cut off: `process`, as its format names
/// it, comes once at most. More than that is a bracket or quote that was not closed on the way.
bool may_be_cut_event(std::string_view rest, std::string_view process);

/// Whether a name comes twice in `entries` (names and values in turn).
bool has_duplicate_name(const std::vector<ValueId>& entries);

}  // namespace gauntlet
