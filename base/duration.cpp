#include "base/duration.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace gauntlet {

namespace {

struct Unit {
  std::string_view suffix;
  double factor;
};

/// A non-negative decimal number at the front of `text`; the rest is left in `text`.
std::optional<double> take_number(std::string_view& text) {
  std::size_t length = 0;
  std::size_t dots = 0;
  while (length < text.size() && ((text[length] >= '0' && text[length] <= '9') ||
                                  (text[length] == '.' && length > 0 && dots == 0))) {
    if (text[length] == '.') ++dots;
    ++length;
  }
  if (length == 0 || length > 24 || text[length - 1] == '.') return std::nullopt;
  const double number = std::strtod(std::string(text.substr(0, length)).c_str(), nullptr);
  text.remove_prefix(length);
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  return number;
}

template <std::size_t N>
std::optional<double> parse_with_units(std::string_view text, const std::array<Unit, N>& units,
                                       double limit) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  for (const auto& unit : units) {
    if (text != unit.suffix) continue;
    const double result = *number * unit.factor;
    if (!(result < limit)) return std::nullopt;
    return result;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Nanos> parse_duration(std::string_view text) {
  static constexpr std::array<Unit, 8> units = {{{"", 1e9},
                                                 {"s", 1e9},
                                                 {"ms", 1e6},
                                                 {"us", 1e3},
                                                 {"ns", 1},
                                                 {"m", 60e9},
                                                 {"min", 60e9},
                                                 {"h", 3600e9}}};
  const auto nanos = parse_with_units(text, units, 9.2e18);
  if (!nanos) return std::nullopt;
  return static_cast<Nanos>(std::llround(*nanos));
}

std::string format_duration(Nanos duration_ns) {
  if (duration_ns < 0) return "-" + format_duration(-duration_ns);
  const auto number = static_cast<double>(duration_ns);
  if (duration_ns < 1000) return fmt::format("{} ns", duration_ns);
  if (number < 999.5e3) return fmt::format("{:.3g} us", number / 1e3);
  if (number < 999.5e6) return fmt::format("{:.3g} ms", number / 1e6);
  if (number < 59.95e9) return fmt::format("{:.3g} s", number / 1e9);
  const Nanos seconds = (duration_ns + nanos_per_second / 2) / nanos_per_second;
  if (seconds < 3600) return fmt::format("{} m {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} m", seconds / 3600, seconds % 3600 / 60);
}

std::optional<std::size_t> parse_bytes(std::string_view text) {
  static constexpr std::array<Unit, 11> units = {{{"", 1},
                                                  {"B", 1},
                                                  {"K", 1024},
                                                  {"KB", 1024},
                                                  {"KiB", 1024},
                                                  {"M", 1048576},
                                                  {"MB", 1048576},
                                                  {"MiB", 1048576},
                                                  {"G", 1073741824},
                                                  {"GB", 1073741824},
                                                  {"GiB", 1073741824}}};
  const auto bytes = parse_with_units(text, units, 9.2e18);
  if (!bytes) return std::nullopt;
  return static_cast<std::size_t>(*bytes);
}

std::string format_bytes(std::size_t bytes) {
  static constexpr std::array<const char*, 5> names = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto number = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (number >= 1023.95 && unit + 1 < names.size()) {
    number /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.1f} {}", number, names[unit]);
}

}  // namespace gauntlet
