// Quoting for /bin/sh.
#include <algorithm>

#include "harness/control/node.hpp"

namespace gauntlet {
namespace {

// Bare words of these stay as they are, which keeps logs readable. No '=' (an assignment), no '~'.
bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:,@%+").find(c) != std::string_view::npos;
}

}  // namespace

std::string shell_quote(std::string_view argument) {
  if (!argument.empty() && std::all_of(argument.begin(), argument.end(), plain))
    return std::string(argument);
  std::string quoted = "'";
  for (const char c : argument) {
    if (c == '\0') continue;
    if (c == '\'') {
      quoted += R"('\'')";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace gauntlet
