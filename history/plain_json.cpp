#include "history/plain_json.hpp"

#include <bit>
#include <cstring>
#include <limits>
#include <span>

#include "history/event_field.hpp"

namespace gauntlet {

namespace {

constexpr int list_depth_max = 16;

std::uint64_t load_word(const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// The first `count` < 8 bytes of a word, the others zero.
std::uint64_t low_bytes(std::uint64_t word, std::size_t count) {
  return word & ((std::uint64_t{1} << (8 * count)) - 1);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_plain(char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

}  // namespace

template <std::size_t size>
bool PlainJsonParser::take(const char (&literal)[size]) {
  if (std::memcmp(at_, literal, size - 1) != 0) return false;
  at_ += size - 1;
  return true;
}

bool PlainJsonParser::begin_field(unsigned field) {
  const bool is_first = (seen_ & field) == 0;
  seen_ |= field;
  skip_blank();
  return is_first;
}

bool PlainJsonParser::parse(std::string_view text, Event& event) {
  // Words are read with their first character in the low byte.
  if constexpr (std::endian::native != std::endian::little) return false;
  const char* const end = text.data() + text.size();
  at_ = text.data();
  seen_ = 0;
  event = Event();
  if (!take("{")) return false;
  for (;;) {
    if (!read_field(event)) return false;
    if (*at_ == '}') break;
    if (!take(",")) return false;
    skip_blank();
  }
  constexpr unsigned needed = type_field | process_field | f_field;
  return at_ + 1 == end && (seen_ & needed) == needed;
}

bool PlainJsonParser::read_field(Event& event) {
  if (!take("\"")) return false;
  switch (*at_) {
    case 'i':
      return take("index\":") && begin_field(index_field) && read_count(event.index);
    case 't':
      if (take("time\":")) return begin_field(time_field) && read_count(event.time_ns);
      return take("type\":") && begin_field(type_field) && read_type(event);
    case 'p':
      return take("process\":") && begin_field(process_field) && read_process(event);
    case 'f':
      return take("f\":") && begin_field(f_field) && read_function(event);
    case 'v':
      return take("value\":") && begin_field(value_field) && read_value(event.value, 0);
    case 'k':
      return take("key\":") && begin_field(key_field) && read_value(event.key, 0);
    case 'n':
      return take("node\":") && begin_field(node_field) && read_text(event.node);
    case 'e':
      return take("error\":") && begin_field(error_field) && read_text(event.error);
    default:
      return false;
  }
}

bool PlainJsonParser::read_type(Event& event) {
  if (take("\"invoke\"")) {
    event.type = OperationType::invoke;
  } else if (take("\"ok\"")) {
    event.type = OperationType::ok;
  } else if (take("\"fail\"")) {
    event.type = OperationType::fail;
  } else if (take("\"info\"")) {
    event.type = OperationType::info;
  } else {
    return false;
  }
  return true;
}

bool PlainJsonParser::read_process(Event& event) {
  if (take("\"nemesis\"")) {
    event.process = nemesis_process;
    return true;
  }
  std::int64_t number = 0;
  if (!read_integer(number) || number < 0 || number > std::numeric_limits<Process>::max()) {
    return false;
  }
  event.process = static_cast<Process>(number);
  return true;
}

bool PlainJsonParser::read_function(Event& event) {
  std::string_view name;
  if (!read_string(name)) return false;
  const bool is_short = name.size() < sizeof(std::uint64_t);
  const std::uint64_t word = is_short ? low_bytes(load_word(name.data()), name.size()) : 0;
  if (is_short) {
    for (std::size_t i = 0; i < names_size_; ++i) {
      if (names_[i].word == word) {
        event.f = names_[i].f;
        return true;
      }
    }
  }
  event.f = reading_.history.function(name);
  if (event.f == no_function) return false;
  if (is_short && names_size_ < names_.size()) names_[names_size_++] = {word, event.f};
  return true;
}

bool PlainJsonParser::read_count(std::int64_t& number) {
  return read_integer(number) && number >= 0;
}

bool PlainJsonParser::read_text(std::uint32_t& id) {
  std::string_view text;
  if (!read_string(text)) return false;
  id = error_text_of(reading_.history, text);
  return true;
}

bool PlainJsonParser::read_value(ValueId& id, int depth) {
  Values& values = reading_.history.values();
  switch (*at_) {
    case 'n':
      id = ValueId::nil;
      return take("null");
    case 't':
      id = values.boolean(true);
      return take("true");
    case 'f':
      id = values.boolean(false);
      return take("false");
    case '"': {
      std::string_view text;
      if (!read_string(text)) return false;
      id = values.string(text);
      return true;
    }
    case '[':
      return depth < list_depth_max && read_list(id, depth);
    default: {
      std::int64_t number = 0;
      if (!read_integer(number)) return false;
      id = values.integer(number);
      return true;
    }
  }
}

bool PlainJsonParser::read_list(ValueId& id, int depth) {
  const std::size_t start = items_.size();
  ++at_;
  bool is_plain_list = true;
  while (is_plain_list && *at_ != ']') {
    if (items_.size() > start) {
      is_plain_list = take(",");
      skip_blank();
    }
    ValueId item = ValueId::nil;
    is_plain_list = is_plain_list && read_value(item, depth + 1);
    items_.push_back(item);
  }
  ++at_;
  if (is_plain_list) id = reading_.history.values().list(std::span(items_).subspan(start));
  items_.resize(start);
  return is_plain_list;
}

bool PlainJsonParser::read_integer(std::int64_t& number) {
  constexpr int digits_max = 18;
  const char* at = at_;
  if (is_digit(at[0]) && (at[1] == ',' || at[1] == ']')) {
    number = at[0] - '0';
    ++at_;
    return true;
  }
  const bool is_negative = *at == '-';
  at += is_negative ? 1 : 0;
  if (at[0] == '0' && is_digit(at[1])) return false;
  std::int64_t sum = 0;
  int digits = 0;
  int count = 8;
  while (count == 8) {
    // Eight characters at once: those of 0 to 9 become their numbers, others get their high bit.
    const std::uint64_t word = load_word(at) ^ 0x3030303030303030ULL;
    const std::uint64_t others = ((word + 0x7676767676767676ULL) | word) & 0x8080808080808080ULL;
    count = others == 0 ? 8 : std::countr_zero(others) / 8;
    if (count == 0) break;
    // Zeros in front, then pairs, fours and eights of digits are put together in parallel.
    std::uint64_t part = word << (64 - 8 * count);
    part = (part * 10 + (part >> 8)) & 0x00FF00FF00FF00FFULL;
    part = (part * 100 + (part >> 16)) & 0x0000FFFF0000FFFFULL;
    part = (part * 10000 + (part >> 32)) & 0xFFFFFFFFULL;
    constexpr std::int64_t powers[] = {1,      10,      100,      1000,     10000,
                                       100000, 1000000, 10000000, 100000000};
    digits += count;
    if (digits > digits_max) return false;
    sum = sum * powers[count] + static_cast<std::int64_t>(part);
    at += count;
  }
  if (digits == 0 || *at == '.' || *at == 'e' || *at == 'E') return false;
  number = is_negative ? -sum : sum;
  at_ = at;
  return true;
}

bool PlainJsonParser::read_string(std::string_view& text) {
  if (!take("\"")) return false;
  const char* const start = at_;
  while (is_plain(*at_))
    ++at_;
  text = std::string_view(start, static_cast<std::size_t>(at_ - start));
  return take("\"");
}

}  // namespace gauntlet
