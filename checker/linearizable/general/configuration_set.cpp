#include "checker/linearizable/general/configuration_set.hpp"

#include <algorithm>
#include <cstring>

namespace gauntlet {

std::uint64_t ConfigurationSet::hash(const Word* configuration) const {
  std::uint64_t h = 0x9e3779b97f4a7c15ULL;
  for (std::size_t i = 0; i < key_words(); ++i) {
    h = (h ^ configuration[i]) * 0xbf58476d1ce4e5b9ULL;
    h ^= h >> 29;
  }
  return h;
}

bool ConfigurationSet::dominates(const Word* x, const Word* y) const {
  const std::size_t observers = shape_.observers_at();
  const std::size_t observer_words = shape_.rules.compares_observers ? shape_.mask_words : 0;
  for (std::size_t i = 0; i < observer_words; ++i) {
    if ((y[observers + i] & ~x[observers + i]) != 0) return false;
  }
  const std::size_t lanes = shape_.rules.compares_counts ? 4 * shape_.count_words : 0;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    if (shape_.count(x, lane) > shape_.count(y, lane)) return false;
  }
  return true;
}

bool ConfigurationSet::grow_index(Effort& effort) {
  const std::size_t size = std::max<std::size_t>(64, index_.size() * 2);
  if (!effort.allows(size * sizeof(std::uint32_t))) return false;
  std::vector<std::uint32_t> old(size, none);
  old.swap(index_);
  for (const std::uint32_t first : old) {
    if (first == none) continue;
    std::size_t slot = hash(at(first)) & (size - 1);
    while (index_[slot] != none)
      slot = (slot + 1) & (size - 1);
    index_[slot] = first;
  }
  return true;
}

/// Where the configurations of the same key begin, or where they would.
std::size_t ConfigurationSet::find_slot(const Word* configuration) const {
  std::size_t slot = hash(configuration) & (index_.size() - 1);
  const std::size_t key_bytes = key_words() * sizeof(Word);
  while (index_[slot] != none && std::memcmp(at(index_[slot]), configuration, key_bytes) != 0) {
    slot = (slot + 1) & (index_.size() - 1);
  }
  return slot;
}

bool ConfigurationSet::has_dominating(const Word* configuration) const {
  if (keys_ == 0) return false;
  for (std::uint32_t i = index_[find_slot(configuration)]; i != none; i = next_[i]) {
    if (alive(i) && dominates(at(i), configuration)) return true;
  }
  return false;
}

bool ConfigurationSet::add(const Word* configuration, Trace::Node node, Effort& effort) {
  if (2 * keys_ >= index_.size() && !grow_index(effort)) return false;
  const std::size_t slot = find_slot(configuration);
  for (std::uint32_t i = index_[slot]; i != none; i = next_[i]) {
    if (alive(i) && dominates(at(i), configuration)) return true;
  }
  for (std::uint32_t i = index_[slot]; i != none; i = next_[i]) {
    if (alive(i) && dominates(configuration, at(i))) {
      nodes_[i] = dead;
      --alive_;
    }
  }
  if (size_ == blocks_.size() * per_block) {
    if (!effort.allows(per_block * shape_.words() * sizeof(Word))) return false;
    blocks_.push_back(std::make_unique_for_overwrite<Word[]>(per_block * shape_.words()));
  }
  keys_ += index_[slot] == none;
  const auto added = static_cast<std::uint32_t>(size_++);
  std::memcpy(at(added), configuration, shape_.words() * sizeof(Word));
  if (nodes_.size() == nodes_.capacity() && !effort.allows(8 * nodes_.size())) return false;
  nodes_.push_back(node);
  next_.push_back(index_[slot]);
  index_[slot] = added;
  ++alive_;
  return true;
}

void ConfigurationSet::clear() {
  // A set that was large once must not make every later layer pay for wiping its index.
  if (index_.size() > 64 && keys_ * 16 < index_.size()) {
    index_.assign(64, none);
    index_.shrink_to_fit();
  } else {
    std::fill(index_.begin(), index_.end(), none);
  }
  nodes_.clear();
  next_.clear();
  size_ = alive_ = keys_ = 0;
}

}  // namespace gauntlet
