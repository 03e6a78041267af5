#include "checker/linearizable/online/online_configurations.hpp"

#include <algorithm>
#include <cstring>

namespace gauntlet {

namespace {

using Entries = OnlineConfiguration::Entries;
using Entry = OnlineConfiguration::Entry;

constexpr std::uint32_t count_bits = 16;
constexpr std::uint32_t count_max = (1u << count_bits) - 1;

auto place_of(Entries& entries, std::uint32_t name) {
  return std::lower_bound(entries.begin(), entries.end(), name,
                          [](const Entry& entry, std::uint32_t n) { return entry.name < n; });
}

/// A packed configuration: state, lengths, taken, unanswered (the key); lengths, spent, visited.
struct Layout {
  explicit Layout(const std::uint32_t* words) {
    const std::uint32_t masks = words[1] >> count_bits, unanswered = words[1] & count_max;
    key_words = 2 + masks + 2 * std::size_t{unanswered};
    const std::uint32_t* rest = words + key_words;
    spent_count = rest[0] >> count_bits;
    visited_count = rest[0] & count_max;
    spent = rest + 1;
    visited = spent + 2 * std::size_t{spent_count};
  }

  std::size_t key_words;
  const std::uint32_t* spent;
  std::size_t spent_count;
  const std::uint32_t* visited;
  std::size_t visited_count;
};

std::uint64_t hash(const std::uint32_t* words, std::size_t count) {
  std::uint64_t h = 0x9e3779b97f4a7c15ULL;
  for (std::size_t i = 0; i < count; ++i) {
    h = (h ^ words[i]) * 0xbf58476d1ce4e5b9ULL;
    h ^= h >> 29;
  }
  return h;
}

/// Whether each entry of `small` has one in `large` of the same name with at least its figure.
bool covers(const std::uint32_t* large, std::size_t large_count, const std::uint32_t* small,
            std::size_t small_count) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < small_count; ++i) {
    while (at < large_count && large[2 * at] < small[2 * i])
      ++at;
    if (at == large_count || large[2 * at] != small[2 * i]) return false;
    if (large[2 * at + 1] < small[2 * i + 1]) return false;
  }
  return true;
}

bool dominates(const Layout& x, const Layout& y) {
  return covers(y.spent, y.spent_count, x.spent, x.spent_count) &&
         covers(x.visited, x.visited_count, y.visited, y.visited_count);
}

void append(PackedConfigurations& words, const Entries& entries) {
  for (const Entry& entry : entries) {
    words.push_back(entry.name);
    words.push_back(entry.figure);
  }
}

const std::uint32_t* take(const std::uint32_t* words, std::size_t count, Entries& entries) {
  entries.resize(count);
  if (count > 0) std::memcpy(entries.data(), words, count * sizeof(Entry));
  return words + 2 * count;
}

}  // namespace

void OnlineConfiguration::set(std::uint32_t slot) {
  if (slot / 32 >= taken.size()) taken.resize(slot / 32 + 1, 0);
  taken[slot / 32] |= 1u << slot % 32;
}

void OnlineConfiguration::reset(std::uint32_t slot) {
  taken[slot / 32] &= ~(1u << slot % 32);
  while (!taken.empty() && taken.back() == 0)
    taken.pop_back();
}

std::uint32_t OnlineConfiguration::figure_of(const Entries& entries, std::uint32_t name,
                                             std::uint32_t none) {
  const auto at = place_of(const_cast<Entries&>(entries), name);
  return at != entries.end() && at->name == name ? at->figure : none;
}

void OnlineConfiguration::put(Entries& entries, std::uint32_t name, std::uint32_t figure) {
  const auto at = place_of(entries, name);
  if (at != entries.end() && at->name == name) {
    at->figure = figure;
  } else {
    entries.insert(at, {name, figure});
  }
}

