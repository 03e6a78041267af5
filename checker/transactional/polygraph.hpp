// The polygraph of transactions on registers: what must come before what, and what is left to
// choose, so that a level holds if and only if some choice leaves no cycle.
//
// Vertices are moments. A transaction has a begin, when it takes its snapshot, and an end, when it
// commits; for serializability they are one. An order of the moments is a run of the database:
//   wr  a reader begins behind the end of its writer,
//   rw  and before the end of whoever overwrites what it read;
//   ww  of two writers of a key, one ends before the other begins (snapshot isolation: first
//       committer wins; serializability), or ends before the other ends (prefix consistency);
// sessions and real time let one end before another begins. (Papadimitriou, "The serializability of
// concurrent database updates", JACM 1979: polygraphs; Zhang et al., "Viper", EuroSys 2023: begin
// and commit as vertices for snapshot isolation; Biswas and Enea, OOPSLA 2019, for prefix.)
//
// Why acyclic means that the level holds: sort the moments topologically and let each transaction
// read at its begin. Of a key that it read from w, w ended before, and every other writer ended
// before w or begins - so ends - behind w and, by rw, ends behind the reader's begin: the snapshot
// shows w. Conversely the moments of a run that explains the history satisfy all edges, for the
// choice of ww that it made.
//
// Versions form chains: where a reader of w also writes the key, its version comes next behind w,
// with none between (a version between would be read instead under serializability, and under
// snapshot isolation would belong to a transaction that overlaps one of the two). So what is to be
// chosen is the order of chains, not of writers (Tan et al., "Cobra", OSDI 2020, combine writes
// likewise). The chain of the initial version comes first. Where two readers of w write the key,
// one is taken as the next, and both orders of the other's chain close a cycle. Prefix consistency
// lets updates be lost: each version is a chain there.
//
// Whatever comes behind a version w comes behind its readers, too: `late`, a vertex behind w's end
// and its readers' begins, stands for them. So one chain before another takes two edges at most.
//
// O(reads + writes) time and space.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "checker/transactional/footprints.hpp"

namespace gauntlet {

/// What transactions see of each other: some version that was committed (committed), all that
/// committed before they began (prefix), so that no other in between writes what they write
/// (snapshot), and to their end (serial). Parallel snapshot isolation is no order of moments: there
/// the graph is of wr and ww only, and an rw must not close a path (parallel_decision.hpp).
enum class Sight : std::uint8_t { committed, prefix, parallel, snapshot, serial };
/// What order besides they must respect. Weakest first.
enum class Timing : std::uint8_t { none, sessions, real_time };

struct OrderLevel {
  Sight sight = Sight::serial;
  Timing timing = Timing::real_time;
  KeyOrder keys = KeyOrder::none;
};

using Vertex = std::uint32_t;
inline constexpr Vertex no_vertex = 0xffffffff;

struct Arc {
  Vertex from;
  Vertex to;
};

/// Versions of a key that follow each other.
struct Chain {
  Txn first;                   ///< writer of its first version; no_txn if that is the initial one
  Txn last;                    ///< writer of its last; no_txn if it holds the initial one only
  Vertex late;                 ///< behind its last version and the readers of it
  std::uint32_t reader_first;  ///< these, in Polygraph::readers
  std::uint32_t reader_count;
};

/// Read-only once it is made. The footprints outlive it.
struct Polygraph {
  const Footprints* all = nullptr;
  OrderLevel level;
  Vertex vertices = 0;
  std::vector<Arc> arcs;      ///< known ones; some twice
  std::vector<Chain> chains;  ///< by key; one with the initial version is its key's first
  std::vector<std::uint32_t> key_chains{0};  ///< by key: its first chain
  std::vector<std::uint32_t> chain_of;       ///< by write
  /// By write, then by key for initial versions: the write that comes next in the chain, or
  /// `initial_write` at its end.
  std::vector<WriteId> next;
  std::vector<Txn> readers;  ///< of versions, those that write the next left out
  bool finished = false;     ///< false where the effort ran out

  bool has_two_moments() const {
    return level.sight == Sight::prefix || level.sight == Sight::snapshot;
  }
  Vertex begin(Txn t) const { return has_two_moments() ? 2 * t : t; }
  Vertex end(Txn t) const { return has_two_moments() ? 2 * t + 1 : t; }
  /// Vertices of transactions come first; the others are helpers.
  bool is_moment(Vertex v) const { return v < (all->size() << (has_two_moments() ? 1 : 0)); }
  Txn transaction(Vertex v) const { return has_two_moments() ? v / 2 : v; }
  bool is_initial(const Chain& chain) const { return chain.first == no_txn; }

  /// Of chain `a` before chain `b` of its key: calls `emit(Arc)` for each edge that it means.
  template <class Emit>
  void order(const Chain& a, const Chain& b, Emit emit) const {
    if (level.sight == Sight::parallel) {
      if (a.last != no_txn) emit(Arc{end(a.last), end(b.first)});
      return;
    }
    emit(Arc{a.late, end(b.first)});
    if (level.sight == Sight::snapshot && a.last != no_txn) emit(Arc{end(a.last), begin(b.first)});
  }
};

/// The readers of a chain's last version.
inline std::span<const Txn> readers_of(const Polygraph& graph, const Chain& chain) {
  return {graph.readers.data() + chain.reader_first, chain.reader_count};
}

Polygraph polygraph_of(const Footprints& all, OrderLevel level, Effort& effort);

/// Arcs by source.
struct ArcIndex {
  std::vector<std::uint32_t> first;
  std::vector<Vertex> targets;

  ArcIndex() = default;
  ArcIndex(Vertex vertices, const std::vector<Arc>& arcs, const std::vector<Arc>& more);
  std::span<const Vertex> out(Vertex v) const {
    return {targets.data() + first[v], first[v + 1] - first[v]};
  }
};

}  // namespace gauntlet
