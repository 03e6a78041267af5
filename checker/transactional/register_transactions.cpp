#include "checker/transactional/register_transactions.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

namespace gauntlet {

namespace {

constexpr std::uint32_t no_version = no_micro;

/// Finds the initial value among those of a history: equal values have equal ids.
class InitialValue {
 public:
  InitialValue(const Values& values, const Value& initial) : values_(values), initial_(initial) {
    if (initial.is_nil()) id_ = ValueId::nil;
  }

  bool is(ValueId value) {
    if (id_) return value == *id_;
    if (values_.kind(value) != initial_.kind() || values_.to_value(value) != initial_) return false;
    id_ = value;
    return true;
  }

 private:
  const Values& values_;
  const Value& initial_;
  std::optional<ValueId> id_;
};

}  // namespace

bool RegisterTransactions::resolve(const CheckOptions& options, Effort& effort,
                                   std::span<const Txn> happened) {
  // Facts, places, the columns by key, and the map of versions with their table.
  constexpr std::size_t bytes_a_micro = 64;
  if (!effort.allows(std::size_t{all_.micro_count()} * bytes_a_micro)) return false;
  facts_.assign(all_.micro_count(), Facts{ReadSource::none, false, true, false});
  where_.assign(all_.micro_count(), no_version);
  if (!find_sessions(effort) || !find_finals(effort) || !find_versions(effort)) return false;
  if (!find_sources(options, effort)) return false;
  for (const Txn t : happened)
    counts_[t] = true;
  index_keys();
  return true;
}

bool RegisterTransactions::find_sessions(Effort& effort) {
  const History& history = all_.history();
  boost::unordered_flat_map<Process, std::uint32_t> ids;
  session_.reserve(all_.size());
  for (Txn t = 0; t < all_.size(); ++t) {
    if (effort.exhausted()) return false;
    const auto next = static_cast<std::uint32_t>(ids.size());
    session_.push_back(ids.try_emplace(history.process(all_.invoked(t)), next).first->second);
  }
  session_count_ = static_cast<std::uint32_t>(ids.size());
  return true;
}

bool RegisterTransactions::find_finals(Effort& effort) {
  std::vector<Txn> written_by(all_.key_count(), no_txn);
  for (Txn t = 0; t < all_.size(); ++t) {
    for (MicroId m = all_.end(t); m-- > all_.first(t);) {
      if (effort.exhausted()) return false;
      const Micro& micro = all_.micro(m);
      if (!micro.writes || written_by[micro.key] == t) continue;
      written_by[micro.key] = t;
      facts_[m].is_final = true;
    }
  }
  return true;
}

bool RegisterTransactions::find_versions(Effort& effort) {
  for (MicroId m = 0; m < all_.micro_count(); ++m) {
    if (effort.exhausted()) return false;
    if (!all_.micro(m).writes) continue;
    const auto next = static_cast<std::uint32_t>(versions_.size());
    const auto [at, is_new] = version_of_.try_emplace(name(all_.micro(m)), next);
    if (is_new) versions_.emplace_back();
    where_[m] = at->second;
    Version& version = versions_[at->second];
    if (all_.outcome(all_.owner(m)) == Outcome::aborted) {
      version.aborted = m;
    } else if (facts_[m].is_final) {
      ++version.count;
    } else {
      version.intermediate = m;
    }
  }
  std::uint32_t total = 0;
  for (Version& version : versions_) {
    version.first = total;
    total += version.count;
    version.count = 0;
  }
  finals_.resize(total);
  for (MicroId m = 0; m < all_.micro_count(); ++m) {
    if (!facts_[m].is_final || all_.outcome(all_.owner(m)) == Outcome::aborted) continue;
    Version& version = versions_[where_[m]];
    finals_[version.first + version.count++] = m;
  }
  return true;
}

bool RegisterTransactions::find_sources(const CheckOptions& options, Effort& effort) {
  InitialValue initial(all_.history().values(), options.initial);
  for (const auto& [named, version] : version_of_)
    versions_[version].is_initial = initial.is(static_cast<ValueId>(named & no_version));
  counts_.resize(all_.size());
  for (Txn t = 0; t < all_.size(); ++t)
    counts_[t] = all_.outcome(t) == Outcome::committed;
  std::vector<Touched> touched(all_.key_count());
  for (Txn t = 0; t < all_.size(); ++t) {
    if (all_.outcome(t) != Outcome::committed) continue;
    for (MicroId m = all_.first(t); m < all_.end(t); ++m) {
      if (effort.exhausted()) return false;
      const Micro& micro = all_.micro(m);
      Touched& key = touched[micro.key];
      if (key.by != t) key = {t, no_micro, no_micro};
      if (!micro.writes) {
        if (options.nil_read == NilRead::any && micro.value == ValueId::nil) continue;
        const auto next = static_cast<std::uint32_t>(versions_.size());
        const auto [at, is_new] = version_of_.try_emplace(name(micro), next);
        if (is_new) {
          versions_.emplace_back();
          versions_.back().is_initial = initial.is(micro.value);
        }
        where_[m] = at->second;
        take_read(t, m, key);
      }
      key.last = m;
      if (micro.writes) key.last_write = m;
    }
  }
  return true;
}

void RegisterTransactions::take_read(Txn t, MicroId m, const Touched& touched) {
  const Micro& micro = all_.micro(m);
  Facts& facts = facts_[m];
  facts.is_external = touched.last == no_micro;
  facts.agrees = facts.is_external || all_.micro(touched.last).value == micro.value;
  if (touched.last_write != no_micro && all_.micro(touched.last_write).value == micro.value) {
    facts.source = ReadSource::own;
    where_[m] = touched.last_write;
  } else {
    classify(t, m, where_[m]);
  }
}

void RegisterTransactions::classify(Txn t, MicroId m, std::uint32_t place) {
  Version& version = versions_[place];
  const std::span<const MicroId> finals(finals_.data() + version.first, version.count);
  const auto own_final = std::lower_bound(finals.begin(), finals.end(), all_.first(t));
  const bool has_own = own_final != finals.end() && *own_final < all_.end(t);
  const std::size_t of_others = finals.size() - (has_own ? 1 : 0);
  if (!version.is_read && of_others > 0) {
    // One of its own committed and counts anyway.
    for (const MicroId write : finals)
      counts_[all_.owner(write)] = true;
    version.is_read = true;
  }
  Facts& facts = facts_[m];
  if (of_others > 0 || version.is_initial) {
    facts.source = ReadSource::others;
    has_repeated_values_ = has_repeated_values_ || of_others + (version.is_initial ? 1 : 0) > 1;
    return;
  }
  MicroId own = no_micro;  // the last before the read, else the first after it
  for (MicroId other = all_.first(t); other < all_.end(t); ++other) {
    const bool is_same = all_.micro(other).writes && name(all_.micro(other)) == name(all_.micro(m));
    if (is_same && (other < m || own == no_micro)) own = other;
  }
  if (own != no_micro) {
    facts.source = own < m ? ReadSource::own_earlier : ReadSource::own_later;
    where_[m] = own;
  } else if (version.intermediate != no_micro) {
    facts.source = ReadSource::intermediate;
    where_[m] = version.intermediate;
  } else {
    facts.source = version.aborted != no_micro ? ReadSource::aborted : ReadSource::thin_air;
    where_[m] = version.aborted;
  }
}

void RegisterTransactions::index_keys() {
  key_first_.assign(all_.key_count() + 1, 0);
  const auto is_version = [&](MicroId m) { return facts_[m].is_final && counts_[all_.owner(m)]; };
  for (MicroId m = 0; m < all_.micro_count(); ++m)
    key_first_[all_.micro(m).key + 1] += is_version(m);
  std::partial_sum(key_first_.begin(), key_first_.end(), key_first_.begin());
  key_writes_.resize(key_first_.back());
  std::vector<std::uint32_t> next(key_first_.begin(), key_first_.end() - 1);
  for (MicroId m = 0; m < all_.micro_count(); ++m) {
    if (is_version(m)) key_writes_[next[all_.micro(m).key]++] = m;
  }
}

MicroId RegisterTransactions::writer(MicroId read) const {
  if (facts_[read].source != ReadSource::others) return where_[read];
  MicroId found = may_be_initial(read) ? initial_version : no_micro;
  for (const MicroId write : writers(read)) {
    if (all_.owner(write) == all_.owner(read)) continue;
    if (found != no_micro) return no_micro;
    found = write;
  }
  return found;
}

std::size_t RegisterTransactions::memory_bytes() const {
  return facts_.capacity() * sizeof(Facts) + counts_.capacity() / 8 +
         versions_.capacity() * sizeof(Version) +
         version_of_.bucket_count() * (sizeof(std::uint64_t) + sizeof(std::uint64_t)) +
         (session_.capacity() + where_.capacity() + finals_.capacity() + key_first_.capacity() +
          key_writes_.capacity()) *
             sizeof(std::uint32_t);
}

}  // namespace gauntlet
