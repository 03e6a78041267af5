#include "nemesis/agent_wire.hpp"

#include <algorithm>

namespace gauntlet {

namespace {

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-_.,:;/=+@~*").find(c) != std::string_view::npos;
}

int figure(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string agent_line(const std::vector<std::string>& words) {
  constexpr std::string_view figures = "0123456789ABCDEF";
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    if (word.empty()) line += '%';
    for (const char c : word) {
      if (is_plain(c)) {
        line += c;
        continue;
      }
      const auto byte = static_cast<unsigned char>(c);
      line += '%';
      line += figures[byte >> 4];
      line += figures[byte & 15];
    }
  }
  return line;
}

std::optional<std::vector<std::string>> agent_words(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view text = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    std::string& word = words.emplace_back();
    if (text == "%") continue;
    if (text.empty()) return std::nullopt;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (is_plain(text[i])) {
        word += text[i];
        continue;
      }
      if (text[i] != '%' || i + 2 >= text.size()) return std::nullopt;
      const int high = figure(text[i + 1]);
      const int low = figure(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      word += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return words;
}

}  // namespace gauntlet
