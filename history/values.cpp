// The pool of values. A ValueId is either a small integer (bit 31 set, the number in the other 31
// bits) or a position in entries_, whose first three are nil, false and true. Everything else is
// found through an open-addressing table of positions, by full comparison where the hashes agree.
#include "history/values.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/assert.hpp"

namespace gauntlet {

namespace {

constexpr std::uint32_t small_bit = 1U << 31;
constexpr std::int64_t small_min = -(std::int64_t{1} << 30);
constexpr std::int64_t small_max = (std::int64_t{1} << 30) - 1;

constexpr ValueId false_id{1};
constexpr ValueId true_id{2};

bool is_small(ValueId id) {
  return (static_cast<std::uint32_t>(id) & small_bit) != 0;
}

std::int64_t small_value(ValueId id) {
  // Bit 30 is the sign: shift it up to bit 31, then back with the sign spread.
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(id) << 1) >> 1;
}

__extension__ using Wide = unsigned __int128;  // no ISO type

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const Wide product = Wide{a ^ 0x9e3779b97f4a7c15ULL} * (b ^ 0xbf58476d1ce4e5b9ULL);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t hash_bytes(Value::Kind kind, const char* data, std::size_t length) {
  std::uint64_t hash = mix(static_cast<std::uint64_t>(kind), length);
  while (length >= 8) {
    std::uint64_t word;
    std::memcpy(&word, data, 8);
    hash = mix(hash, word);
    data += 8;
    length -= 8;
  }
  if (length > 0) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, length);
    hash = mix(hash, word);
  }
  return hash;
}

std::uint64_t hash_number(Value::Kind kind, std::uint64_t bits) {
  return mix(static_cast<std::uint64_t>(kind), bits);
}

std::uint64_t hash_ids(Value::Kind kind, std::span<const ValueId> ids) {
  return hash_bytes(kind, reinterpret_cast<const char*>(ids.data()), ids.size_bytes());
}

bool equal_bytes(const void* a, const void* b, std::size_t length) {
  return length == 0 || std::memcmp(a, b, length) == 0;
}

/// Appends a range that may lie inside `to` itself, as a view of the pool given back to it does.
template <class T>
void append_range(std::vector<T>& to, const T* first, std::size_t count) {
  if (first >= to.data() && first < to.data() + to.size()) {
    const auto offset = static_cast<std::size_t>(first - to.data());
    to.resize(to.size() + count);
    std::copy_n(to.begin() + static_cast<std::ptrdiff_t>(offset), count,
                to.end() - static_cast<std::ptrdiff_t>(count));
  } else {
    to.insert(to.end(), first, first + count);
  }
}

}  // namespace

Values::Values() {
  entries_.push_back({Value::Kind::nil, 0, 0});
  entries_.push_back({Value::Kind::boolean, 0, 0});
  entries_.push_back({Value::Kind::boolean, 0, 1});
}

void Values::grow_buckets() {
  const std::size_t size = std::max<std::size_t>(64, buckets_.size() * 2);
  std::vector<Bucket> grown(size);
  for (const Bucket& bucket : buckets_) {
    if (bucket.position == 0) continue;
    std::size_t slot = bucket.hash & (size - 1);
    while (grown[slot].position != 0)
      slot = (slot + 1) & (size - 1);
    grown[slot] = bucket;
  }
  buckets_ = std::move(grown);
}

template <class Equal, class Store>
ValueId Values::find_or_add(Value::Kind kind, std::uint64_t hash, std::uint32_t length, Equal equal,
                            Store store) {
  if (entries_.size() * 2 >= buckets_.size()) grow_buckets();
  const std::size_t mask = buckets_.size() - 1;
  const auto short_hash = static_cast<std::uint32_t>(hash);
  std::size_t slot = short_hash & mask;
  for (; buckets_[slot].position != 0; slot = (slot + 1) & mask) {
    if (buckets_[slot].hash != short_hash) continue;
    const Entry& entry = entries_[buckets_[slot].position];
    if (entry.kind == kind && entry.length == length && equal(entry)) {
      return ValueId{buckets_[slot].position};
    }
  }
  GAUNTLET_ASSERT(entries_.size() < small_bit);
  const auto position = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back({kind, length, store()});
  buckets_[slot] = {position, short_hash};
  return ValueId{position};
}

