#include "history/edn.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace gauntlet {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == ',' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool ends_token(char c) {
  return is_blank(c) || c == '(' || c == ')' || c == '[' || c == ']' || c == '{' || c == '}' ||
         c == '"' || c == ';' || c == '\\';
}

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  const auto put_low = [&](unsigned shift) { put(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | (code >> 6));
    put_low(0);
  } else if (code < 0x10000) {
    put(0xE0U | (code >> 12));
    put_low(6);
    put_low(0);
  } else {
    put(0xF0U | (code >> 18));
    put_low(12);
    put_low(6);
    put_low(0);
  }
}

bool is_high_surrogate(unsigned unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}
bool is_low_surrogate(unsigned unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

/// An order of the values of a set that does not depend on how the set was written.
void sort_set(const Values& values, std::vector<ValueId>& items) {
  std::sort(items.begin(), items.end(), [&](ValueId a, ValueId b) {
    const auto kind = values.kind(a);
    if (kind != values.kind(b)) return kind < values.kind(b);
    if (kind == Value::Kind::integer) return values.as_integer(a) < values.as_integer(b);
    if (kind == Value::Kind::string) return values.as_string(a) < values.as_string(b);
    return a < b;
  });
}

}  // namespace

std::nullopt_t EdnParser::fail(std::string_view expected) {
  if (failure_.expected.empty()) failure_ = {offset_, std::string(expected), at_end()};
  return std::nullopt;
}

bool EdnParser::skip_blanks() {
  return skip_blanks(0);
}

bool EdnParser::skip_blanks(int depth) {
  while (!at_end()) {
    if (is_blank(text_[offset_])) {
      ++offset_;
    } else if (text_[offset_] == ';') {
      offset_ = std::min(text_.find('\n', offset_), text_.size());
    } else if (text_.substr(offset_, 2) == "#_") {
      offset_ += 2;
      Values* const kept = std::exchange(values_, nullptr);
      const bool passed = form(depth + 1).has_value();
      values_ = kept;
      if (!passed) return false;
    } else {
      return true;
    }
  }
  return true;
}

std::optional<ValueId> EdnParser::value(Values& values) {
  values_ = &values;
  return form(0);
}

std::optional<std::string_view> EdnParser::skip() {
  if (!skip_blanks(0)) return std::nullopt;
  values_ = nullptr;
  const std::size_t from = offset_;
  if (!form(0)) return std::nullopt;
  return text_.substr(from, offset_ - from);
}

bool EdnParser::skip_tag() {
  if (peek() != '#') return false;
  ++offset_;
  offset_ += token().size();
  return true;
}

std::string_view EdnParser::token() const {
  std::size_t end = offset_;
  while (end < text_.size() && !ends_token(text_[end]))
    ++end;
  return text_.substr(offset_, end - offset_);
}

std::optional<std::string_view> EdnParser::name() {
  if (!skip_blanks(0)) return std::nullopt;
  if (peek() == '"') return string();
  std::string_view text = token();
  if (text.empty() || is_digit(text[0])) return fail("a keyword");
  offset_ += text.size();
  text.remove_prefix(std::min(text.find_first_not_of(':'), text.size()));
  return text;
}

std::optional<ValueId> EdnParser::form(int depth) {
  if (depth > value_depth_max) return fail("nesting of at most 64");
  if (!skip_blanks(depth)) return std::nullopt;
  switch (peek()) {
    case '\0':
      return fail("a value");
    case '[':
      return sequence(']', false, depth);
    case '(':
      return sequence(')', false, depth);
    case '{':
      return map(depth);
    case '"': {
      const auto text = string();
      return text ? text_value(*text) : std::nullopt;
    }
    case '\\':
      return character();
    case '#':
      return dispatch(depth);
    case '\'':
      ++offset_;
      return form(depth + 1);
    case '^':  // metadata: of no account
      ++offset_;
      return form(depth + 1) ? form(depth + 1) : std::nullopt;
    default:
      return word();
  }
}

std::optional<ValueId> EdnParser::sequence(char close, bool is_set, int depth) {
  ++offset_;
  std::vector<ValueId> items;
  for (;;) {
    if (!skip_blanks(depth)) return std::nullopt;
    if (peek() == close) break;
    if (at_end()) return fail(std::string("a value or ") + close);
    const auto item = form(depth + 1);
    if (!item) return std::nullopt;
    if (values_ != nullptr) items.push_back(*item);
  }
  ++offset_;
  if (values_ == nullptr) return ValueId::nil;
  if (is_set) sort_set(*values_, items);
  return values_->list(items);
}

