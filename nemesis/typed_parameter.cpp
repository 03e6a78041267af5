#include "nemesis/typed_parameter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/suggest.hpp"

namespace gauntlet {

FaultParameter to_parameter(const NumberParameter& number) {
  return {number.name, fmt::format("{}", number.default_value),
          fmt::format("{}, {} to {}", number.description, number.least, number.most)};
}

Result<double> number_from(const Value& map, const NumberParameter& number) {
  const Value* value = map.find(number.name);
  if (value == nullptr) return number.default_value;
  double read = std::nan("");
  if (value->is_integer()) read = static_cast<double>(value->integer());
  if (value->kind() == Value::Kind::real) read = value->real();
  if (value->is_string()) {
    const std::string& text = value->string();
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, read);
    if (error != std::errc() || at != end) read = std::nan("");
  }
  if (read >= number.least && read <= number.most) return read;  // neither holds for a NaN
  return failure(ErrorKind::usage, fmt::format("{} is {}, not a number from {} to {}", number.name,
                                               to_json(*value), number.least, number.most));
}

double number_or_default(const Value& map, const NumberParameter& number) {
  const auto read = number_from(map, number);
  return read ? *read : number.default_value;
}

Result<void> check_numbers(const Value& map, const std::vector<NumberParameter>& numbers) {
  for (const auto& number : numbers) {
    if (const auto read = number_from(map, number); !read) return read.error();
  }
  return {};
}

void put_numbers(Value& plan, const Value& parameters,
                 const std::vector<NumberParameter>& numbers) {
  for (const auto& number : numbers)
    plan.set(number.name, number_or_default(parameters, number));
}

std::string text_from(const Value& map, std::string_view name, std::string_view default_value) {
  const Value* value = map.find(name);
  return std::string(value != nullptr && value->is_string() ? std::string_view(value->string())
                                                            : default_value);
}

FaultParameter to_parameter(const ChoiceParameter& choice) {
  return {choice.name, choice.default_value,
          fmt::format("{}: {}", choice.description, fmt::join(choice.choices, ", "))};
}

Result<void> check_choices(const Value& map, const std::vector<ChoiceParameter>& choices) {
  for (const auto& choice : choices) {
    const std::string text = text_from(map, choice.name, choice.default_value);
    if (const auto known = check_choice(choice.name, text, choice.choices); !known)
      return known.error();
  }
  return {};
}

void put_choices(Value& plan, const Value& parameters,
                 const std::vector<ChoiceParameter>& choices) {
  for (const auto& choice : choices)
    plan.set(choice.name, text_from(parameters, choice.name, choice.default_value));
}

Result<void> check_choice(std::string_view name, std::string_view text,
                          const std::vector<std::string>& choices) {
  if (std::ranges::count(choices, text) > 0) return {};
  return failure(ErrorKind::usage, fmt::format("no {} '{}'", name, text),
                 fmt::format("known: {}", fmt::join(choices, ", ")));
}

}  // namespace gauntlet
