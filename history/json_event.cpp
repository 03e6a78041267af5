#include "history/json_event.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "history/event_field.hpp"

namespace gauntlet {

static_assert(json_padding >= simdjson::SIMDJSON_PADDING);

namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

/// The words for an object that is no event, where nothing more precise can be said.
constexpr std::string_view event_expected =
    "one JSON object an event, with type, process, f and value";

/// Takes any JSON and remembers where it stops being one. simdjson tells no place.
struct SyntaxChecker : nlohmann::json_sax<nlohmann::json> {
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::json::exception&) override {
    // The position is behind the byte that does not fit, or behind a whole token that does not.
    const std::size_t end = std::min(position, text.size());
    const bool is_string = token.size() >= 2 && token.front() == '"' && token.back() == '"';
    const bool is_number = token.find_first_not_of("+-.0123456789eE") == std::string::npos;
    const auto at = text.substr(0, end).rfind(token);
    const bool is_whole = (is_string || is_number) && at != std::string_view::npos;
    offset = is_whole ? at : end - std::min<std::size_t>(end, 1);
    return false;
  }

  std::string_view text;
  std::optional<std::size_t> offset;
};

/// Offset of the first integer in `text` that may not fit 64 bits.
std::size_t long_number_at(std::string_view text) {
  std::size_t digits = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') in_string = !in_string;
    if (in_string && text[i] == '\\') ++i;
    digits = !in_string && text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
    if (digits == 19) return i + 1 - digits;
  }
  return 0;
}

/// The id of a value; nothing where an object has a name twice.
std::optional<ValueId> value_of(Values& values, element json) {
  switch (json.type()) {
    case element_type::NULL_VALUE:
      return ValueId::nil;
    case element_type::BOOL:
      return values.boolean(bool(json));
    case element_type::INT64:
      return values.integer(std::int64_t(json));
    case element_type::UINT64:
      return values.string(fmt::format("{}N", std::uint64_t(json)));
    case element_type::DOUBLE:
      return values.real(double(json));
    case element_type::STRING:
      return values.string(std::string_view(json));
    case element_type::ARRAY: {
      std::vector<ValueId> items;
      for (const element item : simdjson::dom::array(json)) {
        const auto id = value_of(values, item);
        if (!id) return std::nullopt;
        items.push_back(*id);
      }
      return values.list(items);
    }
    case element_type::OBJECT: {
      std::vector<ValueId> entries;
      for (const auto& [name, item] : simdjson::dom::object(json)) {
        entries.push_back(values.string(name));
        const auto id = value_of(values, item);
        if (!id) return std::nullopt;
        entries.push_back(*id);
      }
      if (has_duplicate_name(entries)) return std::nullopt;
      return values.map(entries);
    }
  }
  return ValueId::nil;
}

/// Reads fields into an event; the first error is kept.
class FieldReader {
 public:
  FieldReader(Reading& reading, std::string_view text, Place start)
      : reading_(reading), text_(text), start_(start) {}

  bool read(EventField field, std::string_view name, element json) {
    if ((seen_ & field) != 0) return fail(name, "each field once", name);
    seen_ |= field;
    switch (field) {
      case type_field:
        return read_type(json);
      case process_field:
        return read_process(json);
      case f_field:
        return read_function(json);
      case value_field:
        return read_value(name, json, event.value);
      case key_field:
        return read_value(name, json, event.key);
      case time_field:
        return read_integer(name, json, event.time_ns);
      case index_field:
        return read_integer(name, json, event.index);
      case node_field:
        event.node = text_of(json);
        return true;
      case error_field:
        event.error = text_of(json);
        return true;
      case no_field:
        return true;
    }
    return true;
  }

  bool finish() {
    if ((seen_ & type_field) == 0) return fail("", "a field type: invoke, ok, fail or info", "");
    if ((seen_ & process_field) == 0) return fail("", "a field process", "");
    if ((seen_ & f_field) == 0) return set_function("txn");
    return true;
  }

  Event event;
  Error error;

 private:
  bool fail(std::string_view name, std::string_view expected, std::string_view found) {
    Place place = start_;
    const auto at = text_.find(fmt::format("\"{}\"", name));
    if (!name.empty() && at != std::string_view::npos) place.column += at;
    error = reading_.malformed(place, expected, found);
    return false;
  }