std::optional<ValueId> EdnParser::map(int depth) {
  const std::size_t start = offset_++;
  std::vector<ValueId> entries;
  for (;;) {
    if (!skip_blanks(depth)) return std::nullopt;
    if (peek() == '}') break;
    if (at_end()) return fail("a key or }");
    const auto key = form(depth + 1);
    if (!key) return std::nullopt;
    if (!skip_blanks(depth)) return std::nullopt;
    const auto item = form(depth + 1);
    if (!item) return std::nullopt;
    if (values_ == nullptr) continue;
    const bool is_string = values_->kind(*key) == Value::Kind::string;
    entries.push_back(is_string ? *key
                                : values_->string(values_->to_text(
                                      *key, std::numeric_limits<std::size_t>::max())));
    entries.push_back(*item);
  }
  if (has_duplicate_name(entries)) {
    offset_ = start;
    return fail("each key once in a map");
  }
  ++offset_;
  return values_ == nullptr ? ValueId::nil : values_->map(entries);
}

std::optional<ValueId> EdnParser::dispatch(int depth) {
  const char second = offset_ + 1 < text_.size() ? text_[offset_ + 1] : '\0';
  if (second == '{') {
    ++offset_;
    return sequence('}', true, depth);
  }
  ++offset_;
  if (second == '"') {  // a regular expression, which escapes nothing but its quote
    const std::size_t from = ++offset_;
    while (!at_end() && text_[offset_] != '"')
      offset_ += text_[offset_] == '\\' ? 2 : 1;
    if (at_end()) {
      offset_ = text_.size();
      return fail("the end of a regular expression: \"");
    }
    return text_value(text_.substr(from, offset_++ - from));
  }
  if (second == '#') {
    ++offset_;
    const std::string_view text = token();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    double number = std::numeric_limits<double>::quiet_NaN();
    if (text == "Inf") {
      number = infinity;
    } else if (text == "-Inf") {
      number = -infinity;
    } else if (text != "NaN") {
      return fail("Inf, -Inf or NaN");
    }
    offset_ += text.size();
    return values_ == nullptr ? ValueId::nil : values_->real(number);
  }
  const std::string_view tag = token();
  if (tag.empty() || is_digit(tag[0])) return fail("a tag");
  offset_ += tag.size();
  return form(depth + 1);
}

std::optional<ValueId> EdnParser::text_value(std::string_view text) {
  return values_ == nullptr ? ValueId::nil : values_->string(text);
}

std::optional<ValueId> EdnParser::word() {
  std::string_view text = token();
  if (text.empty()) return fail("a value");
  const bool is_signed = text.size() > 1 && (text[0] == '-' || text[0] == '+');
  if (is_digit(text[is_signed ? 1 : 0])) {
    const auto id = number(text);
    offset_ += text.size();
    return id;
  }
  offset_ += text.size();
  if (text == "nil") return ValueId::nil;
  if (text == "true" || text == "false") {
    return values_ == nullptr ? ValueId::nil : values_->boolean(text == "true");
  }
  if (text[0] == ':') {
    text.remove_prefix(std::min(text.find_first_not_of(':'), text.size()));
    if (text.empty()) return fail("a keyword");
  }
  return text_value(text);
}

std::optional<ValueId> EdnParser::number(std::string_view text) {
  if (values_ == nullptr) return ValueId::nil;
  std::string_view digits = text;
  if (digits[0] == '+') digits.remove_prefix(1);
  const auto is_all_digits = [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), is_digit);
  };
  std::string_view magnitude = digits;
  if (magnitude[0] == '-') magnitude.remove_prefix(1);

  if (is_all_digits(magnitude)) return integer(digits);
  if (magnitude.back() == 'N' && is_all_digits(magnitude.substr(0, magnitude.size() - 1))) {
    return integer(digits.substr(0, digits.size() - 1));
  }
  if (magnitude.starts_with("0x") || magnitude.starts_with("0X")) {
    std::uint64_t bits = 0;
    const char* const end = magnitude.data() + magnitude.size();
    const auto read = std::from_chars(magnitude.data() + 2, end, bits, 16);
    constexpr auto bits_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (read.ec != std::errc() || read.ptr != end || bits > bits_max) {
      return fail("a hexadecimal number that fits 64 bits");
    }
    const auto value = static_cast<std::int64_t>(bits);
    return values_->integer(digits[0] == '-' ? -value : value);
  }
  if (const auto slash = magnitude.find('/'); slash != std::string_view::npos) {
    if (!is_all_digits(magnitude.substr(0, slash)) || !is_all_digits(magnitude.substr(slash + 1))) {
      return fail("a ratio");
    }
    return values_->string(digits);
  }
  const bool is_decimal = magnitude.back() == 'M';
  double real = 0;
  const char* const end = digits.data() + digits.size() - (is_decimal ? 1 : 0);
  const auto read = std::from_chars(digits.data(), end, real);
  if (read.ec != std::errc() || read.ptr != end || !std::isfinite(real)) return fail("a number");
  return is_decimal ? values_->string(digits) : values_->real(real);
}

