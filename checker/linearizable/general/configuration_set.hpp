// The configurations of the general search: a state, which pending operations have been linearized,
// and how many crashed operations of each kind have been used. A set keeps only those that no other
// one dominates.
//
// X dominates Y if both have the same state and the same linearized updates, X has satisfied all
// observers that Y has, and X has used at most as many crashed operations of each kind: whatever
// continues Y also continues X, without the observers that X has behind it, and each crashed
// operation that Y still takes is there for X as well, since only its kind matters. So Y may go.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/effort.hpp"
#include "checker/linearizable/trace.hpp"
#include "checker/models/model.hpp"

namespace gauntlet {

/// The conditions of dominance. Tests leave one out, to see that they notice.
struct GeneralRules {
  bool compares_observers = true;
  bool compares_counts = true;
};

/// How a configuration lies in memory: words of 64 bits.
struct ConfigurationShape {
  std::size_t mask_words = 1;   ///< bits of pending slots, once for updates, once for observers
  std::size_t count_words = 0;  ///< four counts of crashed kinds a word
  GeneralRules rules = {};

  std::size_t updates_at() const { return 1; }
  std::size_t observers_at() const { return 1 + mask_words; }
  std::size_t counts_at() const { return 1 + 2 * mask_words; }
  std::uint64_t count(const std::uint64_t* configuration, std::size_t lane) const {
    return configuration[counts_at() + lane / 4] >> (lane % 4 * 16) & 0xFFFFu;
  }
  void increment(std::uint64_t* configuration, std::size_t lane) const {
    configuration[counts_at() + lane / 4] += std::uint64_t{1} << (lane % 4 * 16);
  }
  void decrement(std::uint64_t* configuration, std::size_t lane) const {
    configuration[counts_at() + lane / 4] -= std::uint64_t{1} << (lane % 4 * 16);
  }
  std::size_t words() const { return 1 + 2 * mask_words + count_words; }
};

/// Not thread-safe. Allocates in blocks, so that memory grows in small steps.
class ConfigurationSet {
 public:
  using Word = std::uint64_t;

  explicit ConfigurationSet(const ConfigurationShape& shape) : shape_(shape) { clear(); }

  /// Adds a copy unless it is dominated; drops what it dominates. False if the budget is used up.
  bool add(const Word* configuration, Trace::Node node, Effort& effort);
  /// Whether one of the set dominates it. O(configurations of the same state and updates).
  bool has_dominating(const Word* configuration) const;

  std::size_t size() const { return size_; }  ///< dead ones included
  bool alive(std::size_t i) const { return nodes_[i] != dead; }
  Word* at(std::size_t i) { return blocks_[i / per_block].get() + i % per_block * shape_.words(); }
  const Word* at(std::size_t i) const {
    return blocks_[i / per_block].get() + i % per_block * shape_.words();
  }
  Trace::Node& node(std::size_t i) { return nodes_[i]; }
  std::size_t alive_count() const { return alive_; }
  std::size_t memory_bytes() const {
    return blocks_.size() * per_block * shape_.words() * sizeof(Word) + 8 * nodes_.capacity() +
           4 * index_.size();
  }

  void clear();

 private:
  static constexpr std::size_t per_block = 1024;
  static constexpr Trace::Node dead = 0xFFFFFFFFu;
  static constexpr std::uint32_t none = 0xFFFFFFFFu;

  std::size_t key_words() const { return 1 + shape_.mask_words; }
  std::uint64_t hash(const Word* configuration) const;
  bool dominates(const Word* x, const Word* y) const;
  bool grow_index(Effort& effort);
  std::size_t find_slot(const Word* configuration) const;

  ConfigurationShape shape_;
  std::vector<std::unique_ptr<Word[]>> blocks_;
  std::vector<Trace::Node> nodes_;
  std::vector<std::uint32_t> next_;   // the next of the same key, or none
  std::vector<std::uint32_t> index_;  // open addressing: the first of a key, or none
  std::size_t size_ = 0;
  std::size_t alive_ = 0;
  std::size_t keys_ = 0;
};

}  // namespace gauntlet
