#include "checker/transactional/observations.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checker/transactional/tarjan.hpp"

namespace gauntlet {

namespace {

class Observer {
 public:
  Observer(const VersionOrders& orders, std::size_t each_max, Effort& effort)
      : orders_(orders), all_(orders.transactions()), each_max_(each_max), effort_(effort) {}

  Observations run() {
    clean_.resize(all_.key_count());
    shown_.resize(all_.micro_count());
    for (KeyId k = 0; k < all_.key_count(); ++k)
      look_at_key(k);
    for (Txn t = 0; t < all_.size(); ++t) {
      if (effort_.exhausted()) return std::move(result_);
      if (all_.outcome(t) == Outcome::committed) look_at_transaction(t);
    }
    find_lost_updates();
    find_cyclic_versions();
    result_.finished = !effort_.exhausted();
    return std::move(result_);
  }

 private:
  void add(std::string_view name, MicroId at, MicroId other = no_micro) {
    auto found = result_.counts.find(name);
    if (found == result_.counts.end()) found = result_.counts.emplace(name, 0).first;
    if (found->second++ < each_max_) result_.first.push_back({name, at, other});
  }

  bool is_aborted(MicroId append) const {
    return all_.outcome(all_.owner(append)) == Outcome::aborted;
  }

  /// Dirty updates, and how much of the key's longest read is beyond reproach.
  void look_at_key(KeyId k) {
    const auto writers = orders_.writers(k);
    clean_[k] = static_cast<std::uint32_t>(writers.size());
    if (!orders_.is_ordered(k)) {
      clean_[k] = 0;
      return;
    }
    MicroId aborted = no_micro;
    bool in_turn = true;
    for (std::uint32_t i = 0; i < writers.size(); ++i) {
      const MicroId append = writers[i];
      if (append != no_micro && in_turn) in_turn = follows_own(k, append);
      if (append == no_micro || is_aborted(append)) {
        clean_[k] = std::min(clean_[k], i);
        aborted = append;
      } else if (aborted != no_micro && orders_.happened(all_.owner(append))) {
        add("dirty update", append, aborted);
        aborted = no_micro;
      }
    }
  }

  /// Whether the longest read of the key shows what its transaction had appended to it before.
  bool follows_own(KeyId k, MicroId append) {
    shown_[append] = true;
    for (MicroId m = append; m-- > all_.first(all_.owner(append));) {
      const Micro& earlier = all_.micro(m);
      if (!earlier.writes || earlier.key != k) continue;
      if (!shown_[m]) add("incompatible order", orders_.longest(k), m);
      return shown_[m];
    }
    return true;
  }

  void look_at_transaction(Txn t) {
    for (MicroId m = all_.first(t); m < all_.end(t); ++m) {
      const Micro& micro = all_.micro(m);
      if (micro.writes || orders_.is_ambiguous(micro.key)) continue;
      const auto list = all_.list(micro);
      if (list.size() > clean_[micro.key]) look_at_elements(m, list);
      if (!list.empty()) find_intermediate(t, m, list.back());
      look_within(t, m, list);
    }
  }

  /// The elements of a read that may show some which should not be there.
  void look_at_elements(MicroId m, std::span<const ValueId> list) {
    const KeyId k = all_.micro(m).key;
    bool is_thin_air = false;
    MicroId aborted = no_micro;
    for (const ValueId element : list) {
      if (effort_.exhausted()) return;
      const MicroId append = orders_.writer(k, element);
      is_thin_air = is_thin_air || append == no_micro;
      if (append != no_micro && is_aborted(append)) aborted = append;
    }
    if (is_thin_air) add("thin-air read", m);
    if (aborted != no_micro) add("G1a", m, aborted);
    std::vector<ValueId> sorted(list.begin(), list.end());
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
      add("duplicate elements", m);
    }
    if (!orders_.is_incompatible(k)) return;
    const auto longest = all_.list(all_.micro(orders_.longest(k)));
    if (!std::equal(list.begin(), list.end(), longest.begin())) {
      add("incompatible order", m, orders_.longest(k));
    }
  }

