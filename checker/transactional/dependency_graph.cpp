#include "checker/transactional/dependency_graph.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

namespace gauntlet {

namespace {

/// Enumerates the edges, twice in the same order: to count them and to store them.
class EdgeSource {
 public:
  EdgeSource(const VersionOrders& orders, Effort& effort)
      : orders_(orders), all_(orders.transactions()), effort_(effort) {}

  bool is_cut() const { return is_cut_; }

  /// False where the effort ran out.
  template <class Emit>
  bool each(Emit emit) {
    for (KeyId k = 0; k < all_.key_count(); ++k) {
      if (effort_.exhausted()) return false;
      if (orders_.is_ordered(k)) write_write(k, emit);
    }
    for (Txn t = 0; t < all_.size(); ++t) {
      if (effort_.exhausted()) return false;
      if (all_.outcome(t) != Outcome::committed) continue;
      for (const Micro& micro : all_.micros(t)) {
        if (!micro.writes && !orders_.is_ambiguous(micro.key)) read(t, micro, emit);
      }
    }
    return true;
  }

 private:
  /// Who appended, if that is known and happened.
  Txn author(MicroId append) const {
    if (append == no_micro) return no_txn;
    const Txn t = all_.owner(append);
    return orders_.happened(t) ? t : no_txn;
  }

  template <class Emit>
  static void emit_unless_same(Txn from, Txn to, Dependency kind, Emit& emit) {
    if (from != to) emit(from, to, kind);
  }

  template <class Emit>
  void write_write(KeyId k, Emit& emit) {
    Txn last = no_txn;
    for (const MicroId append : orders_.writers(k)) {
      const Txn t = author(append);
      if (t == no_txn) continue;
      if (last != no_txn) emit_unless_same(last, t, Dependency::ww, emit);
      last = t;
    }
    if (last == no_txn) return;
    for (const MicroId append : orders_.unobserved(k))
      emit_unless_same(last, all_.owner(append), Dependency::ww, emit);
  }

  /// Reading a list comes after who appended the last element to it, and before who appended the
  /// next. Elements of the reader's own and of nobody that happened are passed over.
  template <class Emit>
  void read(Txn t, const Micro& micro, Emit& emit) {
    const auto list = all_.list(micro);
    if (!orders_.is_ordered(micro.key)) {
      // The last element was there, whatever the order of all.
      if (list.empty()) return;
      const Txn author_last = author(orders_.writer(micro.key, list.back()));
      if (author_last != no_txn) emit_unless_same(author_last, t, Dependency::wr, emit);
      return;
    }
    const auto writers = orders_.writers(micro.key);
    std::size_t last = list.size();
    while (last > 0 && (author(writers[last - 1]) == no_txn || author(writers[last - 1]) == t))
      --last;
    if (last > 0) emit(author(writers[last - 1]), t, Dependency::wr);
    if (last < list.size() && author(writers[list.size() - 1]) == t) return;  // its own version: ww
    std::size_t next = list.size();
    while (next < writers.size() && author(writers[next]) == no_txn)
      ++next;
    if (next < writers.size()) {
      emit_unless_same(t, author(writers[next]), Dependency::rw, emit);
      return;
    }
    const auto unobserved = orders_.unobserved(micro.key);
    if (unobserved.size() > unobserved_max_ || unobserved.size() > left_) {
      is_cut_ = true;
      return;
    }
    left_ -= unobserved.size();
    for (const MicroId append : unobserved)
      emit_unless_same(t, all_.owner(append), Dependency::rw, emit);
  }

  static constexpr std::size_t unobserved_max_ = 100'000;

  const VersionOrders& orders_;
  const Transactions& all_;
  Effort& effort_;
  std::size_t left_ = std::size_t{1} << 26;  // edges to unread appends
  bool is_cut_ = false;
};

}  // namespace

DependencyGraph dependencies_of(const VersionOrders& orders, Effort& effort) {
  DependencyGraph result;
  Graph& graph = result.graph;
  const Txn size = orders.transactions().size();
  if (!effort.allows(std::size_t{size} * 4)) return result;
  graph.first.assign(std::size_t{size} + 1, 0);
  const auto count = [&](Txn from, Txn, Dependency) { ++graph.first[from + 1]; };
  if (!EdgeSource(orders, effort).each(count)) return result;
  for (Txn t = 0; t < size; ++t)
    graph.first[t + 1] += graph.first[t];
  if (!effort.allows(std::size_t{graph.first[size]} * sizeof(Edge) + std::size_t{size} * 4)) {
    return result;
  }
  graph.edges.resize(graph.first[size]);
  std::vector<std::uint32_t> next(graph.first.begin(), graph.first.end() - 1);
  EdgeSource source(orders, effort);
  result.finished = source.each(
      [&](Txn from, Txn to, Dependency kind) { graph.edges[next[from]++] = Edge(to, kind); });
  result.is_cut = source.is_cut();
  return result;
}

std::vector<std::vector<std::uint32_t>> Components::cyclic() const {
  std::vector<std::vector<std::uint32_t>> result;
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i + 1;
    while (end < order.size() && component[order[end]] == component[order[i]])
      ++end;
    if (end > i + 1) {
      result.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(i),
                          order.begin() + static_cast<std::ptrdiff_t>(end));
    }
    i = end;
  }
  return result;
}

Graph part_of(const Graph& graph, std::span<const std::uint32_t> members,
              std::vector<std::uint32_t>& position) {
  Graph part;
  for (std::uint32_t i = 0; i < members.size(); ++i)
    position[members[i]] = i;
  for (const std::uint32_t v : members) {
    for (const Edge edge : graph.out(v)) {
      if (position[edge.target()] == no_txn) continue;
      part.edges.emplace_back(position[edge.target()], edge.kind());
    }
    part.first.push_back(static_cast<std::uint32_t>(part.edges.size()));
  }
  for (const std::uint32_t v : members)
    position[v] = no_txn;
  return part;
}

Graph with_process_order(const Graph& part, const Transactions& transactions,
                         std::span<const Txn> members) {
  const History& history = transactions.history();
  std::vector<std::uint32_t> next(members.size(), no_txn);
  boost::unordered_flat_map<Process, std::uint32_t> last;
  for (std::uint32_t v = 0; v < members.size(); ++v) {
    const auto [at, is_new] =
        last.try_emplace(history.process(transactions.invoked(members[v])), v);
    if (is_new) continue;
    next[at->second] = v;
    at->second = v;
  }
  Graph graph;
  graph.edges.reserve(part.edges.size() + members.size());
  for (std::uint32_t v = 0; v < part.size(); ++v) {
    const auto out = part.out(v);
    graph.edges.insert(graph.edges.end(), out.begin(), out.end());
    if (next[v] != no_txn) graph.edges.emplace_back(next[v], Dependency::process);
    graph.first.push_back(static_cast<std::uint32_t>(graph.edges.size()));
  }
  return graph;
}

}  // namespace gauntlet
