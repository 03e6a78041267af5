// Random arguments and answers that fit a model's functions.
#pragma once

#include <string>

#include "base/random.hpp"
#include "history/value.hpp"

namespace gauntlet::testing {

/// A value that the function may have been called with or answered.
inline Value draw(Random& random, const std::string& model, const std::string& f, bool answer) {
  const auto small = [&] { return Value(static_cast<std::int64_t>(random.below(3))); };
  if (model == "multi-register") {
    Value::List accesses;
    for (std::uint64_t i = random.below(2) + 1; i > 0; --i) {
      accesses.push_back(
          Value::list({random.chance(0.5) ? "r" : "w", random.chance(0.5) ? "x" : "y", small()}));
    }
    return accesses;
  }
  if (f == "cas") return Value::list({small(), small()});
  if (f == "append" && model == "kv") return random.chance(0.5) ? "a" : "b";
  if (!answer) return f == "acquire" || f == "release" ? Value() : small();
  if (model == "kv") return random.chance(0.3) ? Value("a") : random.chance(0.5) ? "ab" : "b";
  if (f == "contains") return random.chance(0.5);
  if (f == "add" && random.chance(0.3)) return random.chance(0.5);
  if (f == "read" && (model == "set" || model == "grow-only-set" || model == "list")) {
    Value::List all;
    for (std::uint64_t i = random.below(3); i > 0; --i)
      all.push_back(small());
    return all;
  }
  if (random.chance(0.3) && (f == "dequeue" || f == "pop" || f == "extract")) return {};
  return small();
}

}  // namespace gauntlet::testing
