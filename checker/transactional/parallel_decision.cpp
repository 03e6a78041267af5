#include "checker/transactional/parallel_decision.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>

#include "checker/transactional/commit_order.hpp"
#include "checker/transactional/order_solver.hpp"
#include "checker/transactional/polygraph_cycle.hpp"
#include "checker/transactional/polygraph_reach.hpp"
#include "checker/transactional/polygraph_saturation.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t refinements_max = 400;  // of a round
constexpr std::uint8_t of_a_writer_max = 2;   // likewise

/// That a reader read a version which `writer` wrote over.
struct Overwriting {
  Txn reader;
  Txn writer;
  Literal order = no_literal;  ///< the choice that says so; none where it is known

  static constexpr Literal no_literal = 0xffffffff;
};

class DecidingParallel {
 public:
  DecidingParallel(const Footprints& all, OrderLevel level, Effort& effort)
      : all_(all), effort_(effort), graph_(polygraph_of(all, level, effort)) {}

  OrderDecision decide() {
    if (all_.has_repeated_values) {
      result_.reason = "values are repeated, and with them this level is decided only by others";
      return std::move(result_);
    }
    if (graph_.finished) saturate_and_solve();
    if (result_.decided == Decided::open) {
      effort_.exhausted_now();
      result_.reason = effort_.reason();
    }
    return std::move(result_);
  }

 private:
  void saturate_and_solve() {
    saturation_ = saturate(graph_, effort_);
    if (!saturation_.finished) return;
    if (saturation_.has_cycle) {
      RefutationTrace trace(graph_, saturation_, effort_);
      trace.add_cycle();
      fail(trace, "saturation");
      return;
    }
    open_ = open_pairs(graph_, saturation_, effort_);
    if (open_.finished) solve();
  }

  void fail(const RefutationTrace& trace, std::string method) {
    result_.involved = trace.transactions();
    result_.decided = Decided::fails;
    result_.method = std::move(method);
  }

  void solve() {
    IncrementalOrder order(graph_.vertices, graph_.arcs, saturation_.arcs, saturation_.topological,
                           effort_);
    OrderSolver solver(order, effort_);
    for (const OpenPair& pair : open_.pairs) {
      const Literal l = 2 * solver.add_variable();
      const Chain& a = graph_.chains[pair.a];
      const Chain& b = graph_.chains[pair.b];
      graph_.order(a, b, [&](Arc arc) { solver.add_arc(l, arc); });
      graph_.order(b, a, [&](Arc arc) { solver.add_arc(negated(l), arc); });
    }
    for (std::size_t round = 1;; ++round) {
      const OrderSolver::End end = solver.solve();
      if (end == OrderSolver::End::gave_up) return;
      const std::string method = fmt::format("a solver for {} open pairs, {} conflicts, {} rounds",
                                             open_.pairs.size(), solver.conflicts(), round);
      if (end == OrderSolver::End::none) {
        RefutationTrace trace(graph_, saturation_, effort_);
        for (const std::uint32_t variable : solver.used_variables())
          trace.add_pair(open_.pairs[variable].a, open_.pairs[variable].b);
        trace.add_vertices(solver.used_vertices());
        fail(trace, method);
        return;
      }
      const std::vector<Vertex> found = order.order();
      const auto refined = refine(solver, found);
      if (!refined) return;
      if (*refined) continue;
      for (const Vertex v : found) {
        if (!graph_.is_moment(v)) continue;
        result_.run.push_back(2 * v);
        result_.run.push_back(2 * v + 1);
      }
      result_.decided = Decided::holds;
      result_.method = method;
      return;
    }
  }

  /// Whether the solution broke the rule, which the solver was told then; nothing where the effort
  /// ran out.
  std::optional<bool> refine(OrderSolver& solver, const std::vector<Vertex>& order) {
    std::vector<Arc> chosen;
    std::vector<Literal> labels;
    for (std::uint32_t v = 0; v < open_.pairs.size(); ++v) {
      const bool first = solver.holds(2 * v);
      const OpenPair pair = open_.pairs[v];
      graph_.order(graph_.chains[first ? pair.a : pair.b], graph_.chains[first ? pair.b : pair.a],
                   [&](Arc arc) {
                     chosen.push_back(arc);
                     labels.push_back(2 * v + (first ? 0 : 1));
                   });
    }
    std::vector<Arc> known = saturation_.arcs;
    known.insert(known.end(), graph_.arcs.begin(), graph_.arcs.end());
    const std::vector<Overwriting> overwritings = find_overwritings(order);
    const ArcIndex arcs(graph_.vertices, known, chosen);
    const auto broken = find_broken(overwritings, arcs, order);
    if (!broken) return std::nullopt;
    std::vector<std::vector<Literal>> clauses;
    std::vector<std::vector<Vertex>> vertices;
    trace_paths(*broken, known, order, chosen, labels, clauses, vertices);
    for (std::size_t i = 0; i < clauses.size(); ++i)
      solver.add_clause(std::move(clauses[i]), std::move(vertices[i]));
    return !broken->empty();
  }

