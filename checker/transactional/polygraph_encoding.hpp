// What saturation left open, as variables and clauses for the solver.
//
// Of each open pair of chains a variable says which comes first; its literals carry the arcs of
// that order. Where values are repeated, a read has a variable for each version that it may show,
// of which at least one holds: it carries the arc from the writer and, where the next version in
// the chain is known, the arc to its writer. Otherwise, for each chain that comes behind, an arc
// from the read to its first version follows, of a variable that the two together force. (Zhang et
// al., VeriStrong, VLDB 2026: hyper-polygraphs.) That two of a read's variables hold is no harm:
// then it may as well have read from either.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <vector>

#include "checker/transactional/order_solver.hpp"
#include "checker/transactional/polygraph_cycle.hpp"
#include "checker/transactional/polygraph_saturation.hpp"

namespace gauntlet {

class PolygraphEncoding {
 public:
  /// `order` has the arcs that are known. All arguments outlive it.
  PolygraphEncoding(const Polygraph& graph, const OpenPairs& open, const IncrementalOrder& order,
                    OrderSolver& solver, Effort& effort)
      : graph_(graph),
        all_(*graph.all),
        open_(open),
        order_(order),
        solver_(solver),
        effort_(effort) {}

  /// False where the effort ran out.
  bool encode();
  /// Adds what the solver's refutation used.
  void explain(RefutationTrace& trace) const;
  std::size_t variables() const { return variables_; }

 private:
  void add_pairs();
  bool add_reads();
  void add_read(Txn reader, const FootprintRead& read);
  void add_source(Txn reader, KeyId key, WriteId source, Literal shows);
  void add_overwriters(Txn reader, KeyId key, std::uint32_t chain, Literal shows);
  Literal precedes(Txn reader, std::uint32_t chain);
  std::uint32_t add_variable();

  const Polygraph& graph_;
  const Footprints& all_;
  const OpenPairs& open_;
  const IncrementalOrder& order_;
  OrderSolver& solver_;
  Effort& effort_;
  std::uint32_t variables_ = 0;
  boost::unordered_flat_map<std::uint64_t, Literal> before_;    // by two chains
  boost::unordered_flat_map<std::uint64_t, Literal> precedes_;  // by reader and chain
  std::vector<Txn> readers_;  // by variable behind those of the pairs
};

}  // namespace gauntlet
