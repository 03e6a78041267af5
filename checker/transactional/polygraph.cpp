#include "checker/transactional/polygraph.hpp"

#include <algorithm>
#include <numeric>

namespace gauntlet {

namespace {

class PolygraphBuilder {
 public:
  PolygraphBuilder(const Footprints& all, OrderLevel level, Effort& effort)
      : all_(all), effort_(effort) {
    result_.all = &all;
    result_.level = level;
    result_.vertices = all.size() * (result_.has_two_moments() ? 2 : 1);
  }

  Polygraph build() {
    // Arcs of reads, sessions and time, the columns by write, chains.
    const std::size_t bytes = all_.reads.size() * 24 + all_.write_count() * std::size_t{44} +
                              all_.size() * std::size_t{48} + all_.key_count * std::size_t{24};
    if (!effort_.allows(bytes)) return std::move(result_);
    add_moments();
    if (!add_reads()) return std::move(result_);
    if (result_.level.sight != Sight::committed) {
      add_keys();
      add_key_order();
    }
    add_known_order();
    if (result_.level.timing == Timing::sessions) add_sessions();
    if (result_.level.timing == Timing::real_time) add_time();
    result_.finished = !effort_.exhausted_now();
    return std::move(result_);
  }

 private:
  void arc(Vertex from, Vertex to) { result_.arcs.push_back({from, to}); }
  Vertex begin(Txn t) const { return result_.begin(t); }
  Vertex end(Txn t) const { return result_.end(t); }

  /// Versions are the writes, then the initial version of each key.
  std::size_t version_count() const { return std::size_t{all_.write_count()} + all_.key_count; }
  std::size_t version(WriteId w, KeyId k) const {
    return w == initial_write ? std::size_t{all_.write_count()} + k : w;
  }

  void add_moments() {
    if (!result_.has_two_moments()) return;
    for (Txn t = 0; t < all_.size(); ++t)
      arc(begin(t), end(t));
  }

  /// Finds the next version of each, and its other readers.
  bool add_reads() {
    result_.next.assign(version_count(), initial_write);
    has_previous_.assign(all_.write_count(), false);
    reader_first_.assign(version_count() + 1, 0);
    std::vector<std::pair<std::uint32_t, Txn>> readings;
    readings.reserve(all_.reads.size());
    for (Txn t = 0; t < all_.size(); ++t) {
      for (const FootprintRead& read : all_.reads_of(t)) {
        if (effort_.exhausted()) return false;
        if (read.count != 1) continue;
        const WriteId source = all_.sources[read.first];
        const std::size_t v = version(source, read.key);
        if (source != initial_write) arc(end(all_.write_owners[source]), begin(t));
        if (result_.level.sight != Sight::prefix && result_.next[v] == initial_write) {
          const WriteId own = all_.write_of(t, read.key);
          if (own != initial_write) {
            result_.next[v] = own;
            has_previous_[own] = true;
            continue;
          }
        }
        ++reader_first_[v + 1];
        readings.emplace_back(static_cast<std::uint32_t>(v), t);
      }
    }
    std::partial_sum(reader_first_.begin(), reader_first_.end(), reader_first_.begin());
    result_.readers.resize(readings.size());
    std::vector<std::uint32_t> at(reader_first_.begin(), reader_first_.end() - 1);
    for (const auto& [v, t] : readings)
      result_.readers[at[v]++] = t;
    return true;
  }

  std::span<const Txn> readers(std::size_t v) const {
    return {result_.readers.data() + reader_first_[v], reader_first_[v + 1] - reader_first_[v]};
  }

  /// A vertex behind the version and its readers but the one that wrote the next.
  Vertex late(std::size_t v) {
    const auto all_readers = readers(v);
    if (all_readers.empty()) {
      return v < all_.write_count() ? end(all_.write_owners[v]) : no_vertex;
    }
    if (all_readers.size() == 1) return begin(all_readers[0]);
    const Vertex helper = result_.vertices++;
    for (const Txn reader : all_readers)
      arc(begin(reader), helper);
    return helper;
  }

