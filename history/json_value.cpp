#include "history/json_value.hpp"

#include <fmt/format.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

namespace gauntlet {

namespace {

constexpr int depth_max = 64;

/// Position of a byte offset, both counted from 1.
std::pair<std::size_t, std::size_t> line_and_column(std::string_view text, std::size_t offset) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
  }
  return {line, column};
}

Value convert(const nlohmann::ordered_json& json) {
  using Kind = nlohmann::json::value_t;
  switch (json.type()) {
    case Kind::boolean:
      return json.get<bool>();
    case Kind::number_integer:
      return json.get<std::int64_t>();
    case Kind::number_unsigned: {
      const auto number = json.get<std::uint64_t>();
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return static_cast<double>(number);
      }
      return static_cast<std::int64_t>(number);
    }
    case Kind::number_float:
      return json.get<double>();
    case Kind::string:
      return json.get<std::string>();
    case Kind::array: {
      Value::List items;
      for (const auto& item : json)
        items.push_back(convert(item));
      return items;
    }
    case Kind::object: {
      Value::Map entries;
      for (const auto& [name, item] : json.items())
        entries.emplace_back(name, convert(item));
      return entries;
    }
    default:
      return {};
  }
}

bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > depth_max) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Value> parse_json(std::string_view text, const std::string& name) {
  if (too_deep(text)) {
    return failure(ErrorKind::input, fmt::format("{}: nested deeper than {}", name, depth_max),
                   "this is not a document of ours");
  }
  try {
    return convert(nlohmann::ordered_json::parse(text));
  } catch (const nlohmann::json::parse_error& error) {
    const auto [line, column] = line_and_column(text, error.byte == 0 ? 0 : error.byte - 1);
    return failure(ErrorKind::input, fmt::format("{}:{}:{}: expected JSON", name, line, column),
                   "correct the document there");
  } catch (const nlohmann::json::out_of_range&) {
    return failure(ErrorKind::input, fmt::format("{}: a number that does not fit 64 bits", name),
                   "correct the document");
  }
}

Result<Value> read_json_file(const std::string& path) {
  constexpr std::streamsize bytes_max = 16 << 20;
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return failure(ErrorKind::usage, fmt::format("{}: cannot be read", path), "check the path");
  }
  std::string text(static_cast<std::size_t>(bytes_max) + 1, '\0');
  in.read(text.data(), bytes_max + 1);
  if (in.gcount() > bytes_max) {
    return failure(ErrorKind::input, fmt::format("{}: larger than 16 MiB", path),
                   "this is not a document of ours");
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  return parse_json(text, path);
}

}  // namespace gauntlet
