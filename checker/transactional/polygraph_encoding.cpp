#include "checker/transactional/polygraph_encoding.hpp"

namespace gauntlet {

namespace {

std::uint64_t pair_of(std::uint32_t a, std::uint32_t b) {
  return std::uint64_t{a} << 32 | b;
}

}  // namespace

bool PolygraphEncoding::encode() {
  constexpr std::size_t bytes_a_variable = 250;
  if (!effort_.allows(open_.pairs.size() * bytes_a_variable)) return false;
  add_pairs();
  return !all_.has_repeated_values || add_reads();
}

std::uint32_t PolygraphEncoding::add_variable() {
  ++variables_;
  return solver_.add_variable();
}

void PolygraphEncoding::add_pairs() {
  for (const OpenPair& pair : open_.pairs) {
    const Literal l = 2 * add_variable();
    const Chain& a = graph_.chains[pair.a];
    const Chain& b = graph_.chains[pair.b];
    graph_.order(a, b, [&](Arc arc) { solver_.add_arc(l, arc); });
    graph_.order(b, a, [&](Arc arc) { solver_.add_arc(negated(l), arc); });
    if (!all_.has_repeated_values) continue;
    before_[pair_of(pair.a, pair.b)] = l;
    before_[pair_of(pair.b, pair.a)] = negated(l);
  }
}

bool PolygraphEncoding::add_reads() {
  for (Txn t = 0; t < all_.size(); ++t) {
    for (const FootprintRead& read : all_.reads_of(t)) {
      if (effort_.exhausted()) return false;
      if (read.count > 1) add_read(t, read);
    }
  }
  return !effort_.exhausted_now();
}

void PolygraphEncoding::add_read(Txn reader, const FootprintRead& read) {
  std::vector<Literal> any;
  for (const WriteId source : all_.sources_of(read)) {
    if (effort_.exhausted()) return;
    any.push_back(2 * add_variable());
    readers_.push_back(reader);
    add_source(reader, read.key, source, any.back());
  }
  if (!effort_.exhausted_now()) solver_.add_clause(any);
}

void PolygraphEncoding::add_source(Txn reader, KeyId key, WriteId source, Literal shows) {
  const bool is_initial = source == initial_write;
  if (!is_initial) {
    solver_.add_arc(shows, {graph_.end(all_.write_owners[source]), graph_.begin(reader)});
  }
  const std::size_t version = is_initial ? std::size_t{all_.write_count()} + key : source;
  const WriteId next = graph_.next[version];
  if (next != initial_write) {
    const Txn writer = all_.write_owners[next];
    if (writer != reader) solver_.add_arc(shows, {graph_.begin(reader), graph_.end(writer)});
    return;
  }
  // The initial version is the last of its chain, and that chain is the first, or there is none.
  std::uint32_t chain = graph_.key_chains[key];
  if (!is_initial) chain = graph_.chain_of[source];
  if (!is_initial && !graph_.is_initial(graph_.chains[chain])) {
    add_overwriters(reader, key, chain, shows);
    return;
  }
  for (std::uint32_t c = graph_.key_chains[key]; c < graph_.key_chains[key + 1]; ++c) {
    const Txn first = graph_.chains[c].first;
    if (first == no_txn || first == reader) continue;
    solver_.add_arc(shows, {graph_.begin(reader), graph_.end(first)});
  }
}

/// The reader comes before whatever comes behind the chain of which it read the last version.
void PolygraphEncoding::add_overwriters(Txn reader, KeyId key, std::uint32_t chain, Literal shows) {
  const Txn own = graph_.chains[chain].first;
  for (std::uint32_t c = graph_.key_chains[key]; c < graph_.key_chains[key + 1]; ++c) {
    if (effort_.exhausted()) return;
    const Txn first = graph_.chains[c].first;
    if (c == chain || first == no_txn || first == reader) continue;
    const auto open = before_.find(pair_of(chain, c));
    if (open != before_.end()) {
      solver_.add_clause({negated(shows), negated(open->second), precedes(reader, c)});
    } else if (order_.is_before(graph_.end(own), graph_.end(first))) {
      solver_.add_arc(shows, {graph_.begin(reader), graph_.end(first)});
    }
  }
}

/// That the reader comes before the chain; nothing follows from its negation.
Literal PolygraphEncoding::precedes(Txn reader, std::uint32_t chain) {
  const auto [at, is_new] = precedes_.try_emplace(pair_of(reader, chain), 0);
  if (is_new) {
    at->second = 2 * add_variable();
    readers_.push_back(reader);
    solver_.add_arc(at->second, {graph_.begin(reader), graph_.end(graph_.chains[chain].first)});
  }
  return at->second;
}

void PolygraphEncoding::explain(RefutationTrace& trace) const {
  for (const std::uint32_t variable : solver_.used_variables()) {
    if (variable < open_.pairs.size()) {
      trace.add_pair(open_.pairs[variable].a, open_.pairs[variable].b);
    } else {
      trace.add_transaction(readers_[variable - open_.pairs.size()]);
    }
  }
  trace.add_vertices(solver_.used_vertices());
}

}  // namespace gauntlet
