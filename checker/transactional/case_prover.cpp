#include "checker/transactional/case_prover.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace gauntlet {

namespace {

constexpr std::uint32_t none = 0xffffffff;

/// A square matrix of bits.
class BitRows {
 public:
  explicit BitRows(std::size_t size = 0) : words_((size + 63) / 64), bits_(size * words_, 0) {}
  bool get(std::size_t row, std::size_t i) const {
    return (bits_[row * words_ + i / 64] >> (i % 64) & 1) != 0;
  }
  void set(std::size_t row, std::size_t i) {
    bits_[row * words_ + i / 64] |= std::uint64_t{1} << (i % 64);
  }
  void join(std::size_t row, std::size_t other) {
    for (std::size_t i = 0; i < words_; ++i)
      bits_[row * words_ + i] |= bits_[other * words_ + i];
  }

 private:
  std::size_t words_;
  std::vector<std::uint64_t> bits_;
};

/// What is supposed at an open choice: a pair of writers of a key, or the source of a read.
struct Choice {
  bool is_order;
  KeyId key;
  Txn first;  ///< or the reader
  Txn second;
  std::vector<Txn> sources;  ///< of a read; no_txn: initial
};

struct Edge {
  RegisterEdgeKind kind;
  Txn from;
  Txn to;
  KeyId key = 0;
  Txn writer = no_txn;
  std::uint32_t order = none;   ///< the choice that it needs
  std::uint32_t source = none;  ///< likewise
};

class Proving {
 public:
  Proving(const Footprints& few, const Transactions& history, OrderLevel level,
          std::size_t cases_max, Effort& effort)
      : few_(few),
        history_(history),
        level_(level),
        cases_max_(cases_max),
        effort_(effort),
        two_moments_(level.sight == Sight::prefix || level.sight == Sight::snapshot),
        size_(few.size() * (two_moments_ ? 2 : 1)) {
    collect();
  }

  std::optional<CaseProof> run() {
    const std::uint32_t root = prove();
    if (root == none) return std::nullopt;
    CaseProof proof{level_, {}};
    place(root, proof);
    return proof;
  }

 private:
  /// A case, with the choices that its cycles need.
  struct Node {
    std::uint32_t choice = none;  ///< none: closed by the cycle
    std::vector<Edge> cycle;
    std::vector<std::uint32_t> parts;
    std::vector<bool> needs;
  };

  std::uint32_t begin(Txn t) const { return two_moments_ ? 2 * t : t; }
  std::uint32_t end(Txn t) const { return two_moments_ ? 2 * t + 1 : t; }
  std::uint32_t tail(const Edge& edge) const {
    return edge.kind == RegisterEdgeKind::rw ? begin(edge.from) : end(edge.from);
  }
  std::uint32_t head(const Edge& edge) const {
    if (edge.kind == RegisterEdgeKind::rw) return end(edge.to);
    const bool to_end = edge.kind == RegisterEdgeKind::ww && level_.sight == Sight::prefix;
    return to_end ? end(edge.to) : begin(edge.to);
  }
  /// Edges that a cycle may have one of only are no arcs; they close paths.
  bool closes_only(const Edge& edge) const {
    return level_.sight == Sight::parallel && edge.kind == RegisterEdgeKind::rw;
  }

  void collect() {
    writers_.resize(few_.key_count);
    for (WriteId w = 0; w < few_.write_count(); ++w)
      writers_[few_.write_keys[w]].push_back(few_.write_owners[w]);
    for (Txn t = 0; t < few_.size(); ++t) {
      for (const FootprintRead& read : few_.reads_of(t)) {
        Choice choice{false, read.key, t, no_txn, {}};
        for (const WriteId w : few_.sources_of(read))
          choice.sources.push_back(w == initial_write ? no_txn : few_.write_owners[w]);
        if (choice.sources.size() > 1) {
          choices_.push_back(std::move(choice));
        } else {
          readings_.push_back({read.key, t, choice.sources[0], none});
        }
      }
    }
    for (KeyId k = 0; k < few_.key_count; ++k) {
      for (std::size_t i = 0; i < writers_[k].size(); ++i) {
        for (std::size_t j = i + 1; j < writers_[k].size(); ++j) {
          if (is_ordered(writers_[k][i], writers_[k][j])) {
            known_.push_back({k, writers_[k][i], writers_[k][j]});
          } else {
            choices_.push_back({true, k, writers_[k][i], writers_[k][j], {}});
          }
        }
      }
    }
    made_.assign(choices_.size(), none);
    add_time();
    for (const Known& known : known_) {
      edges_.push_back({RegisterEdgeKind::ww, known.before, known.after, known.key});
    }
    for (const Reading& reading : readings_)
      add_reading(reading);
  }