std::optional<ValueId> EdnParser::integer(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc()) return values_->integer(value);
  scratch_.assign(text);
  scratch_ += 'N';
  return values_->string(scratch_);
}

std::optional<ValueId> EdnParser::character() {
  ++offset_;
  if (at_end()) return fail("a character");
  // The first one counts even where it would end a token: \( and \\ are characters.
  std::size_t end = offset_ + 1;
  while (end < text_.size() && !ends_token(text_[end]))
    ++end;
  const std::string_view text = text_.substr(offset_, end - offset_);
  struct Named {
    std::string_view name;
    std::string_view character;
  };
  static constexpr Named named[] = {{"newline", "\n"}, {"space", " "},     {"tab", "\t"},
                                    {"return", "\r"},  {"formfeed", "\f"}, {"backspace", "\b"}};
  for (const Named& each : named) {
    if (text == each.name) {
      offset_ = end;
      return text_value(each.character);
    }
  }
  if (text.size() == 5 && text[0] == 'u') {
    ++offset_;
    unsigned unit = 0;
    if (!code_unit(unit)) return std::nullopt;
    if (is_high_surrogate(unit) || is_low_surrogate(unit)) return fail("a character");
    scratch_.clear();
    append_utf8(scratch_, unit);
    return text_value(scratch_);
  }
  const auto continuation = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  const bool is_one = std::all_of(text.begin() + 1, text.end(), continuation);
  if (!is_one) fail("a character");
  offset_ = end;
  return is_one ? text_value(text) : std::nullopt;
}

std::optional<std::string_view> EdnParser::string() {
  const std::size_t from = ++offset_;
  const std::size_t plain_end = text_.find_first_of("\"\\", offset_);
  if (plain_end != std::string_view::npos && text_[plain_end] == '"') {
    offset_ = plain_end + 1;
    return text_.substr(from, plain_end - from);
  }
  scratch_.clear();
  while (!at_end() && text_[offset_] != '"') {
    if (text_[offset_] != '\\') {
      scratch_ += text_[offset_++];
    } else if (!escape(scratch_)) {
      return std::nullopt;
    }
  }
  if (at_end()) return fail("the end of a string: \"");
  ++offset_;
  return scratch_;
}

bool EdnParser::escape(std::string& out) {
  ++offset_;
  if (at_end()) return fail("an escaped character"), false;
  const char c = text_[offset_];
  constexpr std::string_view from = "nrtbf\"\\/'";
  constexpr std::string_view to = "\n\r\t\b\f\"\\/'";
  if (const auto at = from.find(c); at != std::string_view::npos) {
    out += to[at];
    ++offset_;
    return true;
  }
  if (c == 'u') {
    ++offset_;
    unsigned unit = 0;
    if (!code_unit(unit)) return false;
    if (is_high_surrogate(unit)) {
      unsigned low = 0;
      if (text_.substr(offset_, 2) != "\\u") {
        if (text_.size() - offset_ < 2) offset_ = text_.size();
        return fail("the second half of a surrogate"), false;
      }
      offset_ += 2;
      if (!code_unit(low)) return false;
      if (!is_low_surrogate(low)) return fail("the second half of a surrogate"), false;
      unit = 0x10000U + ((unit - 0xD800U) << 10) + (low - 0xDC00U);
    } else if (is_low_surrogate(unit)) {
      return fail("the first half of a surrogate"), false;
    }
    append_utf8(out, unit);
    return true;
  }
  return fail("an escape that EDN has"), false;
}

bool EdnParser::code_unit(unsigned& unit) {
  const std::string_view digits = text_.substr(offset_, 4);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
  if (read.ec != std::errc() || read.ptr != digits.data() + 4) {
    if (digits.size() < 4) offset_ = text_.size();
    return fail("four hexadecimal digits"), false;
  }
  offset_ += 4;
  return true;
}

}  // namespace gauntlet