  /// Of each version its readers with who wrote the next.
  std::vector<Overwriting> find_overwritings(const std::vector<Vertex>& order) {
    std::vector<std::uint32_t> place(graph_.vertices);
    for (std::uint32_t i = 0; i < order.size(); ++i)
      place[order[i]] = i;
    // Within each key the chains in their order.
    std::vector<std::uint32_t> following(graph_.chains.size(), no_chain);
    std::vector<std::uint32_t> sorted;
    for (KeyId k = 0; k + 1 < graph_.key_chains.size(); ++k) {
      sorted.clear();
      for (std::uint32_t c = graph_.key_chains[k]; c < graph_.key_chains[k + 1]; ++c)
        sorted.push_back(c);
      std::sort(sorted.begin(), sorted.end(), [&](std::uint32_t a, std::uint32_t b) {
        const auto at = [&](std::uint32_t c) {
          const Chain& chain = graph_.chains[c];
          return graph_.is_initial(chain) ? std::uint64_t{0}
                                          : std::uint64_t{place[chain.first]} + 1;
        };
        return at(a) < at(b);
      });
      for (std::size_t i = 0; i + 1 < sorted.size(); ++i)
        following[sorted[i]] = sorted[i + 1];
    }
    if (before_.empty()) {
      for (std::uint32_t v = 0; v < open_.pairs.size(); ++v) {
        before_[std::uint64_t{open_.pairs[v].a} << 32 | open_.pairs[v].b] = 2 * v;
        before_[std::uint64_t{open_.pairs[v].b} << 32 | open_.pairs[v].a] = 2 * v + 1;
      }
    }
    std::vector<Overwriting> result;
    for (Txn t = 0; t < all_.size(); ++t) {
      for (const FootprintRead& read : all_.reads_of(t)) {
        const WriteId source = all_.sources[read.first];
        const bool initial = source == initial_write;
        const WriteId next =
            graph_.next[initial ? std::size_t{all_.write_count()} + read.key : source];
        if (next != initial_write) {
          if (all_.write_owners[next] != t) result.push_back({t, all_.write_owners[next]});
          continue;
        }
        const std::uint32_t chain = initial ? graph_.key_chains[read.key] : graph_.chain_of[source];
        const std::uint32_t after = following[chain];
        if (after == no_chain || graph_.chains[after].first == t) continue;
        const auto open = before_.find(std::uint64_t{chain} << 32 | after);
        result.push_back({t, graph_.chains[after].first,
                          open == before_.end() ? Overwriting::no_literal : open->second});
      }
    }
    return result;
  }

  /// Those where the writer leads to the reader.
  std::optional<std::vector<Overwriting>> find_broken(const std::vector<Overwriting>& overwritings,
                                                      const ArcIndex& arcs,
                                                      const std::vector<Vertex>& order) {
    PolygraphReach reach(graph_, effort_);
    std::vector<Overwriting> broken;
    std::vector<std::uint8_t> of_writer(all_.size(), 0);
    for (std::uint32_t block = 0; block < reach.blocks(); ++block) {
      if (!reach.follow(arcs, order, block)) return std::nullopt;
      for (const Overwriting& each : overwritings) {
        if (broken.size() == refinements_max || reach.block_of(each.writer) != block) continue;
        if (of_writer[each.writer] == of_a_writer_max) continue;
        if (!reach.end_reaches(each.writer, graph_.begin(each.reader))) continue;
        ++of_writer[each.writer];
        broken.push_back(each);
      }
    }
    return broken;
  }

  /// A path from each writer to its reader, with few choices in it.
  void trace_paths(const std::vector<Overwriting>& broken, const std::vector<Arc>& known,
                   const std::vector<Vertex>& order, const std::vector<Arc>& chosen,
                   const std::vector<Literal>& labels, std::vector<std::vector<Literal>>& clauses,
                   std::vector<std::vector<Vertex>>& vertices) {
    IncrementalOrder paths(graph_.vertices, known, {}, order, effort_);
    for (std::size_t i = 0; i < chosen.size(); ++i)
      paths.add(chosen[i], labels[i] + 1);
    for (const Overwriting& each : broken) {
      if (effort_.exhausted()) return;
      paths.add({graph_.begin(each.reader), graph_.end(each.writer)}, 0);  // closes a cycle
      std::vector<Literal> clause;
      for (const ArcLabel label : paths.cycle_labels())
        clause.push_back(negated(label - 1));
      if (each.order != Overwriting::no_literal) clause.push_back(negated(each.order));
      std::sort(clause.begin(), clause.end());
      clause.erase(std::unique(clause.begin(), clause.end()), clause.end());
      clauses.push_back(std::move(clause));
      vertices.push_back(paths.cycle_vertices());
    }
  }

  static constexpr std::uint32_t no_chain = 0xffffffff;

  const Footprints& all_;
  Effort& effort_;
  Polygraph graph_;
  Saturation saturation_;
  OpenPairs open_;
  boost::unordered_flat_map<std::uint64_t, Literal> before_;  // by two chains
  OrderDecision result_;
};

}  // namespace

OrderDecision decide_parallel(const Footprints& all, OrderLevel level, Effort& effort) {
  return DecidingParallel(all, level, effort).decide();
}

}  // namespace gauntlet
