// The order in which a priority queue gives out its values.
#pragma once

#include "history/values.hpp"

namespace gauntlet {

/// Integers come first, the smallest first of all; others follow, by their text. Different values
/// of the same text (which is cut) are equals.
inline bool comes_before(ValueId a, ValueId b, const Values& values) {
  const bool integer_a = values.is_integer(a), integer_b = values.is_integer(b);
  if (integer_a && integer_b) return values.as_integer(a) < values.as_integer(b);
  if (integer_a != integer_b) return integer_a;
  return values.to_text(a) < values.to_text(b);
}

}  // namespace gauntlet
