#include "nemesis/wording.hpp"

#include <fmt/format.h>

namespace gauntlet {

std::string counted(std::int64_t count, std::string_view singular, std::string_view plural) {
  if (count == 1) return fmt::format("1 {}", singular);
  return plural.empty() ? fmt::format("{} {}s", count, singular)
                        : fmt::format("{} {}", count, plural);
}

std::string told_of(const std::string& node, const Error& error) {
  const std::string prefix = node + ": ";
  return error.what.starts_with(prefix) ? error.what : prefix + error.what;
}

}  // namespace gauntlet