ValueId Values::number(Value::Kind kind, std::uint64_t bits) {
  return find_or_add(
      kind, hash_number(kind, bits), 0, [&](const Entry& entry) { return entry.payload == bits; },
      [&] { return bits; });
}

ValueId Values::boolean(bool value) {
  return value ? true_id : false_id;
}

ValueId Values::integer(std::int64_t value) {
  if (value >= small_min && value <= small_max) {
    return ValueId{static_cast<std::uint32_t>(value) | small_bit};
  }
  return number(Value::Kind::integer, static_cast<std::uint64_t>(value));
}

ValueId Values::real(double value) {
  if (value == 0) value = 0;  // -0.0 equals 0.0
  return number(Value::Kind::real, std::bit_cast<std::uint64_t>(value));
}

ValueId Values::string(std::string_view value) {
  GAUNTLET_ASSERT(value.size() <= std::numeric_limits<std::uint32_t>::max());
  const auto length = static_cast<std::uint32_t>(value.size());
  return find_or_add(
      Value::Kind::string, hash_bytes(Value::Kind::string, value.data(), value.size()), length,
      [&](const Entry& entry) {
        return equal_bytes(bytes_.data() + entry.payload, value.data(), length);
      },
      [&] {
        append_range(bytes_, value.data(), value.size());
        return bytes_.size() - value.size();
      });
}

ValueId Values::sequence(Value::Kind kind, std::span<const ValueId> ids) {
  GAUNTLET_ASSERT(ids.size() <= std::numeric_limits<std::uint32_t>::max());
  const auto length = static_cast<std::uint32_t>(ids.size());
  return find_or_add(
      kind, hash_ids(kind, ids), length,
      [&](const Entry& entry) {
        return equal_bytes(ids_.data() + entry.payload, ids.data(), ids.size_bytes());
      },
      [&] {
        append_range(ids_, ids.data(), ids.size());
        return ids_.size() - ids.size();
      });
}

ValueId Values::list(std::span<const ValueId> items) {
  return sequence(Value::Kind::list, items);
}

ValueId Values::map(std::span<const ValueId> entries) {
  GAUNTLET_ASSERT(entries.size() % 2 == 0);
  // Equal maps may come in any order: the one by name ids is the one that is stored.
  bool sorted = true;
  for (std::size_t i = 2; i < entries.size() && sorted; i += 2)
    sorted = entries[i - 2] < entries[i];
  if (sorted) return sequence(Value::Kind::map, entries);

  std::vector<std::pair<ValueId, ValueId>> pairs;
  pairs.reserve(entries.size() / 2);
  for (std::size_t i = 0; i < entries.size(); i += 2)
    pairs.emplace_back(entries[i], entries[i + 1]);
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<ValueId> ordered;
  ordered.reserve(entries.size());
  for (const auto& [name, value] : pairs) {
    if (!ordered.empty() && ordered[ordered.size() - 2] == name) {
      ordered.back() = value;  // of two entries of one name the last counts
      continue;
    }
    ordered.push_back(name);
    ordered.push_back(value);
  }
  return sequence(Value::Kind::map, ordered);
}

ValueId Values::intern(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::nil:
      return ValueId::nil;
    case Value::Kind::boolean:
      return boolean(value.boolean());
    case Value::Kind::integer:
      return integer(value.integer());
    case Value::Kind::real:
      return real(value.real());
    case Value::Kind::string:
      return string(value.string());
    case Value::Kind::list: {
      std::vector<ValueId> ids;
      ids.reserve(value.items().size());
      for (const Value& item : value.items())
        ids.push_back(intern(item));
      return list(ids);
    }
    case Value::Kind::map: {
      std::vector<ValueId> ids;
      ids.reserve(2 * value.entries().size());
      for (const auto& [name, item] : value.entries()) {
        ids.push_back(string(name));
        ids.push_back(intern(item));
      }
      return map(ids);
    }
  }
  return ValueId::nil;
}

const Values::Entry& Values::entry_at(ValueId id) const {
  GAUNTLET_ASSERT(static_cast<std::uint32_t>(id) < entries_.size());
  return entries_[static_cast<std::uint32_t>(id)];
}