  void find_intermediate(Txn reader, MicroId m, ValueId last) {
    const KeyId k = all_.micro(m).key;
    // The longest read tells who appended what is at the end of most others, without a search.
    const auto size = all_.list(all_.micro(m)).size();
    const MicroId append =
        orders_.is_ordered(k) ? orders_.writers(k)[size - 1] : orders_.writer(k, last);
    if (append == no_micro || all_.owner(append) == reader) return;
    for (MicroId later = append + 1; later < all_.end(all_.owner(append)); ++later) {
      const Micro& micro = all_.micro(later);
      if (!micro.writes || micro.key != k) continue;
      add("G1b", m, later);
      return;
    }
  }

  /// What the transaction itself did with the key before and after the read.
  void look_within(Txn t, MicroId m, std::span<const ValueId> list) {
    const KeyId k = all_.micro(m).key;
    for (MicroId later = m + 1; later < all_.end(t); ++later) {
      const Micro& micro = all_.micro(later);
      if (!micro.writes || micro.key != k) continue;
      if (std::find(list.begin(), list.end(), micro.value) != list.end()) {
        add("future read", m, later);
        break;
      }
    }
    // Backwards: the read must end with what was appended since the last read, behind exactly what
    // that read.
    std::size_t left = list.size();
    for (MicroId earlier = m; earlier-- > all_.first(t);) {
      const Micro& micro = all_.micro(earlier);
      if (micro.key != k) continue;
      if (effort_.exhausted()) return;
      if (micro.writes) {
        if (left == 0 || list[left - 1] != micro.value) {
          add("internal", m, earlier);
          result_.own_appends_lost = true;
          return;
        }
        --left;
        continue;
      }
      const auto before = all_.list(micro);
      if (!std::equal(before.begin(), before.end(), list.begin(),
                      list.begin() + static_cast<std::ptrdiff_t>(left))) {
        add("internal", m, earlier);
        const auto before_it = all_.micros(t).first(m - all_.first(t));
        result_.own_appends_lost =
            result_.own_appends_lost ||
            std::any_of(before_it.begin(), before_it.end(),
                        [&](const Micro& own) { return own.writes && own.key == k; });
      }
      return;
    }
  }

  struct Update {
    std::uint64_t version;  ///< key, and length of the list
    MicroId read;
    bool operator<(const Update& other) const {
      return version != other.version ? version < other.version : read < other.read;
    }
  };

  void find_lost_updates() {
    std::vector<Update> updates;
    for (Txn t = 0; t < all_.size(); ++t) {
      if (effort_.exhausted()) return;
      if (all_.outcome(t) == Outcome::committed) collect_updates(t, updates);
    }
    std::sort(updates.begin(), updates.end());
    for (std::size_t i = 0; i + 1 < updates.size(); ++i) {
      if (updates[i].version != updates[i + 1].version) continue;
      add("lost update", updates[i].read, updates[i + 1].read);
      while (i + 1 < updates.size() && updates[i].version == updates[i + 1].version)
        ++i;  // counted once a version
    }
  }

  /// Keys that the transaction read before it appended to them.
  void collect_updates(Txn t, std::vector<Update>& updates) const {
    for (MicroId m = all_.first(t); m < all_.end(t); ++m) {
      const Micro& read = all_.micro(m);
      if (read.writes || !orders_.is_ordered(read.key)) continue;
      const auto touches = [&](const Micro& other) { return other.key == read.key; };
      const auto micros = all_.micros(t);
      const auto here = micros.begin() + (m - all_.first(t));
      if (std::any_of(micros.begin(), here, touches)) continue;
      const auto update =
          std::find_if(here, micros.end(), [&](const Micro& o) { return touches(o) && o.writes; });
      if (update == micros.end()) continue;
      updates.push_back({std::uint64_t{read.key} << 32 | all_.list(read).size(), m});
    }
  }

