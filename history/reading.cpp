#include "history/reading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace gauntlet {

namespace {

constexpr std::size_t found_length_max = 40;
constexpr std::size_t error_length_max = 4096;

}  // namespace

Place PlaceFinder::at(std::size_t offset) {
  if (offset < offset_) {
    offset_ = 0;
    place_ = {};
  }
  for (;;) {
    const std::size_t newline = text_.substr(offset_, offset - offset_).find('\n');
    if (newline == std::string_view::npos) break;
    offset_ += newline + 1;
    place_ = {place_.line + 1, 1};
  }
  place_.column += offset - offset_;
  offset_ = offset;
  return place_;
}

Error Reading::malformed(Place place, std::string_view expected, std::string_view found,
                         std::string_view remedy) const {
  std::string what =
      fmt::format("{}:{}:{}: expected {}", name_, place.line, place.column, expected);
  if (!found.empty()) {
    what += ", found ";
    append_json_string(what, found.substr(0, found_length_max));
    if (found.size() > found_length_max) what += "...";
  }
  if (remedy.empty()) remedy = "correct the file there, or cut it in front of that place";
  return failure(ErrorKind::input, std::move(what), std::string(remedy));
}

void Reading::warn(std::size_t line, std::string_view what) {
  warnings.push_back(fmt::format("{}:{}: {}", name_, line, what));
}

std::optional<Process> process_from(std::int64_t number) {
  if (number < 0 || number > std::numeric_limits<Process>::max()) return std::nullopt;
  return static_cast<Process>(number);
}

std::uint32_t error_text_of(History& history, std::string_view text) {
  if (text.size() > error_length_max) {
    std::size_t length = error_length_max;
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U)
      --length;  // not inside a UTF-8 sequence
    text = text.substr(0, length);
  }
  return history.text(text);
}

bool may_be_cut_event(std::string_view rest, std::string_view process) {
  return rest.find(process) == rest.rfind(process);
}

bool has_duplicate_name(const std::vector<ValueId>& entries) {
  std::vector<ValueId> names;
  names.reserve(entries.size() / 2);
  for (std::size_t i = 0; i < entries.size(); i += 2)
    names.push_back(entries[i]);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

}  // namespace gauntlet
