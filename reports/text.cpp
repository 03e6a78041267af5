#include "reports/text.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace gauntlet {

namespace {

/// Code points that act on the text around them instead of standing for themselves.
bool is_invisible_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F) || (c & 0xFFFE) == 0xFFFE;
}

void append_spelled_out(std::string& out, char32_t c) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (c < 0x100) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned>(c));
  } else {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  }
}

}  // namespace

std::string printable(std::string_view text, std::size_t length_max) {
  std::string out;
  std::size_t i = 0;
  while (i < text.size()) {
    if (out.size() >= length_max) {
      out += fmt::format("... ({} bytes)", grouped(text.size()));
      break;
    }
    const CodePoint c = decode_utf8(text.substr(i));
    if (c.length == 0) {
      append_spelled_out(out, static_cast<unsigned char>(text[i]));
      ++i;
      continue;
    }
    if (is_invisible_control(c.value)) {
      append_spelled_out(out, c.value);
    } else {
      out.append(text, i, c.length);
    }
    i += c.length;
  }
  return out;
}

std::string html_escape(std::string_view text, std::size_t length_max) {
  const std::string plain = printable(text, length_max);
  std::string out;
  out.reserve(plain.size());
  for (const char c : plain) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string counted(std::uint64_t number, std::string_view noun, std::string_view plural) {
  if (number == 1) return fmt::format("1 {}", noun);
  if (plural.empty()) return fmt::format("{} {}s", grouped(number), noun);
  return fmt::format("{} {}", grouped(number), plural);
}

std::string percentage(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  if (part == 0) return "0 %";
  if (part == whole) return "100 %";
  const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  if (share < 0.1) return "<0.1 %";
  if (share > 99.9) return ">99.9 %";
  return fmt::format("{:.1f} %", share);
}

std::string moment(Nanos time_ns) {
  return fmt::format("{:.6f} s", static_cast<double>(time_ns) / 1e9);
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text)
    count += (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  return count;
}

std::string relative_href(std::string_view path) {
  if (path.empty() || path.front() == '/') return {};
  std::string out = "./";
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (path.substr(begin, end - begin) == "..") return {};
    begin = end + 1;
  }
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '/';
    if (plain) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace gauntlet
