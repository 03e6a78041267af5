#include "checker/transactional/footprints.hpp"

namespace gauntlet {

WriteId Footprints::write_of(Txn t, KeyId k) const {
  for (WriteId w = write_first[t]; w < write_first[t + 1]; ++w) {
    if (write_keys[w] == k) return w;
  }
  return initial_write;
}

Footprints footprints_of(const RegisterTransactions& registers, Effort& effort, bool repeated) {
  const Transactions& all = registers.transactions();
  Footprints result;
  constexpr std::size_t bytes_a_micro = 28;
  if (!effort.allows(std::size_t{all.micro_count()} * bytes_a_micro)) return {};
  result.key_count = all.key_count();
  for (KeyId k = 0; k < all.key_count(); ++k)
    result.key_names.push_back(all.key(k));
  std::vector<WriteId> write_of(all.micro_count(), initial_write);
  for (Txn t = 0; t < all.size(); ++t) {
    if (!registers.counts(t)) continue;
    for (MicroId m = all.first(t); m < all.end(t); ++m) {
      if (!registers.is_final(m)) continue;
      write_of[m] = result.write_count();
      result.write_keys.push_back(all.micro(m).key);
      result.write_owners.push_back(result.size());
    }
    result.write_first.push_back(result.write_count());
    result.sessions.push_back(registers.session(t));
    result.invoked.push_back(all.invoked(t));
    result.completed.push_back(all.completed(t));
    result.originals.push_back(t);
  }
  for (const Txn t : result.originals) {
    for (MicroId m = all.first(t); m < all.end(t); ++m) {
      if (effort.exhausted()) return {};
      if (registers.source(m) != ReadSource::others) continue;
      if (!repeated && !registers.is_external(m)) continue;
      const auto first = static_cast<std::uint32_t>(result.sources.size());
      if (registers.may_be_initial(m)) result.sources.push_back(initial_write);
      for (const MicroId write : registers.writers(m)) {
        if (all.owner(write) != t) result.sources.push_back(write_of[write]);
      }
      const auto count = static_cast<std::uint32_t>(result.sources.size()) - first;
      result.has_repeated_values = result.has_repeated_values || count > 1;
      result.reads.push_back({all.micro(m).key, first, count, m});
    }
    result.read_first.push_back(static_cast<std::uint32_t>(result.reads.size()));
  }
  return result;
}

Footprints part_of(const Footprints& all, const std::vector<bool>& keep_transactions,
                   const std::vector<bool>& keep_keys) {
  Footprints part;
  std::vector<KeyId> keys(all.key_count);
  for (KeyId k = 0; k < all.key_count; ++k) {
    if (!keep_keys[k]) continue;
    keys[k] = part.key_count++;
    part.key_names.push_back(all.key_names[k]);
  }
  std::vector<WriteId> writes(all.write_count(), initial_write);
  for (Txn t = 0; t < all.size(); ++t) {
    if (!keep_transactions[t]) continue;
    for (WriteId w = all.write_first[t]; w < all.write_first[t + 1]; ++w) {
      if (!keep_keys[all.write_keys[w]]) continue;
      writes[w] = part.write_count();
      part.write_keys.push_back(keys[all.write_keys[w]]);
      part.write_owners.push_back(part.size());
    }
    part.write_first.push_back(part.write_count());
    part.sessions.push_back(all.sessions[t]);
    part.invoked.push_back(all.invoked[t]);
    part.completed.push_back(all.completed[t]);
    part.originals.push_back(all.originals[t]);
  }
  for (Txn t = 0; t < all.size(); ++t) {
    if (!keep_transactions[t]) continue;
    for (const FootprintRead& read : all.reads_of(t)) {
      if (!keep_keys[read.key]) continue;
      const auto first = static_cast<std::uint32_t>(part.sources.size());
      bool complete = true;
      for (const WriteId w : all.sources_of(read)) {
        complete = complete && (w == initial_write || writes[w] != initial_write);
        part.sources.push_back(w == initial_write ? initial_write : writes[w]);
      }
      if (!complete) {
        part.sources.resize(first);
        continue;
      }
      part.has_repeated_values = part.has_repeated_values || read.count > 1;
      part.reads.push_back({keys[read.key], first, read.count, read.micro});
    }
    part.read_first.push_back(static_cast<std::uint32_t>(part.reads.size()));
  }
  return part;
}

}  // namespace gauntlet
