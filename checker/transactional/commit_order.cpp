#include "checker/transactional/commit_order.hpp"

#include <algorithm>
#include <queue>

namespace gauntlet {

namespace {

class Running {
 public:
  Running(const Polygraph& graph, const std::vector<Arc>& forced, Urge urge, Effort& effort)
      : graph_(graph),
        all_(*graph.all),
        urge_(urge),
        effort_(effort),
        arcs_(graph.vertices, graph.arcs, forced),
        pending_(graph.vertices, 0),
        current_(all_.key_count, initial_write),
        holder_(all_.key_count, no_txn),
        waiting_(all_.key_count),
        left_(std::size_t{all_.write_count()} + all_.key_count, 0) {
    for (const Vertex to : arcs_.targets)
      ++pending_[to];
    for (Txn t = 0; t < all_.size(); ++t) {
      for (const FootprintRead& read : all_.reads_of(t)) {
        if (read.count == 1) ++left_[version(all_.sources[read.first], read.key)];
      }
    }
    if (urge == Urge::sessions) find_steps();
  }

  CommitOrder run() {
    result_.order.reserve(graph_.vertices);
    for (Vertex v = 0; v < graph_.vertices; ++v) {
      if (pending_[v] == 0) offer(v);
    }
    while (!ready_.empty()) {
      if (effort_.exhausted()) return std::move(result_);
      const Vertex v = ready_.top().second;
      ready_.pop();
      if (!graph_.is_moment(v) || may_come(v)) take(v);
    }
    result_.complete = result_.order.size() == graph_.vertices;
    if (!result_.complete) append_the_rest();
    result_.finished = true;
    return std::move(result_);
  }

 private:
  std::size_t version(WriteId w, KeyId k) const {
    return w == initial_write ? std::size_t{all_.write_count()} + k : w;
  }

  void find_steps() {
    std::vector<std::uint32_t> next;
    for (Txn t = 0; t < all_.size(); ++t) {
      if (all_.sessions[t] >= next.size()) next.resize(all_.sessions[t] + 1, 0);
      steps_.push_back(next[all_.sessions[t]]++);
    }
  }

  std::uint32_t urgency(Vertex v) const {
    if (!graph_.is_moment(v)) return 0;
    const Txn t = graph_.transaction(v);
    if (urge_ == Urge::sessions) return steps_[t];
    const bool is_end = v == graph_.end(t);
    const bool by_completion = is_end && (graph_.has_two_moments() || urge_ == Urge::completed);
    return by_completion ? all_.completed[t] : all_.invoked[t];
  }

  void offer(Vertex v) { ready_.emplace(urgency(v), v); }

  bool begins(Vertex v) const { return v == graph_.begin(graph_.transaction(v)); }
  bool ends(Vertex v) const { return v == graph_.end(graph_.transaction(v)); }

  /// If not, it waits at a key.
  bool may_come(Vertex v) {
    const Txn t = graph_.transaction(v);
    if (begins(v)) {
      for (const FootprintRead& read : all_.reads_of(t)) {
        const auto sources = all_.sources_of(read);
        const bool finds = read.count == 1 || std::find(sources.begin(), sources.end(),
                                                        current_[read.key]) != sources.end();
        if (!finds) return wait(v, read.key);
      }
    }
    for (WriteId w = all_.write_first[t]; w < all_.write_first[t + 1]; ++w) {
      const KeyId k = all_.write_keys[w];
      if (begins(v) && holder_[k] != no_txn) return wait(v, k);
      if (!ends(v)) continue;
      std::uint32_t left = left_[version(current_[k], k)];
      if (begins(v) && left > 0 && reads(t, k, current_[k])) --left;
      if (left > 0) return wait(v, k);
    }
    return true;
  }

  bool reads(Txn t, KeyId k, WriteId w) const {
    const auto reads = all_.reads_of(t);
    return std::any_of(reads.begin(), reads.end(), [&](const FootprintRead& read) {
      return read.key == k && read.count == 1 && all_.sources[read.first] == w;
    });
  }

  bool wait(Vertex v, KeyId k) {
    waiting_[k].push_back(v);
    return false;
  }

  void wake(KeyId k) {
    for (const Vertex v : waiting_[k])
      offer(v);
    waiting_[k].clear();
  }

  void take(Vertex v) {
    result_.order.push_back(v);
    if (graph_.is_moment(v)) {
      const Txn t = graph_.transaction(v);
      if (begins(v)) begin(t);
      if (ends(v)) end(t);
    }
    for (const Vertex to : arcs_.out(v)) {
      if (--pending_[to] == 0) offer(to);
    }
  }

  void begin(Txn t) {
    for (const FootprintRead& read : all_.reads_of(t)) {
      if (read.count != 1) continue;
      --left_[version(all_.sources[read.first], read.key)];
      wake(read.key);
    }
    if (graph_.level.sight != Sight::snapshot) return;
    for (WriteId w = all_.write_first[t]; w < all_.write_first[t + 1]; ++w)
      holder_[all_.write_keys[w]] = t;
  }

  void end(Txn t) {
    for (WriteId w = all_.write_first[t]; w < all_.write_first[t + 1]; ++w) {
      current_[all_.write_keys[w]] = w;
      holder_[all_.write_keys[w]] = no_txn;
      wake(all_.write_keys[w]);
    }
  }

  /// Whatever the database would say to it.
  void append_the_rest() {
    std::vector<bool> taken(graph_.vertices, false);
    for (const Vertex v : result_.order)
      taken[v] = true;
    for (Vertex v = 0; v < graph_.vertices; ++v) {
      if (!taken[v] && pending_[v] == 0) offer(v);
    }
    while (!ready_.empty()) {
      const Vertex v = ready_.top().second;
      ready_.pop();
      result_.order.push_back(v);
      for (const Vertex to : arcs_.out(v)) {
        if (--pending_[to] == 0) offer(to);
      }
    }
  }

  const Polygraph& graph_;
  const Footprints& all_;
  Urge urge_;
  Effort& effort_;
  ArcIndex arcs_;
  std::vector<std::uint32_t> pending_;        // by vertex: arcs from what was not taken
  std::vector<WriteId> current_;              // by key
  std::vector<Txn> holder_;                   // by key: who is under way and writes it
  std::vector<std::vector<Vertex>> waiting_;  // by key
  std::vector<std::uint32_t> left_;           // by version: readers that have not begun
  std::vector<std::uint32_t> steps_;          // by transaction: its place in its session
  using Ready = std::pair<std::uint32_t, Vertex>;
  std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready_;
  CommitOrder result_;
};

}  // namespace

CommitOrder try_commit_order(const Polygraph& graph, const std::vector<Arc>& forced, Urge urge,
                             Effort& effort) {
  CommitOrder none;
  const std::size_t bytes = std::size_t{graph.vertices} * 24 +
                            (graph.arcs.size() + forced.size()) * 4 +
                            graph.all->key_count * std::size_t{40};
  if (!effort.allows(bytes)) return none;
  return Running(graph, forced, urge, effort).run();
}

}  // namespace gauntlet