  /// Of the keys without an order: whether the pairs of neighbours in all reads go round in a
  /// circle.
  void find_cyclic_versions() {
    std::map<KeyId, std::vector<MicroId>> reads;
    for (Txn t = 0; t < all_.size(); ++t) {
      if (all_.outcome(t) != Outcome::committed) continue;
      for (MicroId m = all_.first(t); m < all_.end(t); ++m) {
        const KeyId k = all_.micro(m).key;
        if (all_.micro(m).writes || orders_.is_ordered(k) || orders_.is_ambiguous(k)) continue;
        reads[k].push_back(m);
      }
    }
    for (const auto& [k, of_key] : reads) {
      if (effort_.exhausted()) return;
      if (contradict(of_key)) add("cyclic versions", of_key.front(), orders_.longest(k));
    }
  }

  bool contradict(const std::vector<MicroId>& reads) {
    std::map<ValueId, std::uint32_t> places;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> successions;
    for (const MicroId m : reads) {
      std::uint32_t last = no_micro;
      for (const ValueId element : all_.list(all_.micro(m))) {
        const auto place =
            places.try_emplace(element, static_cast<std::uint32_t>(places.size())).first->second;
        if (last == place) continue;  // twice in a row: a duplicate, no contradiction
        if (last != no_micro) successions.emplace_back(last, place);
        last = place;
      }
    }
    std::sort(successions.begin(), successions.end());
    Graph graph;
    for (std::uint32_t v = 0, i = 0; v < places.size(); ++v) {
      for (; i < successions.size() && successions[i].first == v; ++i)
        graph.edges.emplace_back(successions[i].second, Dependency::ww);
      graph.first.push_back(static_cast<std::uint32_t>(graph.edges.size()));
    }
    const Components parts =
        components_of(graph, effort_, [](std::uint32_t, Edge) { return true; });
    return parts.finished && !parts.is_acyclic();
  }

  const VersionOrders& orders_;
  const Transactions& all_;
  std::size_t each_max_;
  Effort& effort_;
  Observations result_;
  std::vector<bool> shown_;           // by append: the longest read of its key shows it, so far
  std::vector<std::uint32_t> clean_;  // by key: elements at the front that happened or may have
};

}  // namespace

Observations observations_of(const VersionOrders& orders, std::size_t each_max, Effort& effort) {
  return Observer(orders, each_max, effort).run();
}

std::string observation_text(std::string_view name, std::string_view key,
                             std::string_view element) {
  const auto say = [&](std::string_view text) {
    return fmt::format(fmt::runtime(text), fmt::arg("key", key), fmt::arg("element", element));
  };
  if (name == "G1a") return say("T1 read {element} in {key}, which T2 appended, and T2 aborted.");
  if (name == "G1b") {
    return say("T1 read a version of {key} that T2 had not finished: it appended {element} later.");
  }
  if (name == "dirty update") {
    return say("T1 appended to {key} behind {element}, which T2 appended, and T2 aborted.");
  }
  if (name == "lost update") {
    return say("Both read the same version of {key} and appended to it: neither saw the other.");
  }
  if (name == "internal") {
    return say("T1's read of {key} does not follow from what T1 itself did with {key} before.");
  }
  if (name == "future read") {
    return say("T1 read {element} in {key}, which T1 itself appended only later.");
  }
  if (name == "duplicate elements") return say("T1 read an element of {key} twice.");
  if (name == "incompatible order" && element != "null") {
    return say(
        "T1's read of {key} shows what its writer appended after {element}, but not before "
        "it {element} itself.");
  }
  if (name == "incompatible order") {
    return say("Neither read of {key} begins with the other: no order of the appends gives both.");
  }
  if (name == "cyclic versions") {
    return say("Reads of {key} show its elements in orders that contradict each other.");
  }
  return say("T1 read an element of {key} that nobody appended.");
}

}  // namespace gauntlet