  void add_keys() {
    std::vector<std::uint32_t> first(all_.key_count + 1, 0);
    for (WriteId w = 0; w < all_.write_count(); ++w)
      first[all_.write_keys[w] + 1] += has_previous_[w] ? 0 : 1;
    std::partial_sum(first.begin(), first.end(), first.begin());
    std::vector<WriteId> heads(first.back());
    std::vector<std::uint32_t> at(first.begin(), first.end() - 1);
    for (WriteId w = 0; w < all_.write_count(); ++w) {
      if (!has_previous_[w]) heads[at[all_.write_keys[w]]++] = w;
    }
    result_.chain_of.assign(all_.write_count(), 0);
    for (KeyId k = 0; k < all_.key_count; ++k) {
      const std::size_t initial = version(initial_write, k);
      const bool is_read = result_.next[initial] != initial_write || !readers(initial).empty();
      if (is_read) add_chain(initial);
      for (std::uint32_t i = first[k]; i < first[k + 1]; ++i)
        add_chain(heads[i]);
      if (is_read) put_first(result_.key_chains.back());
      result_.key_chains.push_back(static_cast<std::uint32_t>(result_.chains.size()));
    }
  }

  /// The chain from version `v` on, and the edges within it. (A circle of versions of which each
  /// was read before the next was written has no head; its edges to and from reads are a cycle.)
  void add_chain(std::size_t v) {
    Chain chain{no_txn, no_txn, no_vertex, 0, 0};
    if (v < all_.write_count()) chain.first = all_.write_owners[v];
    const auto place = static_cast<std::uint32_t>(result_.chains.size());
    while (true) {
      if (v < all_.write_count()) {
        chain.last = all_.write_owners[v];
        result_.chain_of[v] = place;
      }
      if (result_.next[v] == initial_write) break;
      const bool parallel = result_.level.sight == Sight::parallel;
      if (!parallel && !readers(v).empty()) {
        arc(late(v), end(all_.write_owners[result_.next[v]]));
      }
      v = result_.next[v];
    }
    chain.late = late(v);
    chain.reader_first = reader_first_[v];
    chain.reader_count = static_cast<std::uint32_t>(readers(v).size());
    if (chain.late == no_vertex) chain.late = end(chain.last);
    result_.chains.push_back(chain);
  }

  /// The first chain of a key, whose chains are the last so far, before all others.
  void put_first(std::uint32_t chain) {
    for (std::size_t other = chain + 1; other < result_.chains.size(); ++other) {
      result_.order(result_.chains[chain], result_.chains[other],
                    [&](Arc edge) { result_.arcs.push_back(edge); });
    }
  }

  /// Of writers of a key whose order is known: of the versions, not of all moments.
  void add_key_order() {
    if (result_.level.keys == KeyOrder::none) return;
    std::vector<std::vector<WriteId>> writes(all_.key_count);
    for (WriteId w = 0; w < all_.write_count(); ++w)
      writes[all_.write_keys[w]].push_back(w);
    for (const std::vector<WriteId>& of_key : writes) {
      if (of_key.size() < 2) continue;
      if (result_.level.keys == KeyOrder::sequential) {
        order_by_session(of_key);
      } else {
        order_by_time(of_key);
      }
    }
  }

  void add_known_order() {
    for (const auto& [before, after] : all_.known_order) {
      if (result_.level.sight == Sight::committed) {
        arc(end(all_.write_owners[before]), end(all_.write_owners[after]));
      } else if (result_.next[before] != after) {
        leave(before, entry(after));
      }
    }
  }

  /// Where what comes behind a version comes behind, and where a version comes from it.
  struct Ways {
    Vertex rw = no_vertex;
    Vertex ww = no_vertex;
  };

  void leave(WriteId w, Ways to) {
    const Sight sight = result_.level.sight;
    if (sight != Sight::parallel) arc(late(w), to.rw);
    if (sight == Sight::parallel || sight == Sight::snapshot) {
      arc(end(all_.write_owners[w]), to.ww);
    }
  }
  Ways entry(WriteId w) const {
    const Txn t = all_.write_owners[w];
    return {end(t), result_.level.sight == Sight::parallel ? end(t) : begin(t)};
  }