void OnlineConfiguration::erase(Entries& entries, std::uint32_t name) {
  const auto at = place_of(entries, name);
  if (at != entries.end() && at->name == name) entries.erase(at);
}

void pack(const OnlineConfiguration& configuration, PackedConfigurations& words) {
  words.push_back(configuration.state);
  words.push_back(static_cast<std::uint32_t>(configuration.taken.size() << count_bits |
                                             configuration.unanswered.size()));
  words.insert(words.end(), configuration.taken.begin(), configuration.taken.end());
  append(words, configuration.unanswered);
  words.push_back(static_cast<std::uint32_t>(configuration.spent.size() << count_bits |
                                             configuration.visited.size()));
  append(words, configuration.spent);
  append(words, configuration.visited);
}

const std::uint32_t* unpack(const std::uint32_t* words, OnlineConfiguration& configuration) {
  configuration.state = words[0];
  const std::size_t masks = words[1] >> count_bits, unanswered = words[1] & count_max;
  configuration.taken.assign(words + 2, words + 2 + masks);
  words = take(words + 2 + masks, unanswered, configuration.unanswered);
  const std::size_t spent = words[0] >> count_bits, visited = words[0] & count_max;
  words = take(words + 1, spent, configuration.spent);
  return take(words, visited, configuration.visited);
}

bool OnlineConfigurations::fits(const OnlineConfiguration& configuration) {
  return configuration.taken.size() <= count_max && configuration.unanswered.size() <= count_max &&
         configuration.spent.size() <= count_max && configuration.visited.size() <= count_max;
}

void OnlineConfigurations::grow_index() {
  std::vector<std::uint32_t> old(index_.size() * 2, none);
  old.swap(index_);
  for (const std::uint32_t first : old) {
    if (first == none) continue;
    std::size_t slot = hash(at(first), Layout(at(first)).key_words) & (index_.size() - 1);
    while (index_[slot] != none)
      slot = (slot + 1) & (index_.size() - 1);
    index_[slot] = first;
  }
}

void OnlineConfigurations::add(const OnlineConfiguration& configuration) {
  if (2 * keys_ >= index_.size()) grow_index();
  const auto offset = static_cast<std::uint32_t>(words_.size());
  pack(configuration, words_);
  const std::uint32_t* words = words_.data() + offset;
  const Layout layout(words);
  const std::size_t key_bytes = layout.key_words * sizeof(std::uint32_t);
  std::size_t slot = hash(words, layout.key_words) & (index_.size() - 1);
  // The lengths are part of the key and come early, so no comparison leaves the configuration.
  while (index_[slot] != none && std::memcmp(at(index_[slot]), words, key_bytes) != 0) {
    slot = (slot + 1) & (index_.size() - 1);
  }
  for (std::uint32_t i = index_[slot]; i != none; i = items_[i].next) {
    if (items_[i].alive && dominates(Layout(at(i)), layout)) {
      words_.resize(offset);
      return;
    }
  }
  for (std::uint32_t i = index_[slot]; i != none; i = items_[i].next) {
    if (items_[i].alive && dominates(layout, Layout(at(i)))) {
      items_[i].alive = false;
      --alive_;
    }
  }
  keys_ += index_[slot] == none;
  items_.push_back({offset, index_[slot], true});
  index_[slot] = static_cast<std::uint32_t>(items_.size() - 1);
  ++alive_;
}

void OnlineConfigurations::clear() {
  constexpr std::size_t small = 64;
  // A set that was large once must not make every later event pay for wiping its index, nor keep
  // its memory.
  if (index_.size() > small && keys_ * 16 < index_.size()) {
    index_.assign(small, none);
    index_.shrink_to_fit();
    words_ = {};
    items_ = {};
  } else {
    index_.resize(std::max(index_.size(), small), none);
    std::fill(index_.begin(), index_.end(), none);
  }
  words_.clear();
  items_.clear();
  keys_ = alive_ = 0;
}

}  // namespace gauntlet
