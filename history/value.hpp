// A value of an operation as the run handles it: an owning tree, JSON's types with integers kept
// apart from reals. EDN keywords become strings. Histories store values interned
// (history/values.hpp).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gauntlet {

/// A regular type: copyable, comparable, cheap to move. Not thread-safe while written.
class Value {
 public:
  using List = std::vector<Value>;
  using Map = std::vector<std::pair<std::string, Value>>;  ///< in order of insertion

  enum class Kind { nil, boolean, integer, real, string, list, map };

  Value() = default;
  Value(bool value) : data_(value) {}
  Value(int value) : data_(static_cast<std::int64_t>(value)) {}
  Value(std::int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(List value) : data_(std::move(value)) {}
  Value(Map value) : data_(std::move(value)) {}

  static Value list(std::initializer_list<Value> items) { return Value(List(items)); }
  static Value map(std::initializer_list<std::pair<std::string, Value>> items) {
    return Value(Map(items));
  }

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_nil() const { return kind() == Kind::nil; }
  bool is_integer() const { return kind() == Kind::integer; }
  bool is_string() const { return kind() == Kind::string; }
  bool is_list() const { return kind() == Kind::list; }
  bool is_map() const { return kind() == Kind::map; }

  /// The accessors require the kind of their name.
  bool boolean() const { return std::get<bool>(data_); }
  std::int64_t integer() const { return std::get<std::int64_t>(data_); }
  double real() const { return std::get<double>(data_); }
  const std::string& string() const { return std::get<std::string>(data_); }
  const List& items() const { return std::get<List>(data_); }
  List& items() { return std::get<List>(data_); }
  const Map& entries() const { return std::get<Map>(data_); }
  Map& entries() { return std::get<Map>(data_); }

  /// The entry named `name` of a map, or nullptr where this is no map or has none. O(entries).
  const Value* find(std::string_view name) const;
  /// Sets or replaces an entry; turns nil into a map first. Requires nil or a map.
  void set(std::string_view name, Value value);

  friend bool operator==(const Value&, const Value&) = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Map> data_;
};

/// Appends `value` as JSON on one line: strings escaped (invalid UTF-8 becomes U+FFFD), reals with
/// the shortest text that reads back the same, non-finite reals as null.
void append_json(std::string& out, const Value& value);
std::string to_json(const Value& value);

/// Appends `text` as a JSON string with its quotes; also escapes `<`, U+2028 and U+2029 so that the
/// result may stand inside a script element.
void append_json_string(std::string& out, std::string_view text);

}  // namespace gauntlet
