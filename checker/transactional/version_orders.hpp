// The order in which a key got its elements, as far as reads tell.
//
// A list that only grows shows its own past: whoever reads [1 2 5] has seen the versions [], [1],
// [1 2] and [1 2 5]. So the longest read of a key gives the order of its versions, and every other
// read must be a prefix of it (Kingsbury and Alvaro, VLDB 2020, section 4.2.2: traceability and
// recoverability). Where that fails the key has no order, and only what reads say about single
// elements is used.
//
// Elements that nobody read come after all that were, in an order that is not known; they count
// only where their transaction certainly committed.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/effort.hpp"
#include "checker/transactional/transactions.hpp"

namespace gauntlet {

/// Read-only once `infer` has returned; the transactions outlive it.
class VersionOrders {
 public:
  explicit VersionOrders(const Transactions& transactions) : transactions_(transactions) {}

  /// False where the effort ran out. Expected O(micro-operations + elements of all lists read).
  bool infer(Effort& effort);

  const Transactions& transactions() const { return transactions_; }

  /// Whether the effects of the transaction are in the database: it committed, or nobody knows but
  /// somebody read what it appended.
  bool happened(Txn t) const { return happened_[t]; }
  /// Whether a committed transaction read the element that the micro-operation appended.
  bool is_observed(MicroId append) const { return observed_[append]; }

  /// Whether the reads of the key agree on one order.
  bool is_ordered(KeyId k) const { return keys_[k].faults == 0; }
  /// Whether an element was appended to the key twice: its reads mean nothing then.
  bool is_ambiguous(KeyId k) const { return (keys_[k].faults & ambiguous) != 0; }
  bool has_duplicates(KeyId k) const { return (keys_[k].faults & duplicates) != 0; }
  bool is_incompatible(KeyId k) const { return (keys_[k].faults & incompatible) != 0; }

  /// The longest read of the key; no_micro where there is none.
  MicroId longest(KeyId k) const { return keys_[k].longest; }
  /// Who appended the elements of the longest read, in its order; no_micro for nobody.
  std::span<const MicroId> writers(KeyId k) const {
    return {writers_.data() + keys_[k].first, keys_[k].length};
  }
  /// Appends of transactions that happened which no read shows.
  std::span<const MicroId> unobserved(KeyId k) const {
    return {unobserved_.data() + keys_[k].unobserved_first, keys_[k].unobserved};
  }
  /// The append of the element; no_micro where nobody appended it.
  MicroId writer(KeyId k, ValueId element) const;

  std::size_t memory_bytes() const;

 private:
  enum Fault : std::uint8_t { duplicates = 1, incompatible = 2, ambiguous = 4 };

  struct Key {
    MicroId longest = no_micro;
    std::uint32_t first = 0;
    std::uint32_t length = 0;
    std::uint32_t unobserved_first = 0;
    std::uint32_t unobserved = 0;
    std::uint8_t faults = 0;
  };

  static std::uint64_t name(KeyId k, ValueId element) {
    return std::uint64_t{k} << 32 | static_cast<std::uint32_t>(element);
  }
  bool collect(Effort& effort);
  bool order(Effort& effort);
  bool compare(Effort& effort);
  void observe(KeyId k, ValueId element);
  void find_unobserved();

  const Transactions& transactions_;
  std::vector<Key> keys_;
  std::vector<MicroId> writers_;
  std::vector<MicroId> unobserved_;
  std::vector<bool> happened_;
  std::vector<bool> observed_;
  boost::unordered_flat_map<std::uint64_t, MicroId> append_of_;
};

}  // namespace gauntlet
