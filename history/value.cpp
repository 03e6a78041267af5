#include "history/value.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/assert.hpp"

namespace gauntlet {

const Value* Value::find(std::string_view name) const {
  if (!is_map()) return nullptr;
  for (const auto& [key, value] : entries()) {
    if (key == name) return &value;
  }
  return nullptr;
}

void Value::set(std::string_view name, Value value) {
  if (is_nil()) data_ = Map();
  GAUNTLET_ASSERT(is_map());
  for (auto& [key, existing] : entries()) {
    if (key == name) {
      existing = std::move(value);
      return;
    }
  }
  entries().emplace_back(std::string(name), std::move(value));
}

namespace {

/// Length of the well-formed UTF-8 sequence at the front of `text`, or 0 (RFC 3629, section 4).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

bool needs_escape(unsigned char c) {
  return c < 0x20 || c == '"' || c == '\\' || c == '<' || c >= 0x7F;
}

/// Appends one character that needs_escape; returns how many bytes of `text` it took.
std::size_t append_escaped(std::string& out, std::string_view text) {
  const unsigned char c = static_cast<unsigned char>(text[0]);
  switch (c) {
    case '"':
      out += "\\\"";
      return 1;
    case '\\':
      out += "\\\\";
      return 1;
    case '\n':
      out += "\\n";
      return 1;
    case '\r':
      out += "\\r";
      return 1;
    case '\t':
      out += "\\t";
      return 1;
    default:
      break;
  }
  if (c < 0x80) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
    return 1;
  }
  const std::size_t length = utf8_length(text);
  if (length == 0) {
    out += "\\ufffd";
    return 1;
  }
  const std::string_view sequence = text.substr(0, length);
  if (sequence == "\xE2\x80\xA8") {
    out += "\\u2028";
  } else if (sequence == "\xE2\x80\xA9") {
    out += "\\u2029";
  } else {
    out += sequence;
  }
  return length;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain_from = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    if (!needs_escape(static_cast<unsigned char>(text[i]))) {
      ++i;
      continue;
    }
    out.append(text, plain_from, i - plain_from);
    i += append_escaped(out, text.substr(i));
    plain_from = i;
  }
  out.append(text, plain_from, text.size() - plain_from);
  out += '"';
}

void append_json(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::nil:
      out += "null";
      return;
    case Value::Kind::boolean:
      out += value.boolean() ? "true" : "false";
      return;
    case Value::Kind::integer: {
      const fmt::format_int text(value.integer());
      out.append(text.data(), text.size());
      return;
    }
    case Value::Kind::real: {
      if (!std::isfinite(value.real())) {
        out += "null";
        return;
      }
      const std::size_t start = out.size();
      fmt::format_to(std::back_inserter(out), "{}", value.real());
      // Keep it a real when it is read back.
      if (out.find_first_of(".e", start) == std::string::npos) out += ".0";
      return;
    }
    case Value::Kind::string:
      append_json_string(out, value.string());
      return;
    case Value::Kind::list: {
      out += '[';
      bool first = true;
      for (const auto& item : value.items()) {
        if (!first) out += ',';
        first = false;
        append_json(out, item);
      }
      out += ']';
      return;
    }
    case Value::Kind::map: {
      out += '{';
      bool first = true;
      for (const auto& [name, item] : value.entries()) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, name);
        out += ':';
        append_json(out, item);
      }
      out += '}';
      return;
    }
  }
}

std::string to_json(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace gauntlet
