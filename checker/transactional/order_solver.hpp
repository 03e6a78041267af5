// A solver for choices that put arcs into a graph which must stay without a cycle.
//
// Conflict-driven clause learning (Marques-Silva and Sakallah 1999; Moskewicz et al., "Chaff", DAC
// 2001; Een and Sorensson, "An extensible SAT-solver", SAT 2003) over variables whose literals
// carry arcs; a literal that becomes true adds its arcs to an IncrementalOrder, and a cycle is a
// clause that says that not all literals on it are true (Bayless et al., "SAT modulo monotonic
// theories", AAAI 2015). A variable is decided as the order of the moment has it, which closes no
// cycle unless one of its arcs is against the order.
//
// Every learned clause remembers what it was derived from, so that a refutation tells which
// variables and vertices it needed.
#pragma once

#include <cstdint>
#include <vector>

#include "checker/transactional/incremental_order.hpp"

namespace gauntlet {

/// Variable v is literal 2v, its negation 2v + 1.
using Literal = std::uint32_t;
inline constexpr Literal negated(Literal l) {
  return l ^ 1;
}

class OrderSolver {
 public:
  enum class End { found, none, gave_up };

  /// The order and the effort outlive it.
  OrderSolver(IncrementalOrder& order, Effort& effort) : order_(order), effort_(effort) {}

  /// Literals of the variable may carry arcs. All before `solve`.
  std::uint32_t add_variable();
  void add_arc(Literal l, Arc arc);
  /// At least one holds. Also behind a solution, for the next one. `vertices`: what it is about.
  void add_clause(std::vector<Literal> literals, std::vector<Vertex> vertices = {});

  /// The order is the solution's until the next call.
  End solve();
  /// Of a solution.
  bool holds(Literal l) const { return value_[l] == 1; }
  std::size_t conflicts() const { return conflicts_; }

  /// Of a refutation: what it needed.
  const std::vector<std::uint32_t>& used_variables() const { return used_variables_; }
  const std::vector<Vertex>& used_vertices() const { return used_vertices_; }

 private:
  using ClauseId = std::uint32_t;
  static constexpr ClauseId no_clause = 0xffffffff;

  struct Clause {
    std::vector<Literal> literals;  ///< the first two are watched; empty where it was forgotten
    std::vector<ClauseId> from;     ///< what it was derived from
    std::vector<Vertex> vertices;   ///< of the cycle that it comes from
    float activity = 0;
    bool learned = false;
  };

  int value(Literal l) const { return value_[l]; }
  void assign(Literal l, ClauseId reason);
  ClauseId propagate();
  ClauseId propagate_clauses(Literal l);
  ClauseId add_arcs(Literal l);
  void note_unit(Literal l, ClauseId reason);
  Literal learn(ClauseId conflict, std::uint32_t& level);
  void resolve(ClauseId id, Literal except, std::uint32_t& open, std::vector<Literal>& learned,
               std::vector<ClauseId>& from);
  void backtrack(std::uint32_t level);
  bool decide();
  Literal preferred(std::uint32_t variable) const;
  void forget();
  void refute(ClauseId conflict);
  void bump(std::uint32_t variable);
  void push_heap(std::uint32_t variable);
  std::uint32_t pop_heap();
  void sift_up(std::size_t i);
  void sift_down(std::size_t i);

  IncrementalOrder& order_;
  Effort& effort_;
  std::vector<std::vector<Arc>> arcs_;          // by literal
  std::vector<std::int8_t> value_;              // by literal: 1, 0 open, -1
  std::vector<std::vector<ClauseId>> watches_;  // by literal: clauses to look at once it is false
  std::vector<std::uint32_t> level_;            // by variable
  std::vector<ClauseId> reason_;                // by variable
  std::vector<ClauseId> unit_;                  // by variable: what it follows from without choices
  std::vector<bool> seen_;                      // by variable
  std::vector<double> activity_;
  std::vector<std::int8_t> phase_;
  std::vector<std::uint32_t> heap_, heap_place_;
  std::vector<Clause> clauses_;
  std::vector<Literal> trail_;
  std::vector<std::size_t> level_begin_;  // in the trail
  std::vector<std::size_t> arcs_before_;  // by place in the trail: arcs in the order
  std::size_t propagated_ = 0;
  ClauseId refuted_ = no_clause;  // a clause that cannot hold
  double bump_ = 1;
  float clause_bump_ = 1;
  std::size_t conflicts_ = 0;
  std::size_t learned_count_ = 0;
  std::vector<std::uint32_t> used_variables_;
  std::vector<Vertex> used_vertices_;
};

}  // namespace gauntlet
