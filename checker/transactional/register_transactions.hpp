// Transactions on registers with what each read may have read: the write that it found, where
// values tell, or the several that wrote the same value.
//
// A version of a key is what a transaction wrote to it last; before all transactions there is the
// initial version (`CheckOptions::initial`). A transaction counts
//  - if it committed;
//  - if nobody knows what became of it and a transaction that committed may have read what it
//  wrote.
// Others are left out. That changes no verdict: one that aborted did not happen; and an indefinite
// one that nobody read from may be left out of every explanation of the rest (whoever reads finds
// the same last writers without it, and no order or conflict arises by leaving it out), and where
// it is not wanted it did not happen. Conversely one that counts although the explanation that is
// looked for does not need it (where a value has several writers) is no burden: nothing comes after
// it in its process or in real time, since it may take effect at any later time, and its own reads
// say nothing, so that it can be put behind everything.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "base/effort.hpp"
#include "checker/checker.hpp"
#include "checker/transactional/transactions.hpp"

namespace gauntlet {

/// In place of a write: the version that a key had before all transactions.
inline constexpr MicroId initial_version = no_micro - 1;

/// Whose write a read shows.
enum class ReadSource : std::uint8_t {
  none,          ///< a write, or a read that says nothing (its transaction did not commit)
  others,        ///< a version of another transaction that counts, or the initial version
  own,           ///< what its own transaction wrote to the key last before it
  own_earlier,   ///< only what its own transaction had written over
  own_later,     ///< only what its own transaction wrote after it
  intermediate,  ///< only what another transaction wrote over itself
  aborted,       ///< only what transactions wrote that aborted
  thin_air,      ///< what nobody wrote
};

/// Read-only once `resolve` has returned; the transactions outlive it.
class RegisterTransactions {
 public:
  /// Of KeyType::registers.
  explicit RegisterTransactions(const Transactions& transactions) : all_(transactions) {}

  /// False where the effort ran out. Expected O(micro-operations). `happened`: indefinite ones that
  /// count in any case.
  bool resolve(const CheckOptions& options, Effort& effort, std::span<const Txn> happened = {});

  const Transactions& transactions() const { return all_; }
  /// Whether the transaction counts, see above.
  bool counts(Txn t) const { return counts_[t]; }
  /// By process, dense from 0. Transactions of a session follow each other.
  std::uint32_t session(Txn t) const { return session_[t]; }
  std::uint32_t session_count() const { return session_count_; }

  ReadSource source(MicroId read) const { return facts_[read].source; }
  /// Whether its transaction did not touch the key before: only such a read tells what the
  /// transaction saw of others.
  bool is_external(MicroId read) const { return facts_[read].is_external; }
  /// Whether it shows what its transaction wrote to the key or read from it last before; true where
  /// it did neither.
  bool agrees(MicroId read) const { return facts_[read].agrees; }
  /// Of a write: whether it is the last of its transaction to the key.
  bool is_final(MicroId write) const { return facts_[write].is_final; }

  /// Of a read of `others`: the writes that it may show, those of one value. One of them may belong
  /// to the reading transaction, and is none then.
  std::span<const MicroId> writers(MicroId read) const {
    const Version& version = versions_[where_[read]];
    return {finals_.data() + version.first, version.count};
  }
  /// Of a read of `others`: whether it may show the initial version.
  bool may_be_initial(MicroId read) const { return versions_[where_[read]].is_initial; }
  /// Of a read of `others`: its one writer, or `initial_version`; no_micro where it may be several.
  /// Of the other sources: a write of that kind, no_micro for thin air.
  MicroId writer(MicroId read) const;

  /// The versions of a key: the final writes of transactions that count, in order of invocation.
  std::span<const MicroId> versions(KeyId k) const {
    return {key_writes_.data() + key_first_[k], key_first_[k + 1] - key_first_[k]};
  }
  /// Whether some value of some key has several writers that a read may show.
  bool has_repeated_values() const { return has_repeated_values_; }

  std::size_t memory_bytes() const;

 private:
  struct Facts {
    ReadSource source : 4;
    bool is_external : 1;
    bool agrees : 1;
    bool is_final : 1;
  };
  /// All writes of one value to one key.
  struct Version {
    std::uint32_t first = 0;          ///< into finals_
    std::uint32_t count = 0;          ///< of final writes of transactions that did not abort
    MicroId intermediate = no_micro;  ///< of these transactions
    MicroId aborted = no_micro;
    bool is_initial = false;
    bool is_read = false;  ///< by another than its only writer
  };
  /// What a transaction did last to a key.
  struct Touched {
    Txn by = no_txn;
    MicroId last = no_micro;
    MicroId last_write = no_micro;
  };

  static std::uint64_t name(const Micro& micro) {
    return std::uint64_t{micro.key} << 32 | static_cast<std::uint32_t>(micro.value);
  }
  bool find_sessions(Effort& effort);
  bool find_finals(Effort& effort);
  bool find_versions(Effort& effort);
  bool find_sources(const CheckOptions& options, Effort& effort);
  void take_read(Txn t, MicroId m, const Touched& touched);
  void classify(Txn t, MicroId m, std::uint32_t place);
  void index_keys();

  const Transactions& all_;
  std::vector<bool> counts_;
  std::vector<std::uint32_t> session_;
  std::uint32_t session_count_ = 0;
  std::vector<Facts> facts_;
  std::vector<std::uint32_t>
      where_;  ///< of a read: its version, or a write; of a write: its version
  std::vector<Version> versions_;
  std::vector<MicroId> finals_;
  std::vector<std::uint32_t> key_first_;
  std::vector<MicroId> key_writes_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> version_of_;
  bool has_repeated_values_ = false;
};

}  // namespace gauntlet
