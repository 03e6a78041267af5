// The operations on a queue of any discipline whose values are all different: who adds and who
// takes each value, and when.
#pragma once

#include <string_view>
#include <vector>

#include "checker/linearizable/part.hpp"

namespace gauntlet {

using Moment = std::int32_t;  // position in the part's events
inline constexpr Moment never = 0x7FFFFFFF;

using ElementId = std::uint32_t;
inline constexpr ElementId answered_empty = 0xFFFFFFFEu;  // of a call that took nothing
inline constexpr ElementId answer_unknown =
    0xFFFFFFFFu;  // of a crashed call: any value, or nothing

/// A value with the operations on it.
struct QueueElement {
  OpId add = no_op;   ///< nobody adds it: no_op
  OpId take = no_op;  ///< of the completed calls that answered it the one that returned first
  Moment add_call = never, add_return = never;
  Moment take_call = never;  ///< the first call of those that answered it
  Moment take_return = never;
};

/// A part of a model with two functions: 0 adds its argument, 1 takes and answers a value, or nil
/// where there is none.
class QueuePart {
 public:
  /// Whether the part is of the model named and no value is added twice. O(operations).
  static bool fits(const Part& part, std::string_view model);

  /// O(events). `part` fits and outlives this.
  explicit QueuePart(const Part& part);

  bool adds(OpId op) const { return kinds_[part_.operations[op].kind].adds; }
  /// What the operation adds or took.
  ElementId element(OpId op) const { return kinds_[part_.operations[op].kind].element; }

  /// Takes it for an element that no call answered.
  void forget_answers(ElementId element) {
    elements_[element].take = no_op;
    elements_[element].take_call = elements_[element].take_return = never;
  }

  const std::vector<QueueElement>& elements() const { return elements_; }
  /// The value of an element. O(1).
  ValueId value(ElementId element) const { return values_[element]; }
  /// Of some value that was answered twice, the call that returned first was not invoked first.
  bool has_crossed_duplicates() const { return has_crossed_duplicates_; }

 private:
  struct Kind {
    ElementId element;
    bool adds;
  };

  void note(PartEvent event, Moment now);

  const Part& part_;
  std::vector<Kind> kinds_;
  std::vector<QueueElement> elements_;
  std::vector<ValueId> values_;
  bool has_crossed_duplicates_ = false;
};

}  // namespace gauntlet