  /// Whether writes of the transactions to one key come in this order, as is known of keys. (Of two
  /// the later invocation has the higher number.)
  bool is_ordered(Txn first, Txn second) const {
    if (level_.keys == KeyOrder::none || level_.sight == Sight::committed) return false;
    if (few_.completed[first] >= few_.invoked[second]) return false;
    return level_.keys == KeyOrder::linearizable || few_.sessions[first] == few_.sessions[second];
  }

  void add_time() {
    if (level_.timing == Timing::none) return;
    for (Txn a = 0; a < few_.size(); ++a) {
      for (Txn b = a + 1; b < few_.size(); ++b) {
        if (few_.completed[a] >= few_.invoked[b]) continue;
        if (few_.sessions[a] == few_.sessions[b]) {
          edges_.push_back({RegisterEdgeKind::process, a, b});
        } else if (level_.timing == Timing::real_time) {
          edges_.push_back({RegisterEdgeKind::realtime, a, b});
        }
      }
    }
  }

  struct Reading {
    KeyId key;
    Txn reader;
    Txn writer;
    std::uint32_t source;  ///< the choice that it comes from
  };

  /// Its edges, with those of the orders that were made before.
  void add_reading(const Reading& reading) {
    if (reading.writer != no_txn) {
      edges_.push_back({RegisterEdgeKind::wr, reading.writer, reading.reader, reading.key, no_txn,
                        none, reading.source});
    }
    for (const Txn later : writers_[reading.key]) {
      if (later == reading.reader || later == reading.writer) continue;
      if (reading.writer == no_txn) add_rw(reading, later, none);
    }
    if (reading.writer == no_txn) return;
    for (const Known& known : known_) {
      const bool overwritten = known.key == reading.key && known.before == reading.writer;
      if (overwritten && known.after != reading.reader) add_rw(reading, known.after, none);
    }
    for (std::uint32_t c = 0; c < choices_.size(); ++c) {
      const Choice& choice = choices_[c];
      if (!choice.is_order || choice.key != reading.key || made_[c] == none) continue;
      const Txn before = made_[c] == 0 ? choice.first : choice.second;
      const Txn after = made_[c] == 0 ? choice.second : choice.first;
      if (before == reading.writer && after != reading.reader) add_rw(reading, after, c);
    }
  }

  void add_rw(const Reading& reading, Txn later, std::uint32_t order) {
    if (level_.sight == Sight::committed) return;
    edges_.push_back({RegisterEdgeKind::rw, reading.reader, later, reading.key, reading.writer,
                      order, reading.source});
  }

  void make(std::uint32_t c, std::uint32_t part) {
    made_[c] = part;
    const Choice& choice = choices_[c];
    if (!choice.is_order) {
      readings_.push_back({choice.key, choice.first, choice.sources[part], c});
      add_reading(readings_.back());
      return;
    }
    const Txn before = part == 0 ? choice.first : choice.second;
    const Txn after = part == 0 ? choice.second : choice.first;
    edges_.push_back({RegisterEdgeKind::ww, before, after, choice.key, no_txn, c, none});
    for (std::size_t i = 0; i < readings_.size(); ++i) {
      const Reading reading = readings_[i];
      const bool overwritten = reading.key == choice.key && reading.writer == before;
      if (overwritten && reading.reader != after) add_rw(reading, after, c);
    }
  }

  struct Mark {
    std::size_t edges, readings;
  };
  Mark mark() const { return {edges_.size(), readings_.size()}; }
  void undo(std::uint32_t c, Mark mark) {
    made_[c] = none;
    edges_.resize(mark.edges);
    readings_.resize(mark.readings);
  }

  // --- cycles -----------------------------------------------------------------------------------

  void index_arcs() {
    out_.assign(size_, {});
    for (std::uint32_t e = 0; e < edges_.size(); ++e) {
      if (!closes_only(edges_[e])) out_[tail(edges_[e])].push_back(e);
    }
  }

  template <class Visit>
  void leads(std::uint32_t v, Visit visit) const {
    if (two_moments_ && v % 2 == 0) visit(v + 1, none);
    for (const std::uint32_t e : out_[v])
      visit(head(edges_[e]), e);
  }

  /// What each moment leads to by one arc or more.
  BitRows reach() const {
    BitRows rows(size_);
    std::vector<std::uint8_t> state(size_, 0);
    // Repeated until nothing changes: an order of depth-first search makes that one round where
    // there is no cycle.
    std::vector<std::uint32_t> order;
    for (std::uint32_t root = 0; root < size_; ++root) {
      std::vector<std::pair<std::uint32_t, bool>> stack{{root, false}};
      while (!stack.empty()) {
        const auto [v, is_done] = stack.back();
        stack.pop_back();
        if (is_done) {
          order.push_back(v);
          continue;
        }
        if (state[v] != 0) continue;
        state[v] = 1;
        stack.emplace_back(v, true);
        leads(v, [&](std::uint32_t to, std::uint32_t) {
          if (state[to] == 0) stack.emplace_back(to, false);
        });
      }
    }
    for (const std::uint32_t v : order) {
      leads(v, [&](std::uint32_t to, std::uint32_t) {
        rows.set(v, to);
        rows.join(v, to);
      });
    }
    return rows;
  }

