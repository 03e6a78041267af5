// A part of a set's history as the near-linear algorithms see it: values are dense numbers, and
// each kind of call has a role.
#pragma once

#include <cstdint>
#include <vector>

#include "checker/linearizable/part.hpp"

namespace gauntlet {

struct SetPart {
  /// Position in the part's events.
  using Moment = std::uint32_t;
  static constexpr Moment never = 0xFFFFFFFFu;

  enum class Role : std::uint8_t {
    add,         ///< makes the value a member, and may say that it was none
    remove,      ///< found the value and removed it; or crashed, and may have done so
    needs,       ///< found the value to be a member
    lacks,       ///< found it to be none
    read,        ///< answered all members
    impossible,  ///< an add that found the value, where no value is added twice
  };

  struct Kind {
    Role role;
    std::uint32_t value;  ///< 0 for a read
  };

  /// Requires `has_unique_adds`. O(kinds), expected.
  explicit SetPart(const Part& part);

  /// Whether the part is of a set, or grow-only set, that starts empty and to which no value is
  /// added by two operations, crashed ones included. O(operations), expected.
  static bool has_unique_adds(const Part& part);

  bool has(Role role) const;
  Role role(const Part& part, OpId op) const { return kinds[part.operations[op].kind].role; }
  std::uint32_t value(const Part& part, OpId op) const {
    return kinds[part.operations[op].kind].value;
  }
  /// The number of a value that a read answers; `values` or above where no call is about it.
  std::uint32_t number(ValueId value) const;

  std::vector<Kind> kinds;  ///< by the part's kinds
  std::size_t values = 0;   ///< that calls are about

 private:
  boost::unordered_flat_map<ValueId, std::uint32_t> numbers_;
};

}  // namespace gauntlet