  bool read_type(element json) {
    std::string_view text;
    if (json.get(text) == simdjson::SUCCESS) {
      if (const auto type = operation_type_from(text)) {
        event.type = *type;
        return true;
      }
    }
    return fail("type", "a type: invoke, ok, fail or info", simdjson::minify(json));
  }

  bool read_process(element json) {
    std::string_view text;
    if (json.get(text) == simdjson::SUCCESS && text == "nemesis") {
      event.process = nemesis_process;
      return true;
    }
    std::int64_t number = -1;
    if (json.get(number) == simdjson::SUCCESS) {
      const auto process = process_from(number);
      if (process) {
        event.process = *process;
        return true;
      }
    }
    return fail("process", process_expected, simdjson::minify(json));
  }

  bool read_function(element json) {
    std::string_view text;
    if (json.get(text) != simdjson::SUCCESS) {
      return fail("f", "the name of a function", simdjson::minify(json));
    }
    return set_function(text);
  }

  bool set_function(std::string_view name) {
    event.f = reading_.history.function(name);
    if (event.f == no_function) return fail("f", function_expected, name);
    return true;
  }

  bool read_value(std::string_view name, element json, ValueId& to) {
    const auto id = value_of(reading_.history.values(), json);
    if (!id) return fail(name, "each name once in an object", "");
    to = *id;
    return true;
  }

  /// Jepsen writes -1 where it has no time or index.
  bool read_integer(std::string_view name, element json, std::int64_t& to) {
    std::int64_t number = -1;
    if (!json.is_null() && json.get(number) != simdjson::SUCCESS) {
      return fail(name, "an integer", simdjson::minify(json));
    }
    if (number >= 0) to = number;
    return true;
  }

  std::uint32_t text_of(element json) {
    if (json.is_null()) return 0;
    std::string_view text;
    if (json.get(text) == simdjson::SUCCESS) return error_text_of(reading_.history, text);
    return error_text_of(reading_.history, simdjson::minify(json));
  }

  Reading& reading_;
  std::string_view text_;
  Place start_;
  unsigned seen_ = 0;
};

}  // namespace

struct JsonEventParser::Document {
  simdjson::dom::parser parser;
};

JsonEventParser::JsonEventParser(Reading& reading)
    : reading_(reading), document_(std::make_unique<Document>()) {}

JsonEventParser::~JsonEventParser() = default;

Result<Event> JsonEventParser::parse(std::string_view text, Place start) {
  not_json_ = false;
  simdjson::dom::parser& parser = document_->parser;
  if (parser.capacity() < text.size() || parser.capacity() == 0) {
    // One level is the event itself.
    if (parser.allocate(std::max<std::size_t>(text.size(), 4096), value_depth_max + 1) !=
        simdjson::SUCCESS) {
      return failure(ErrorKind::resource,
                     fmt::format("{}:{}: no memory for a line of {} bytes", reading_.name(),
                                 start.line, text.size()),
                     "give the process more memory");
    }
  }
  const auto status = parser.parse(text.data(), text.size(), false).error();
  if (status == simdjson::SUCCESS) return read_fields(text, start);

  not_json_ = true;
  if (status == simdjson::DEPTH_ERROR) {
    return reading_.malformed(start, fmt::format("nesting of at most {}", value_depth_max));
  }
  SyntaxChecker checker;
  checker.text = text;
  nlohmann::json::sax_parse(text, &checker);
  if (checker.offset) {
    start.column += *checker.offset;
    return reading_.malformed(start, event_expected, text.substr(*checker.offset));
  }
  const std::size_t at = long_number_at(text);
  start.column += at;
  return reading_.malformed(start, "JSON with numbers that fit 64 bits", text.substr(at));
}

Result<Event> JsonEventParser::read_fields(std::string_view text, Place start) {
  simdjson::dom::object object;
  if (document_->parser.doc.root().get(object) != simdjson::SUCCESS) {
    return reading_.malformed(start, event_expected, text);
  }
  FieldReader reader(reading_, text, start);
  for (const auto& [name, json] : object) {
    if (!reader.read(event_field_named(name), name, json)) return reader.error;
  }
  if (!reader.finish()) return reader.error;
  return reader.event;
}

}  // namespace gauntlet