  /// Edges of a shortest path; nothing if there is none shorter than `length_max` edges.
  std::optional<std::vector<Edge>> path(std::uint32_t from, std::uint32_t to,
                                        std::size_t length_max) const {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> via(size_, {none, none});
    std::vector<std::uint32_t> queue{from};
    std::vector<std::size_t> length(size_, 0);
    via[from] = {from, none};
    for (std::size_t i = 0; i < queue.size() && via[to].first == none; ++i) {
      const std::uint32_t v = queue[i];
      if (length[v] >= length_max) break;
      leads(v, [&](std::uint32_t next, std::uint32_t e) {
        if (via[next].first != none) return;
        via[next] = {v, e};
        length[next] = length[v] + 1;
        queue.push_back(next);
      });
    }
    if (via[to].first == none) return std::nullopt;
    std::vector<Edge> edges;
    for (std::uint32_t v = to; v != from; v = via[v].first) {
      if (via[v].second != none) edges.push_back(edges_[via[v].second]);
    }
    std::reverse(edges.begin(), edges.end());
    return edges;
  }

  /// A shortest cycle, where the edges before `first` have none; empty if there is none.
  std::vector<Edge> cycle(std::size_t first) {
    index_arcs();
    std::vector<Edge> best;
    for (std::size_t e = 0; e < edges_.size(); ++e) {
      if (e < first && !closes_only(edges_[e])) continue;
      const std::size_t length_max = 2 * (best.empty() ? std::size_t{size_} : best.size());
      auto found = path(head(edges_[e]), tail(edges_[e]), length_max);
      if (!found) continue;
      found->push_back(edges_[e]);
      if (best.empty() || found->size() < best.size()) best = std::move(*found);
    }
    return best;
  }

  // --- cases ------------------------------------------------------------------------------------

  /// Whether the order closes a cycle at once.
  bool is_absurd(const Choice& choice, std::uint32_t part, const BitRows& reached) const {
    const Txn before = part == 0 ? choice.first : choice.second;
    const Txn after = part == 0 ? choice.second : choice.first;
    const auto closes = [&](const Edge& edge) {
      return head(edge) == tail(edge) || reached.get(head(edge), tail(edge));
    };
    const Edge ww{RegisterEdgeKind::ww, before, after, choice.key, no_txn, 0, none};
    if (closes(ww)) return true;
    for (const Reading& reading : readings_) {
      if (reading.key != choice.key || reading.writer != before || reading.reader == after)
        continue;
      if (closes({RegisterEdgeKind::rw, reading.reader, after, choice.key, before, 0, 0})) {
        return true;
      }
    }
    if (level_.sight != Sight::parallel) return false;
    return std::any_of(edges_.begin(), edges_.end(), [&](const Edge& edge) {
      if (!closes_only(edge)) return false;
      const bool leads_in = edge.to == before || reached.get(edge.to, before);
      return leads_in && (edge.from == after || reached.get(after, edge.from));
    });
  }

  /// The place of a node that proves the case at hand; none if it was not found.
  std::uint32_t prove() {
    struct Level {
      std::uint32_t node;
      Mark mark;
    };
    std::vector<Level> path;
    std::uint32_t done = none;  // the node that was proven last
    std::size_t first_edge = 0;
    while (true) {
      if (effort_.exhausted_now() || nodes_.size() > cases_max_) return none;
      // Down, until a cycle closes the case.
      Node node;
      node.cycle = cycle(first_edge);
      if (node.cycle.empty()) {
        const auto [c, part] = choose();
        if (c == none) return none;  // a run exists
        node.choice = c;
        node.parts.push_back(part);  // to try first
        nodes_.push_back(std::move(node));
        path.push_back({static_cast<std::uint32_t>(nodes_.size() - 1), mark()});
        first_edge = edges_.size();
        make(c, part);
        continue;
      }
      close(node);
      nodes_.push_back(std::move(node));
      done = static_cast<std::uint32_t>(nodes_.size() - 1);
      // Up, to a case with a part that is left.
      while (true) {
        if (path.empty()) return done;
        Level& level = path.back();
        const std::uint32_t c = nodes_[level.node].choice;
        undo(c, level.mark);
        tried_[level.node].push_back(done);
        if (!nodes_[done].needs[c]) {  // what it supposed is of no use
          path.pop_back();
          continue;
        }
        const std::uint32_t next = next_part(level.node);
        if (next != none) {
          first_edge = edges_.size();
          make(c, next);
          break;
        }
        done = join(level.node);
        path.pop_back();
      }
    }
  }

