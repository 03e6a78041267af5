#include "checker/transactional/cycle_class.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace gauntlet {

CycleClass class_of(std::span<const Dependency> edges) {
  std::size_t wr = 0;
  std::size_t rw = 0;
  bool adjacent = false;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    wr += edges[i] == Dependency::wr;
    if (edges[i] != Dependency::rw) continue;
    ++rw;
    adjacent = adjacent || edges[(i + 1) % edges.size()] == Dependency::rw;
  }
  if (rw == 0) return wr == 0 ? CycleClass::g0 : CycleClass::g1c;
  if (rw == 1) return CycleClass::g_single;
  return adjacent ? CycleClass::g2_item : CycleClass::g_nonadjacent;
}

std::string name_of(CycleClass cycle_class, std::span<const Dependency> edges) {
  const auto has = [&](Dependency kind) {
    return std::find(edges.begin(), edges.end(), kind) != edges.end();
  };
  std::string name;
  switch (cycle_class) {
    case CycleClass::g0:
      name = "G0";
      break;
    case CycleClass::g1c:
      name = "G1c";
      break;
    case CycleClass::g_single:
      name = "G-single";
      break;
    case CycleClass::g_nonadjacent:
      name = "G-nonadjacent";
      break;
    case CycleClass::g2_item:
      name = "G2-item";
      break;
  }
  if (has(Dependency::realtime)) return name + "-realtime";
  return has(Dependency::process) ? name + "-process" : name;
}

namespace {

constexpr std::uint8_t x = Automaton::dead;

// The columns are ww, wr, rw and process, each with the next state by state.
constexpr Automaton g0 = {1, 1, {{{0}, {x}, {x}, {0}}}};
// 0: no wr yet. 1: a wr.
constexpr Automaton g1c = {2, 2, {{{0, 1}, {1, 1}, {x, x}, {0, 1}}}};
// 0: no rw yet. 1: one.
constexpr Automaton g_single = {2, 2, {{{0, 1}, {0, 1}, {1, x}, {0, 1}}}};
// 0: no rw yet. 1, 2: one, which was the last edge or was not. 3, 4: several, likewise.
constexpr Automaton g_nonadjacent = {
    5, 1 << 3 | 1 << 4, {{{0, 2, 2, 4, 4}, {0, 2, 2, 4, 4}, {1, x, 3, x, 3}, {0, 2, 2, 4, 4}}}};
// 0, 1: no two rw in a row yet, and the last edge was none or was one. 2: two.
constexpr Automaton g2_item = {3, 4, {{{0, 0, 2}, {0, 0, 2}, {1, 2, 2}, {0, 0, 2}}}};
constexpr Automaton without_rw = {1, 1, {{{0}, {0}, {x}, {0}}}};
constexpr Automaton all = {1, 1, {{{0}, {0}, {0}, {0}}}};

}  // namespace

const Automaton& automaton_of(CycleClass cycle_class) {
  switch (cycle_class) {
    case CycleClass::g0:
      return g0;
    case CycleClass::g1c:
      return g1c;
    case CycleClass::g_single:
      return g_single;
    case CycleClass::g_nonadjacent:
      return g_nonadjacent;
    case CycleClass::g2_item:
      break;
  }
  return g2_item;
}

const Automaton& paths_without_rw() {
  return without_rw;
}

const Automaton& all_paths() {
  return all;
}

}  // namespace gauntlet
