#include "checker/transactional/order_decision.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checker/transactional/commit_order.hpp"
#include "checker/transactional/order_solver.hpp"
#include "checker/transactional/parallel_decision.hpp"
#include "checker/transactional/polygraph_cycle.hpp"
#include "checker/transactional/polygraph_encoding.hpp"
#include "checker/transactional/polygraph_reach.hpp"
#include "checker/transactional/polygraph_saturation.hpp"

namespace gauntlet {

namespace {

class Deciding {
 public:
  Deciding(const Footprints& all, OrderLevel level, Effort& effort)
      : all_(all), effort_(effort), graph_(polygraph_of(all, level, effort)) {}

  OrderDecision decide() {
    if (graph_.finished) {
      step();
    }
    if (result_.decided == Decided::open && result_.reason.empty()) {
      effort_.exhausted_now();
      result_.reason = effort_.reason();
    }
    return std::move(result_);
  }

 private:
  void step() {
    if (has_known_cycle()) return;
    if (graph_.level.sight == Sight::committed) {
      order_sources();
      return;
    }
    if (runs("the first run that was tried")) return;
    saturation_ = saturate(graph_, effort_);
    if (!saturation_.finished) return;
    if (saturation_.has_cycle) {
      fail("saturation");
      return;
    }
    if (runs("saturation, and a run that respects it")) return;
    solve();
  }

  /// Read committed: each comes behind one of those that it may have read from. Whatever may come
  /// next may as well come now, since nothing that comes takes the possibility from another; so
  /// what is left in the end, if anything, cannot be ordered.
  void order_sources() {
    const ArcIndex arcs(graph_.vertices, graph_.arcs, {});
    std::vector<std::uint32_t> pending(graph_.vertices, 0);
    for (const Vertex to : arcs.targets)
      ++pending[to];
    std::vector<std::vector<std::uint32_t>> readers(all_.write_count());  // by write: reads
    std::vector<Txn> owners(all_.reads.size());
    for (Txn t = 0; t < all_.size(); ++t) {
      for (std::uint32_t r = all_.read_first[t]; r < all_.read_first[t + 1]; ++r) {
        owners[r] = t;
        const auto sources = all_.sources_of(all_.reads[r]);
        const bool is_open = sources.size() > 1 && std::find(sources.begin(), sources.end(),
                                                             initial_write) == sources.end();
        if (!is_open) continue;
        ++pending[t];
        for (const WriteId w : sources)
          readers[w].push_back(r);
      }
    }
    std::vector<Vertex> order;
    for (Vertex v = 0; v < graph_.vertices; ++v) {
      if (pending[v] == 0) order.push_back(v);
    }
    std::vector<bool> served(all_.reads.size(), false);
    const auto release = [&](Vertex v) {
      if (--pending[v] == 0) order.push_back(v);
    };
    for (std::size_t i = 0; i < order.size() && !effort_.exhausted(); ++i) {
      for (const Vertex to : arcs.out(order[i]))
        release(to);
      if (!graph_.is_moment(order[i])) continue;
      for (WriteId w = all_.write_first[order[i]]; w < all_.write_first[order[i] + 1]; ++w) {
        for (const std::uint32_t r : readers[w]) {
          if (!served[r]) release(owners[r]);
          served[r] = true;
        }
      }
    }
    if (effort_.exhausted_now()) return;
    if (order.size() == graph_.vertices) {
      hold(order, "an order of who read from whom");
      return;
    }
    for (Txn t = 0; t < all_.size(); ++t) {
      if (pending[t] > 0) result_.involved.push_back(t);
    }
    result_.decided = Decided::fails;
    result_.method = "no order of who read from whom";
  }

  bool has_known_cycle() {
    const ArcIndex arcs(graph_.vertices, graph_.arcs, {});
    saturation_.topological = topological_order(arcs, graph_.vertices, effort_);
    if (effort_.exhausted_now()) return true;
    if (saturation_.topological.size() == graph_.vertices) return false;
    fail("a cycle of known dependencies");
    return true;
  }

  void fail(std::string_view method) {
    RefutationTrace trace(graph_, saturation_, effort_);
    trace.add_cycle();
    result_.involved = trace.transactions();
    result_.decided = Decided::fails;
    result_.method = method;
  }

  /// True where it is decided, or the effort ran out.
  bool runs(std::string_view method) {
    std::vector<Urge> urges = {Urge::sessions, Urge::invoked};
    if (graph_.level.timing == Timing::real_time) {
      urges = {Urge::invoked, Urge::completed};
      if (graph_.has_two_moments()) urges.pop_back();
    }
    for (const Urge urge : urges) {
      CommitOrder found = try_commit_order(graph_, saturation_.arcs, urge, effort_);
      if (!found.finished) return true;
      if (found.complete) {
        hold(found.order, method);
        return true;
      }
      start_ = std::move(found.order);
    }
    return false;
  }

  void hold(const std::vector<Vertex>& order, std::string_view method) {
    for (const Vertex v : order) {
      if (!graph_.is_moment(v)) continue;
      if (graph_.has_two_moments()) {
        result_.run.push_back(v);
      } else {
        result_.run.push_back(2 * v);
        result_.run.push_back(2 * v + 1);
      }
    }
    result_.decided = Decided::holds;
    result_.method = method;
  }

  void solve() {
    const OpenPairs open = open_pairs(graph_, saturation_, effort_);
    if (!open.finished) return;
    IncrementalOrder order(graph_.vertices, graph_.arcs, saturation_.arcs, start_, effort_);
    OrderSolver solver(order, effort_);
    PolygraphEncoding encoding(graph_, open, order, solver, effort_);
    if (!encoding.encode()) return;
    const OrderSolver::End end = solver.solve();
    const std::string method = fmt::format("a solver for {} open choices, {} conflicts",
                                           encoding.variables(), solver.conflicts());
    if (end == OrderSolver::End::found) {
      hold(order.order(), method);
    } else if (end == OrderSolver::End::none) {
      RefutationTrace trace(graph_, saturation_, effort_);
      encoding.explain(trace);
      result_.involved = trace.transactions();
      result_.decided = Decided::fails;
      result_.method = method;
    }
  }

  const Footprints& all_;
  Effort& effort_;
  Polygraph graph_;
  Saturation saturation_;
  std::vector<Vertex> start_;
  OrderDecision result_;
};

}  // namespace

OrderDecision decide_order(const Footprints& all, OrderLevel level, Effort& effort) {
  if (level.sight == Sight::parallel) return decide_parallel(all, level, effort);
  return Deciding(all, level, effort).decide();
}

}  // namespace gauntlet
