#include "reports/lanes.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace gauntlet {

namespace {

/// What one process did: from its first event to its last.
struct Life {
  Process process;
  EventIndex first;
  EventIndex last;
  std::string_view node;
};

std::vector<Life> lives_of(const History& history) {
  std::vector<Life> lives;
  boost::unordered_flat_map<Process, std::size_t> position;
  for (EventIndex i = 0; i < history.size(); ++i) {
    if (!history.is_client(i)) continue;
    const Process process = history.process(i);
    const auto [found, is_new] = position.try_emplace(process, lives.size());
    if (is_new) lives.push_back({process, i, i, history.node(i)});
    Life& life = lives[found->second];
    life.last = i;
    if (life.node.empty()) life.node = history.node(i);
  }
  return lives;
}

/// The most processes that were alive at one moment; `lives` are in order of `first`.
std::size_t width_of(const std::vector<Life>& lives) {
  std::vector<EventIndex> ends;
  ends.reserve(lives.size());
  for (const auto& life : lives)
    ends.push_back(life.last);
  std::sort(ends.begin(), ends.end());
  std::size_t ended = 0;
  std::size_t width = 0;
  for (std::size_t begun = 0; begun < lives.size(); ++begun) {
    while (ends[ended] < lives[begun].first)
      ++ended;
    width = std::max(width, begun + 1 - ended);
  }
  return width;
}

using Assignment = std::vector<std::size_t>;  ///< the lane of each life

std::optional<Assignment> assign_modulo(const std::vector<Life>& lives, std::size_t concurrency) {
  Assignment lanes(lives.size());
  std::vector<const Life*> previous(concurrency, nullptr);
  for (std::size_t i = 0; i < lives.size(); ++i) {
    const Life& life = lives[i];
    const std::size_t lane = static_cast<std::size_t>(life.process) % concurrency;
    const Life* before = previous[lane];
    if (before != nullptr && (before->last > life.first || before->node != life.node)) {
      return std::nullopt;
    }
    previous[lane] = &life;
    lanes[i] = lane;
  }
  return lanes;
}

/// First fit: the lowest lane that is free.
Assignment assign_greedily(const std::vector<Life>& lives, std::size_t lanes_max) {
  Assignment lanes(lives.size());
  std::vector<EventIndex> free_from;
  for (std::size_t i = 0; i < lives.size(); ++i) {
    std::size_t lane = 0;
    while (lane < free_from.size() && free_from[lane] > lives[i].first)
      ++lane;
    if (lane == free_from.size() && lane < lanes_max) free_from.push_back(0);
    lane = std::min(lane, free_from.size() - 1);
    free_from[lane] = lives[i].last;
    lanes[i] = lane;
  }
  return lanes;
}

Assignment assign(const std::vector<Life>& lives, std::size_t width, std::size_t lanes_max) {
  constexpr std::size_t candidates_max = 64;
  for (std::size_t c = width; c <= std::min(width + candidates_max, lanes_max); ++c) {
    if (auto lanes = assign_modulo(lives, c)) return *lanes;
  }
  return assign_greedily(lives, lanes_max);
}

}  // namespace

Lanes assign_lanes(const History& history, std::size_t lanes_max) {
  Lanes result;
  const std::vector<Life> lives = lives_of(history);
  if (lives.empty()) return result;
  const std::size_t width = width_of(lives);
  result.merged = width > lanes_max;
  const Assignment assignment = assign(lives, width, lanes_max);

  std::vector<Lane> lanes(*std::max_element(assignment.begin(), assignment.end()) + 1);
  for (std::size_t i = 0; i < lives.size(); ++i) {
    Lane& lane = lanes[assignment[i]];
    if (lane.processes.empty()) lane.node = lives[i].node;
    if (lane.node != lives[i].node) lane.node.clear();
    lane.processes.push_back(lives[i].process);
  }
  std::erase_if(lanes, [](const Lane& lane) { return lane.processes.empty(); });
  std::stable_sort(lanes.begin(), lanes.end(), [](const Lane& a, const Lane& b) {
    return std::pair(std::string_view(a.node), a.processes[0]) <
           std::pair(std::string_view(b.node), b.processes[0]);
  });
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    for (const Process process : lanes[i].processes)
      result.lane_of.emplace(process, i);
  }
  result.lanes = std::move(lanes);
  return result;
}

}  // namespace gauntlet
