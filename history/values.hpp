// The pool of a history's values: every distinct value is stored once and named by 32 bits.
//
// Equal values have equal ids, so checkers compare ids only. Small integers are encoded in the id
// itself and cost nothing; lists and maps are spans of ids in one arena.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "history/value.hpp"

namespace gauntlet {

/// Names a value within one Values pool.
enum class ValueId : std::uint32_t { nil = 0 };

/// Append-only. Not thread-safe while values are added; any number of readers afterwards.
/// Move-only.
class Values {
 public:
  Values();
  Values(Values&&) noexcept = default;
  Values& operator=(Values&&) noexcept = default;

  /// Each returns the id of the value, adding it if it is new. O(length) expected.
  ValueId intern(const Value& value);
  ValueId boolean(bool value);
  ValueId integer(std::int64_t value);
  ValueId real(double value);
  ValueId string(std::string_view value);
  ValueId list(std::span<const ValueId> items);
  /// `entries` alternates names (ids of strings) and values. The order of the entries is no part of
  /// the value; of two entries of one name the last counts.
  ValueId map(std::span<const ValueId> entries);

  Value::Kind kind(ValueId id) const;
  bool is_integer(ValueId id) const { return kind(id) == Value::Kind::integer; }
  bool is_list(ValueId id) const { return kind(id) == Value::Kind::list; }

  /// The accessors require the kind of their name. Views stay valid as long as the pool is not
  /// added to.
  bool as_boolean(ValueId id) const;
  std::int64_t as_integer(ValueId id) const;
  double as_real(ValueId id) const;
  std::string_view as_string(ValueId id) const;
  std::span<const ValueId> as_list(ValueId id) const;
  std::span<const ValueId> as_map(ValueId id) const;

  /// The value of the entry `name` of a map; nil where there is none or `id` is no map.
  ValueId entry(ValueId id, std::string_view name) const;

  Value to_value(ValueId id) const;
  /// As JSON, cut to about `length_max` bytes with an ellipsis (values come from outside).
  std::string to_text(ValueId id, std::size_t length_max = 200) const;

  std::size_t memory_bytes() const;

 private:
  struct Entry {
    Value::Kind kind;
    std::uint32_t length;   ///< bytes of a string, ids of a list or map
    std::uint64_t payload;  ///< the number's bits, or an offset into bytes_ or ids_
  };

  /// The hash spares a look at the entry, which is rarely in the cache, and a second hashing when
  /// the table grows.
  struct Bucket {
    std::uint32_t position = 0;  ///< in entries_; 0: free
    std::uint32_t hash = 0;
  };

  ValueId number(Value::Kind kind, std::uint64_t bits);
  ValueId sequence(Value::Kind kind, std::span<const ValueId> ids);
  template <class Equal, class Store>
  ValueId find_or_add(Value::Kind kind, std::uint64_t hash, std::uint32_t length, Equal equal,
                      Store store);
  void grow_buckets();
  const Entry& entry_at(ValueId id) const;
  const Entry& entry_at(ValueId id, Value::Kind kind) const;
  void append_text(std::string& out, ValueId id, std::size_t length_max) const;

  std::vector<Entry> entries_;
  std::vector<char> bytes_;
  std::vector<ValueId> ids_;
  std::vector<Bucket> buckets_;  ///< a power of two of them
};

}  // namespace gauntlet