const Values::Entry& Values::entry_at(ValueId id, Value::Kind kind) const {
  const Entry& entry = entry_at(id);
  GAUNTLET_ASSERT(entry.kind == kind);
  return entry;
}

Value::Kind Values::kind(ValueId id) const {
  return is_small(id) ? Value::Kind::integer : entry_at(id).kind;
}

bool Values::as_boolean(ValueId id) const {
  return entry_at(id, Value::Kind::boolean).payload != 0;
}

std::int64_t Values::as_integer(ValueId id) const {
  if (is_small(id)) return small_value(id);
  return static_cast<std::int64_t>(entry_at(id, Value::Kind::integer).payload);
}

double Values::as_real(ValueId id) const {
  return std::bit_cast<double>(entry_at(id, Value::Kind::real).payload);
}

std::string_view Values::as_string(ValueId id) const {
  const Entry& entry = entry_at(id, Value::Kind::string);
  return {bytes_.data() + entry.payload, entry.length};
}

std::span<const ValueId> Values::as_list(ValueId id) const {
  const Entry& entry = entry_at(id, Value::Kind::list);
  return {ids_.data() + entry.payload, entry.length};
}

std::span<const ValueId> Values::as_map(ValueId id) const {
  const Entry& entry = entry_at(id, Value::Kind::map);
  return {ids_.data() + entry.payload, entry.length};
}

ValueId Values::entry(ValueId id, std::string_view name) const {
  if (kind(id) != Value::Kind::map) return ValueId::nil;
  const auto entries = as_map(id);
  for (std::size_t i = 0; i < entries.size(); i += 2) {
    if (as_string(entries[i]) == name) return entries[i + 1];
  }
  return ValueId::nil;
}

Value Values::to_value(ValueId id) const {
  switch (kind(id)) {
    case Value::Kind::nil:
      return {};
    case Value::Kind::boolean:
      return as_boolean(id);
    case Value::Kind::integer:
      return as_integer(id);
    case Value::Kind::real:
      return as_real(id);
    case Value::Kind::string:
      return as_string(id);
    case Value::Kind::list: {
      Value::List items;
      for (const ValueId item : as_list(id))
        items.push_back(to_value(item));
      return items;
    }
    case Value::Kind::map: {
      Value::Map entries;
      const auto ids = as_map(id);
      for (std::size_t i = 0; i < ids.size(); i += 2)
        entries.emplace_back(as_string(ids[i]), to_value(ids[i + 1]));
      return entries;
    }
  }
  return {};
}

void Values::append_text(std::string& out, ValueId id, std::size_t length_max) const {
  const auto separate = [&](char open) { out += out.back() == open ? "" : ","; };
  switch (kind(id)) {
    case Value::Kind::string:
      append_json_string(out, as_string(id).substr(0, length_max));
      return;
    case Value::Kind::list:
      out += '[';
      for (const ValueId item : as_list(id)) {
        if (out.size() > length_max) return;
        separate('[');
        append_text(out, item, length_max);
      }
      out += ']';
      return;
    case Value::Kind::map: {
      out += '{';
      const auto ids = as_map(id);
      for (std::size_t i = 0; i < ids.size(); i += 2) {
        if (out.size() > length_max) return;
        separate('{');
        append_text(out, ids[i], length_max);
        out += ':';
        append_text(out, ids[i + 1], length_max);
      }
      out += '}';
      return;
    }
    default:
      append_json(out, to_value(id));
  }
}

std::string Values::to_text(ValueId id, std::size_t length_max) const {
  std::string out;
  append_text(out, id, length_max);
  if (out.size() > length_max) {
    std::size_t cut = length_max;
    while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xC0U) == 0x80U)
      --cut;  // never inside a UTF-8 sequence
    out.resize(cut);
    out += "…";
  }
  return out;
}

std::size_t Values::memory_bytes() const {
  return entries_.capacity() * sizeof(Entry) + bytes_.capacity() +
         ids_.capacity() * sizeof(ValueId) + buckets_.capacity() * sizeof(Bucket);
}

}  // namespace gauntlet
