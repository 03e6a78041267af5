// The classes of dependency cycles, and how each is recognized edge by edge.
//
// Adya 1999, sections 3.2 and 4.2: G0 has ww edges only, G1c ww and wr, G-single exactly one rw.
// G-nonadjacent has several rw, no two of them next to each other: what snapshot isolation forbids
// beside the former (Cerone and Gotsman, "Analysing Snapshot Isolation", JACM 2018, theorem 4.1).
// G2-item has two rw next to each other somewhere. Every cycle is of exactly one class, weaker
// classes later. Edges of process or real time count as neither; with one of them in it a cycle is
// of the class "-process" or "-realtime" (Kingsbury and Alvaro, VLDB 2020).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "checker/transactional/dependency_graph.hpp"

namespace gauntlet {

enum class CycleClass : std::uint8_t { g0, g1c, g_single, g_nonadjacent, g2_item };
inline constexpr std::array<CycleClass, 5> cycle_classes = {
    CycleClass::g0, CycleClass::g1c, CycleClass::g_single, CycleClass::g_nonadjacent,
    CycleClass::g2_item};

/// transactions[i] -> transactions[i + 1] is edges[i]; the last leads to the first.
struct Cycle {
  std::vector<Txn> transactions;
  std::vector<Dependency> edges;
  std::size_t among = 0;  ///< of all in circles with these; 0: not known
};

/// The class of a cycle with these edges, in their order; at least one is ww, wr or rw.
CycleClass class_of(std::span<const Dependency> edges);
/// "G-single-realtime", ...
std::string name_of(CycleClass cycle_class, std::span<const Dependency> edges);

/// Reads a path edge by edge. States from 0, where it begins.
struct Automaton {
  static constexpr std::uint8_t states_max = 5;
  static constexpr std::uint8_t dead = 255;

  std::uint8_t states;
  std::uint8_t accepts;  ///< bit s: a path that ends in state s is of the class
  std::array<std::array<std::uint8_t, states_max>, 4> next;  ///< by Dependency, then by state

  std::uint8_t step(std::uint8_t state, Dependency kind) const {
    return next[static_cast<std::size_t>(kind)][state];
  }
  bool accepts_in(std::uint8_t state) const { return (accepts >> state & 1) != 0; }
};

/// Recognizes paths that make a cycle of the class when an edge that is no rw closes them.
const Automaton& automaton_of(CycleClass cycle_class);
/// Recognizes every path without rw.
const Automaton& paths_without_rw();
/// Recognizes every path.
const Automaton& all_paths();
/// Of the automaton for G-nonadjacent: the state behind one rw, and the bit of the one with several
/// of which none is the last.
inline constexpr std::uint8_t behind_rw = 1;
inline constexpr std::uint8_t several_closed = 1 << 4;

}  // namespace gauntlet
