// Parameters of faults that are numbers with a range, or one of some words.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "nemesis/fault.hpp"

namespace gauntlet {

struct NumberParameter {
  std::string name;
  double default_value = 0;
  double least = 0, most = 0;  ///< both allowed
  std::string description;     ///< what it is, with its unit; the range is added
};

/// As documentation: "the probability of a loss, 0 to 1".
FaultParameter to_parameter(const NumberParameter& number);

/// The value in a map of parameters (text or a number) or in a plan, the default where there is
/// none. A usage error for what is no number or out of range.
Result<double> number_from(const Value& map, const NumberParameter& number);

/// The same where the map has been checked; the default for what makes no sense.
double number_or_default(const Value& map, const NumberParameter& number);

Result<void> check_numbers(const Value& map, const std::vector<NumberParameter>& numbers);

/// Sets an entry of `plan` for each of `numbers`, from `parameters` that have been checked.
void put_numbers(Value& plan, const Value& parameters, const std::vector<NumberParameter>& numbers);

/// The value as text; the default where the map has none.
std::string text_from(const Value& map, std::string_view name, std::string_view default_value);

struct ChoiceParameter {
  std::string name;
  std::string default_value;
  std::vector<std::string> choices;
  std::string description;  ///< the choices are added
};

FaultParameter to_parameter(const ChoiceParameter& choice);
Result<void> check_choices(const Value& map, const std::vector<ChoiceParameter>& choices);
void put_choices(Value& plan, const Value& parameters, const std::vector<ChoiceParameter>& choices);

/// A usage error unless `text` is one of `choices`.
Result<void> check_choice(std::string_view name, std::string_view text,
                          const std::vector<std::string>& choices);

}  // namespace gauntlet
