#include "checker/transactional/version_orders.hpp"

#include <algorithm>

namespace gauntlet {

bool VersionOrders::infer(Effort& effort) {
  return collect(effort) && order(effort) && compare(effort);
}

bool VersionOrders::collect(Effort& effort) {
  const Transactions& all = transactions_;
  // The table of appends doubles when it is 7/8 full, at 16 bytes a place.
  constexpr std::size_t append_bytes = 48;
  if (!effort.allows(all.micro_count() * append_bytes)) return false;
  keys_.resize(all.key_count());
  happened_.resize(all.size());
  observed_.resize(all.micro_count());
  append_of_.reserve(all.micro_count() / 2);
  for (Txn t = 0; t < all.size(); ++t) {
    if (effort.exhausted()) return false;
    happened_[t] = all.outcome(t) == Outcome::committed;
    for (MicroId m = all.first(t); m < all.end(t); ++m) {
      const Micro& micro = all.micro(m);
      Key& key = keys_[micro.key];
      if (micro.writes) {
        if (!append_of_.try_emplace(name(micro.key, micro.value), m).second) {
          key.faults |= ambiguous;
        }
      } else if (happened_[t]) {
        const auto length = static_cast<std::uint32_t>(all.list(micro).size());
        if (key.longest != no_micro && length <= key.length) continue;
        key.longest = m;
        key.length = length;
      }
    }
  }
  return true;
}

MicroId VersionOrders::writer(KeyId k, ValueId element) const {
  const auto found = append_of_.find(name(k, element));
  return found == append_of_.end() ? no_micro : found->second;
}

void VersionOrders::observe(KeyId k, ValueId element) {
  const MicroId m = writer(k, element);
  if (m == no_micro) return;
  observed_[m] = true;
  const Txn t = transactions_.owner(m);
  if (transactions_.outcome(t) == Outcome::indefinite && !is_ambiguous(k)) happened_[t] = true;
}

bool VersionOrders::order(Effort& effort) {
  for (KeyId k = 0; k < keys_.size(); ++k) {
    Key& key = keys_[k];
    key.first = static_cast<std::uint32_t>(writers_.size());
    if (key.longest == no_micro) continue;
    for (const ValueId element : transactions_.list(transactions_.micro(key.longest))) {
      if (effort.exhausted()) return false;
      const MicroId m = writer(k, element);
      writers_.push_back(m);
      if (m != no_micro && observed_[m]) key.faults |= duplicates;
      observe(k, element);
    }
  }
  return true;
}

bool VersionOrders::compare(Effort& effort) {
  const Transactions& all = transactions_;
  for (Txn t = 0; t < all.size(); ++t) {
    if (all.outcome(t) != Outcome::committed) continue;
    for (const Micro& micro : all.micros(t)) {
      if (effort.exhausted()) return false;
      if (micro.writes) continue;
      Key& key = keys_[micro.key];
      const auto list = all.list(micro);
      const auto longest = all.list(all.micro(key.longest));
      if (std::equal(list.begin(), list.end(), longest.begin())) continue;
      key.faults |= incompatible;
      for (const ValueId element : list)
        observe(micro.key, element);
    }
  }
  find_unobserved();
  return true;
}

void VersionOrders::find_unobserved() {
  const Transactions& all = transactions_;
  const auto counts = [&](MicroId m) {
    return all.micro(m).writes && !observed_[m] && happened_[all.owner(m)];
  };
  for (MicroId m = 0; m < all.micro_count(); ++m) {
    if (counts(m)) ++keys_[all.micro(m).key].unobserved;
  }
  std::uint32_t sum = 0;
  for (Key& key : keys_) {
    key.unobserved_first = sum;
    sum += std::exchange(key.unobserved, 0);
  }
  unobserved_.resize(sum);
  for (MicroId m = 0; m < all.micro_count(); ++m) {
    if (!counts(m)) continue;
    Key& key = keys_[all.micro(m).key];
    unobserved_[key.unobserved_first + key.unobserved++] = m;
  }
}

std::size_t VersionOrders::memory_bytes() const {
  return keys_.capacity() * sizeof(Key) +
         (writers_.capacity() + unobserved_.capacity()) * sizeof(MicroId) +
         append_of_.bucket_count() * sizeof(std::pair<std::uint64_t, MicroId>);
}

}  // namespace gauntlet