  void close(Node& node) const {
    node.needs.assign(choices_.size(), false);
    for (const Edge& edge : node.cycle) {
      if (edge.order != none) node.needs[edge.order] = true;
      if (edge.source != none) node.needs[edge.source] = true;
    }
  }

  std::uint32_t part_count(const Choice& choice) const {
    return choice.is_order ? 2 : static_cast<std::uint32_t>(choice.sources.size());
  }

  /// Parts are tried from the first one on, around.
  std::uint32_t next_part(std::uint32_t node) {
    const std::uint32_t count = part_count(choices_[nodes_[node].choice]);
    const auto tried = static_cast<std::uint32_t>(tried_[node].size());
    return tried == count ? none : (nodes_[node].parts[0] + tried) % count;
  }

  std::uint32_t join(std::uint32_t place) {
    Node& node = nodes_[place];
    const std::uint32_t count = part_count(choices_[node.choice]);
    const std::uint32_t first = node.parts[0];
    node.parts.assign(count, none);
    node.needs.assign(choices_.size(), false);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t part = tried_[place][i];
      node.parts[(first + i) % count] = part;
      for (std::size_t c = 0; c < choices_.size(); ++c)
        node.needs[c] = node.needs[c] || nodes_[part].needs[c];
    }
    node.needs[node.choice] = false;
    return place;
  }

  /// A choice, and which part of it to follow first: one that is absurd, if there is one.
  std::pair<std::uint32_t, std::uint32_t> choose() {
    index_arcs();
    const BitRows reached = reach();
    std::uint32_t open = none;
    for (std::uint32_t c = 0; c < choices_.size(); ++c) {
      if (made_[c] != none) continue;
      if (open == none) open = c;
      if (!choices_[c].is_order) continue;
      for (const std::uint32_t part : {0u, 1u}) {
        if (is_absurd(choices_[c], part, reached)) return {c, part};
      }
    }
    return {open, 0};
  }

  // --- the proof --------------------------------------------------------------------------------

  EventIndex event(Txn t) const {
    return t == no_txn ? no_event : history_.invoked(few_.originals[t]);
  }
  void place(std::uint32_t root, CaseProof& proof) const {
    struct Open {
      std::uint32_t node;
      std::uint32_t parent;
      std::size_t part;
    };
    std::vector<Open> open{{root, none, 0}};
    while (!open.empty()) {
      const auto [n, parent, part] = open.back();
      open.pop_back();
      const auto at = static_cast<std::uint32_t>(proof.cases.size());
      if (parent != none) proof.cases[parent].parts[part] = at;
      const Node& node = nodes_[n];
      ProofCase result;
      if (node.choice == none) {
        for (const Edge& edge : node.cycle) {
          const bool has_key = edge.kind <= RegisterEdgeKind::rw;
          result.cycle.push_back({edge.kind, event(edge.from), event(edge.to),
                                  has_key ? few_.key_names[edge.key] : ValueId::nil,
                                  event(edge.writer)});
        }
      } else {
        const Choice& choice = choices_[node.choice];
        result.kind = choice.is_order ? ProofCase::Kind::order : ProofCase::Kind::source;
        result.key = few_.key_names[choice.key];
        result.first = event(choice.first);
        result.second = event(choice.second);
        for (const Txn source : choice.sources)
          result.writers.push_back(event(source));
        result.parts.assign(node.parts.size(), none);
        for (std::size_t i = node.parts.size(); i-- > 0;)
          open.push_back({node.parts[i], at, i});
      }
      proof.cases.push_back(std::move(result));
    }
  }

  const Footprints& few_;
  const Transactions& history_;
  OrderLevel level_;
  std::size_t cases_max_;
  Effort& effort_;
  bool two_moments_;
  std::uint32_t size_;
  std::vector<std::vector<Txn>> writers_;  // by key
  struct Known {
    KeyId key;
    Txn before;
    Txn after;
  };
  std::vector<Known> known_;  // orders of writers that need not be supposed
  std::vector<Choice> choices_;
  std::vector<std::uint32_t> made_;  // by choice: which part is supposed
  std::vector<Reading> readings_;
  std::vector<Edge> edges_;
  std::vector<std::vector<std::uint32_t>> out_;  // by moment: edges
  std::vector<Node> nodes_;
  std::map<std::uint32_t, std::vector<std::uint32_t>> tried_;  // by node: its parts' proofs
};

}  // namespace

std::optional<CaseProof> prove_by_cases(const Footprints& few, const Transactions& history,
                                        OrderLevel level, std::size_t cases_max, Effort& effort) {
  return Proving(few, history, level, cases_max, effort).run();
}

}  // namespace gauntlet
