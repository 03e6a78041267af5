#include "checker/transactional/polygraph_reach.hpp"

#include <algorithm>
#include <queue>

namespace gauntlet {

namespace {

/// A track takes 4 bytes of every vertex, a transaction without one a bit for each moment.
constexpr std::uint32_t track_length_min = 16;
constexpr std::size_t bits_bytes_max = std::size_t{64} << 20;

}  // namespace

PolygraphReach::PolygraphReach(const Polygraph& graph, Effort& effort)
    : graph_(graph), effort_(effort) {
  const Txn size = graph.all->size();
  track_.assign(size, no_track);
  place_.assign(size, 0);
  if (graph.level.timing == Timing::sessions) track_sessions();
  if (graph.level.timing == Timing::real_time) track_intervals();
  number_the_rest();
}

void PolygraphReach::track_sessions() {
  const Footprints& all = *graph_.all;
  std::vector<std::uint32_t> lengths;
  for (const std::uint32_t session : all.sessions) {
    if (session >= lengths.size()) lengths.resize(session + 1, 0);
    ++lengths[session];
  }
  std::vector<std::uint32_t> tracks(lengths.size(), no_track);
  for (std::size_t s = 0; s < lengths.size(); ++s) {
    if (lengths[s] >= track_length_min) tracks[s] = tracks_++;
  }
  std::vector<std::uint32_t> next(tracks_, 0);
  for (Txn t = 0; t < all.size(); ++t) {
    track_[t] = tracks[all.sessions[t]];
    if (track_[t] != no_track) place_[t] = next[track_[t]]++;
  }
}

/// Each takes the track whose last ended first: as many tracks as were ever open at once.
void PolygraphReach::track_intervals() {
  const Footprints& all = *graph_.all;
  using Open = std::pair<EventIndex, std::uint32_t>;
  std::priority_queue<Open, std::vector<Open>, std::greater<>> tracks;
  std::vector<std::uint32_t> lengths;
  for (Txn t = 0; t < all.size(); ++t) {
    if (all.completed[t] == no_event) continue;
    if (tracks.empty() || tracks.top().first > all.invoked[t]) {
      track_[t] = static_cast<std::uint32_t>(lengths.size());
      lengths.push_back(0);
    } else {
      track_[t] = tracks.top().second;
      tracks.pop();
    }
    place_[t] = lengths[track_[t]]++;
    tracks.emplace(all.completed[t], track_[t]);
  }
  tracks_ = static_cast<std::uint32_t>(lengths.size());
}

void PolygraphReach::number_the_rest() {
  for (Txn t = 0; t < graph_.all->size(); ++t) {
    if (track_[t] != no_track) continue;
    place_[t] = static_cast<std::uint32_t>(rest_.size());
    rest_.push_back(t);
  }
  if (rest_.empty()) return;
  const std::size_t moments = graph_.has_two_moments() ? 2 : 1;
  const std::size_t words_needed = (rest_.size() * moments + 63) / 64;
  const std::size_t words_max =
      std::max<std::size_t>(1, bits_bytes_max / 8 / std::max<Vertex>(1, graph_.vertices));
  words_ = std::min(words_needed, words_max);
  block_size_ = static_cast<std::uint32_t>(words_ * 64 / moments);
  blocks_ = (static_cast<std::uint32_t>(rest_.size()) + block_size_ - 1) / block_size_;
}

bool PolygraphReach::follow_clocks(const ArcIndex& arcs, const std::vector<Vertex>& order) {
  const std::size_t size = std::size_t{graph_.vertices} * tracks_;
  if (clocks_.empty() && !effort_.allows(size * sizeof(std::uint32_t))) return false;
  clocks_.assign(size, 0);
  for (const Vertex v : order) {
    if (effort_.exhausted()) return false;
    std::uint32_t* const own = clocks_.data() + std::size_t{v} * tracks_;
    if (graph_.is_moment(v)) {
      const Txn t = graph_.transaction(v);
      if (track_[t] != no_track) {
        const bool is_end = v == graph_.end(t);
        own[track_[t]] =
            graph_.has_two_moments() ? 2 * place_[t] + (is_end ? 2 : 1) : place_[t] + 1;
      }
    }
    for (const Vertex to : arcs.out(v)) {
      std::uint32_t* const other = clocks_.data() + std::size_t{to} * tracks_;
      for (std::uint32_t i = 0; i < tracks_; ++i)
        other[i] = std::max(other[i], own[i]);
    }
  }
  return true;
}

bool PolygraphReach::follow(const ArcIndex& arcs, const std::vector<Vertex>& order,
                            std::uint32_t block) {
  if (block == 0 && tracks_ > 0 && !follow_clocks(arcs, order)) return false;
  if (rest_.empty()) return true;
  const std::size_t size = graph_.vertices * words_;
  if (bits_.empty() && !effort_.allows(size * sizeof(std::uint64_t))) return false;
  bits_.assign(size, 0);
  const std::size_t end =
      std::min<std::size_t>(rest_.size(), (block + 1) * std::size_t{block_size_});
  for (std::size_t i = block * std::size_t{block_size_}; i < end; ++i) {
    for (const bool is_end : {false, true}) {
      const std::uint32_t bit = bit_of(rest_[i], is_end);
      const Vertex v = is_end ? graph_.end(rest_[i]) : graph_.begin(rest_[i]);
      bits_[v * words_ + bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
  }
  for (const Vertex v : order) {
    if (effort_.exhausted()) return false;
    const std::uint64_t* const own = bits_.data() + v * words_;
    for (const Vertex to : arcs.out(v)) {
      std::uint64_t* const other = bits_.data() + to * words_;
      for (std::size_t i = 0; i < words_; ++i)
        other[i] |= own[i];
    }
  }
  return true;
}

std::vector<Vertex> topological_order(const ArcIndex& arcs, Vertex vertices, Effort& effort) {
  std::vector<std::uint32_t> pending(vertices, 0);
  for (const Vertex to : arcs.targets)
    ++pending[to];
  std::vector<Vertex> order;
  order.reserve(vertices);
  for (Vertex v = 0; v < vertices; ++v) {
    if (pending[v] == 0) order.push_back(v);
  }
  for (std::size_t i = 0; i < order.size() && !effort.exhausted(); ++i) {
    for (const Vertex to : arcs.out(order[i])) {
      if (--pending[to] == 0) order.push_back(to);
    }
  }
  return order;
}

}  // namespace gauntlet
