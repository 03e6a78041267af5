// What transactions saw of each other and left behind: the external reads with what they may have
// read, the final writes, sessions and time. All that the levels from prefix consistency up to
// strict serializability look at, as long as each transaction agrees with itself.
//
// A part of it can be judged by itself: `part_of` leaves out transactions, keys and reads so that
// whatever explains the whole explains the part.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/effort.hpp"
#include "checker/transactional/register_transactions.hpp"

namespace gauntlet {

/// A final write; dense from 0, those of a transaction together.
using WriteId = std::uint32_t;
/// As the source of a read: the version that was there before all transactions.
inline constexpr WriteId initial_write = 0xffffffff;

struct FootprintRead {
  KeyId key;
  std::uint32_t first;  ///< into `sources`
  std::uint32_t count;  ///< 1: known
  MicroId micro;        ///< of the history
};

/// Transactions, keys, reads and writes are numbered anew. Read-only once it is made; refers to
/// nothing.
struct Footprints {
  std::vector<std::uint32_t> read_first{0};
  std::vector<FootprintRead> reads;
  std::vector<WriteId> sources;  ///< what a read may have read: writes or `initial_write`
  std::vector<std::uint32_t> write_first{0};
  std::vector<KeyId> write_keys;
  std::vector<Txn> write_owners;
  std::vector<std::uint32_t> sessions;
  std::vector<EventIndex> invoked;    ///< ascending
  std::vector<EventIndex> completed;  ///< no_event: may take effect at any later time
  std::vector<Txn> originals;         ///< of the history
  std::vector<ValueId> key_names;
  KeyId key_count = 0;
  bool has_repeated_values = false;  ///< whether some read has several sources
  /// Pairs of writes of a key of which the first is known to be the older version.
  std::vector<std::pair<WriteId, WriteId>> known_order;

  Txn size() const { return static_cast<Txn>(originals.size()); }
  WriteId write_count() const { return static_cast<WriteId>(write_keys.size()); }
  std::span<const FootprintRead> reads_of(Txn t) const {
    return {reads.data() + read_first[t], read_first[t + 1] - read_first[t]};
  }
  std::span<const WriteId> sources_of(const FootprintRead& read) const {
    return {sources.data() + read.first, read.count};
  }
  /// The transaction's write to the key; `initial_write` if there is none. O(its writes).
  WriteId write_of(Txn t, KeyId k) const;
};

/// Those of the transactions that count. Empty where the effort ran out. O(micro-operations).
/// `repeated`: with reads of a key that are not the first of their transaction and show other
/// transactions' versions, too.
Footprints footprints_of(const RegisterTransactions& registers, Effort& effort,
                         bool repeated = false);

/// The part, without what is known of the order of versions, with the transactions and reads
/// (numbers of `all`) that are kept. A read is left out, too, where a transaction that it may have
/// read from is. Why no explanation is lost: leave out of an order of all transactions those that
/// are not kept, and every read that is left still finds what it found, since none of its sources
/// are missing.
Footprints part_of(const Footprints& all, const std::vector<bool>& keep_transactions,
                   const std::vector<bool>& keep_keys);

}  // namespace gauntlet
