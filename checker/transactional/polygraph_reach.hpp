// Which moments of transactions lead to which vertices of a polygraph.
//
// Transactions that are known to follow each other (of a session, or one ended before the next was
// invoked) form tracks; of a track it is enough to know how many of its moments lead to a vertex,
// since those are its first (vector clocks: Fidge 1988, Mattern 1989). Transactions of no track
// have a bit each, in blocks that fit into memory.
//
// O(arcs * (tracks + moments without a track / 64)) time, O(vertices * tracks) space.
#pragma once

#include <cstdint>
#include <vector>

#include "checker/transactional/polygraph.hpp"

namespace gauntlet {

class PolygraphReach {
 public:
  static constexpr std::uint32_t no_track = 0xffffffff;

  /// Assigns tracks. The polygraph and the effort outlive it.
  PolygraphReach(const Polygraph& graph, Effort& effort);

  /// The track of a transaction, or no_track; and its place in it, or its number among those
  /// without a track.
  std::uint32_t track(Txn t) const { return track_[t]; }
  std::uint32_t place(Txn t) const { return place_[t]; }
  std::uint32_t tracks() const { return tracks_; }
  std::uint32_t blocks() const { return blocks_; }
  /// The block in which the moments of a transaction without a track are known.
  std::uint32_t block_of(Txn t) const { return place_[t] / block_size_; }

  /// Follows the arcs; `order` is topological. Clocks are for the first block, and stay. False
  /// where the effort ran out.
  bool follow(const ArcIndex& arcs, const std::vector<Vertex>& order, std::uint32_t block);

  /// How many transactions of the track have their begin (or end) lead to the vertex.
  std::uint32_t begins(std::uint32_t track, Vertex to) const {
    const std::uint32_t moments = clocks_[std::size_t{to} * tracks_ + track];
    return graph_.has_two_moments() ? (moments + 1) / 2 : moments;
  }
  std::uint32_t ends(std::uint32_t track, Vertex to) const {
    const std::uint32_t moments = clocks_[std::size_t{to} * tracks_ + track];
    return graph_.has_two_moments() ? moments / 2 : moments;
  }
  /// Whether the begin (or end) leads to the vertex or is it. The transaction is in a track, or in
  /// the block that was followed last.
  bool begin_reaches(Txn t, Vertex to) const {
    return track_[t] != no_track ? place_[t] < begins(track_[t], to) : has_bit(t, false, to);
  }
  bool end_reaches(Txn t, Vertex to) const {
    return track_[t] != no_track ? place_[t] < ends(track_[t], to) : has_bit(t, true, to);
  }

 private:
  void track_sessions();
  void track_intervals();
  void number_the_rest();
  bool follow_clocks(const ArcIndex& arcs, const std::vector<Vertex>& order);
  bool has_bit(Txn t, bool end, Vertex to) const {
    const std::uint32_t bit = bit_of(t, end);
    return (bits_[std::size_t{to} * words_ + bit / 64] >> (bit % 64) & 1) != 0;
  }
  std::uint32_t bit_of(Txn t, bool end) const {
    const std::uint32_t place = place_[t] % block_size_;
    return graph_.has_two_moments() ? 2 * place + (end ? 1 : 0) : place;
  }

  const Polygraph& graph_;
  Effort& effort_;
  std::vector<std::uint32_t> track_;
  std::vector<std::uint32_t> place_;
  std::vector<Txn> rest_;  // without a track
  std::uint32_t tracks_ = 0;
  std::uint32_t blocks_ = 1;
  std::uint32_t block_size_ = 1;
  std::size_t words_ = 0;
  std::vector<std::uint32_t> clocks_;  // rows by vertex
  std::vector<std::uint64_t> bits_;    // rows by vertex
};

/// All vertices, sources before targets; fewer where there is a cycle, or the effort ran out.
std::vector<Vertex> topological_order(const ArcIndex& arcs, Vertex vertices, Effort& effort);

}  // namespace gauntlet
