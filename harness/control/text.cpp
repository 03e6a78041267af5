#include "harness/control/text.hpp"

namespace gauntlet {

std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string line(text.substr(0, bytes_max));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text.size() > bytes_max ? line + "..." : line;
}

std::string last_line(std::string_view text) {
  const auto end = text.find_last_not_of("\r\n\t ");
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end + 1);
  const auto newline = text.rfind('\n');
  return one_line(newline == std::string_view::npos ? text : text.substr(newline + 1));
}

}  // namespace gauntlet