  void order_by_session(const std::vector<WriteId>& of_key) {
    std::vector<std::pair<std::uint32_t, WriteId>> sorted;
    sorted.reserve(of_key.size());
    for (const WriteId w : of_key)
      sorted.emplace_back(all_.sessions[all_.write_owners[w]], w);
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 1; i < sorted.size(); ++i) {
      const auto [session, w] = sorted[i];
      const WriteId before = sorted[i - 1].second;
      const bool ended =
          all_.completed[all_.write_owners[before]] < all_.invoked[all_.write_owners[w]];
      if (sorted[i - 1].first == session && ended) leave(before, entry(w));
    }
  }

  /// As `add_time`, with helpers of the key.
  void order_by_time(const std::vector<WriteId>& of_key) {
    std::vector<std::pair<EventIndex, WriteId>> ends;
    for (const WriteId w : of_key) {
      const EventIndex completed = all_.completed[all_.write_owners[w]];
      if (completed != no_event) ends.emplace_back(completed, w);
    }
    std::sort(ends.begin(), ends.end());
    Ways now;
    std::size_t i = 0;
    for (const WriteId w : of_key) {
      const EventIndex invoked = all_.invoked[all_.write_owners[w]];
      if (i < ends.size() && ends[i].first < invoked) {
        const Ways before = now;
        now.rw = result_.vertices++;
        now.ww = result_.vertices++;
        if (before.rw != no_vertex) {
          arc(before.rw, now.rw);
          arc(before.ww, now.ww);
        }
        for (; i < ends.size() && ends[i].first < invoked; ++i)
          leave(ends[i].second, now);
      }
      if (now.rw == no_vertex) continue;
      const Ways into = entry(w);
      arc(now.rw, into.rw);
      arc(now.ww, into.ww);
    }
  }

  void add_sessions() {
    std::vector<Txn> last;
    for (Txn t = 0; t < all_.size(); ++t) {
      const std::uint32_t session = all_.sessions[t];
      if (session >= last.size()) last.resize(session + 1, no_txn);
      const Txn before = last[session];
      if (before != no_txn && all_.completed[before] < all_.invoked[t]) arc(end(before), begin(t));
      last[session] = t;
    }
  }

  /// A chain of helpers: those that ended lead to the next, and it to what is invoked thereafter.
  void add_time() {
    std::vector<std::pair<EventIndex, Txn>> ends;
    for (Txn t = 0; t < all_.size(); ++t) {
      if (all_.completed[t] != no_event) ends.emplace_back(all_.completed[t], t);
    }
    std::sort(ends.begin(), ends.end());
    Vertex now = no_vertex;
    std::size_t i = 0;
    for (Txn t = 0; t < all_.size(); ++t) {
      if (i < ends.size() && ends[i].first < all_.invoked[t]) {
        const Vertex before = now;
        now = result_.vertices++;
        if (before != no_vertex) arc(before, now);
        for (; i < ends.size() && ends[i].first < all_.invoked[t]; ++i)
          arc(end(ends[i].second), now);
      }
      if (now != no_vertex) arc(now, begin(t));
    }
  }

  const Footprints& all_;
  Effort& effort_;
  Polygraph result_;
  std::vector<bool> has_previous_;
  std::vector<std::uint32_t> reader_first_;
};

}  // namespace

Polygraph polygraph_of(const Footprints& all, OrderLevel level, Effort& effort) {
  return PolygraphBuilder(all, level, effort).build();
}

ArcIndex::ArcIndex(Vertex vertices, const std::vector<Arc>& arcs, const std::vector<Arc>& more) {
  first.assign(std::size_t{vertices} + 1, 0);
  for (const auto* part : {&arcs, &more}) {
    for (const Arc& arc : *part)
      ++first[arc.from + 1];
  }
  std::partial_sum(first.begin(), first.end(), first.begin());
  targets.resize(arcs.size() + more.size());
  std::vector<std::uint32_t> at(first.begin(), first.end() - 1);
  for (const auto* part : {&arcs, &more}) {
    for (const Arc& arc : *part)
      targets[at[arc.from]++] = arc.to;
  }
}

}  // namespace gauntlet
