#include "checker/transactional/order_solver.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace gauntlet {

namespace {

/// Luby, Sinclair and Zuckerman 1993: 1 1 2 1 1 2 4 ...
std::size_t luby(std::size_t i) {
  for (++i;;) {
    const std::size_t half = std::bit_floor(i);
    if (i == 2 * half - 1) return half;
    i -= half - 1;
  }
}

constexpr std::size_t restart_unit = 128;
constexpr double decay = 1 / 0.95;
constexpr float clause_decay = 1 / 0.999F;

}  // namespace

std::uint32_t OrderSolver::add_variable() {
  const auto variable = static_cast<std::uint32_t>(level_.size());
  arcs_.resize(arcs_.size() + 2);
  value_.resize(value_.size() + 2, 0);
  watches_.resize(watches_.size() + 2);
  level_.push_back(0);
  reason_.push_back(no_clause);
  unit_.push_back(no_clause);
  seen_.push_back(false);
  activity_.push_back(0);
  phase_.push_back(0);
  heap_place_.push_back(no_clause);
  push_heap(variable);
  return variable;
}

void OrderSolver::add_arc(Literal l, Arc arc) {
  arcs_[l].push_back(arc);
}

void OrderSolver::add_clause(std::vector<Literal> literals, std::vector<Vertex> vertices) {
  backtrack(0);
  // Those that may hold first, so that they are watched.
  std::stable_partition(literals.begin(), literals.end(),
                        [&](Literal l) { return value(l) != -1; });
  const auto id = static_cast<ClauseId>(clauses_.size());
  clauses_.push_back({std::move(literals), {}, std::move(vertices), 0, false});
  const std::vector<Literal>& kept = clauses_[id].literals;
  if (kept.empty() || value(kept[0]) == -1) {
    refuted_ = id;
    return;
  }
  if (kept.size() > 1) {
    watches_[kept[0]].push_back(id);
    watches_[kept[1]].push_back(id);
  }
  const bool is_unit = kept.size() == 1 || value(kept[1]) == -1;
  if (is_unit && value(kept[0]) == 0) assign(kept[0], id);
}

void OrderSolver::assign(Literal l, ClauseId reason) {
  const std::uint32_t variable = l / 2;
  value_[l] = 1;
  value_[negated(l)] = -1;
  level_[variable] = static_cast<std::uint32_t>(level_begin_.size());
  reason_[variable] = reason;
  trail_.push_back(l);
  arcs_before_.push_back(0);
  if (level_begin_.empty()) note_unit(l, reason);
}

/// Without choices a literal follows from its clause and from what made the others false.
void OrderSolver::note_unit(Literal l, ClauseId reason) {
  GAUNTLET_ASSERT(reason != no_clause);
  std::vector<ClauseId> from{reason};
  for (const Literal other : clauses_[reason].literals) {
    if (other / 2 != l / 2) from.push_back(unit_[other / 2]);
  }
  unit_[l / 2] = static_cast<ClauseId>(clauses_.size());
  clauses_.push_back({{}, std::move(from), {}, 0, false});
}

OrderSolver::ClauseId OrderSolver::propagate() {
  while (propagated_ < trail_.size()) {
    if (effort_.exhausted()) return no_clause;
    const Literal l = trail_[propagated_];
    arcs_before_[propagated_++] = order_.size();
    ClauseId conflict = add_arcs(l);
    if (conflict == no_clause) conflict = propagate_clauses(l);
    if (conflict != no_clause) return conflict;
  }
  return no_clause;
}

OrderSolver::ClauseId OrderSolver::add_arcs(Literal l) {
  for (const Arc arc : arcs_[l]) {
    if (order_.add(arc, l + 1)) continue;
    Clause clause;
    clause.literals.push_back(negated(l));
    for (const ArcLabel label : order_.cycle_labels())
      clause.literals.push_back(negated(label - 1));
    std::sort(clause.literals.begin(), clause.literals.end());
    clause.literals.erase(std::unique(clause.literals.begin(), clause.literals.end()),
                          clause.literals.end());
    clause.vertices = order_.cycle_vertices();
    clauses_.push_back(std::move(clause));
    return static_cast<ClauseId>(clauses_.size() - 1);
  }
  return no_clause;
}

OrderSolver::ClauseId OrderSolver::propagate_clauses(Literal l) {
  const Literal gone = negated(l);
  std::vector<ClauseId>& watching = watches_[gone];
  std::size_t kept = 0;
  for (std::size_t i = 0; i < watching.size(); ++i) {
    const ClauseId id = watching[i];
    std::vector<Literal>& literals = clauses_[id].literals;
    if (literals.empty()) continue;  // forgotten
    if (literals[0] == gone) std::swap(literals[0], literals[1]);
    if (value(literals[0]) == 1) {
      watching[kept++] = id;
      continue;
    }
    const auto other = std::find_if(literals.begin() + 2, literals.end(),
                                    [&](Literal candidate) { return value(candidate) != -1; });
    if (other != literals.end()) {
      std::swap(*other, literals[1]);
      watches_[literals[1]].push_back(id);
      continue;
    }
    watching[kept++] = id;
    if (value(literals[0]) == -1) {
      while (++i < watching.size())
        watching[kept++] = watching[i];
      watching.resize(kept);
      return id;
    }
    assign(literals[0], id);
  }
  watches_[gone].resize(kept);
  return no_clause;
}

void OrderSolver::resolve(ClauseId id, Literal except, std::uint32_t& open,
                          std::vector<Literal>& learned, std::vector<ClauseId>& from) {
  from.push_back(id);
  Clause& clause = clauses_[id];
  clause.activity += clause_bump_;
  for (const Literal l : clause.literals) {
    const std::uint32_t variable = l / 2;
    if (l == except || seen_[variable]) continue;
    if (level_[variable] == 0) {
      from.push_back(unit_[variable]);
      continue;
    }
    seen_[variable] = true;
    bump(variable);
    if (level_[variable] == level_begin_.size()) {
      ++open;
    } else {
      learned.push_back(l);
    }
  }
}

/// The clause of the first unique implication point. Stores it; returns its literal that is new.
Literal OrderSolver::learn(ClauseId conflict, std::uint32_t& level) {
  std::vector<Literal> learned{0};
  std::vector<ClauseId> from;
  std::uint32_t open = 0;
  resolve(conflict, no_clause, open, learned, from);
  std::size_t place = trail_.size();
  Literal point = 0;
  while (true) {
    do
      point = trail_[--place];
    while (!seen_[point / 2]);
    if (--open == 0) break;
    seen_[point / 2] = false;
    resolve(reason_[point / 2], point, open, learned, from);
  }
  learned[0] = negated(point);
  for (const Literal l : learned)
    seen_[l / 2] = false;
  level = 0;
  if (learned.size() > 1) {
    const auto highest =
        std::max_element(learned.begin() + 1, learned.end(),
                         [&](Literal a, Literal b) { return level_[a / 2] < level_[b / 2]; });
    level = level_[*highest / 2];
    std::swap(*highest, learned[1]);
  }
  const auto id = static_cast<ClauseId>(clauses_.size());
  clauses_.push_back({std::move(learned), std::move(from), {}, clause_bump_, true});
  if (clauses_[id].literals.size() > 1) {
    watches_[clauses_[id].literals[0]].push_back(id);
    watches_[clauses_[id].literals[1]].push_back(id);
    ++learned_count_;
  }
  return negated(point);
}

void OrderSolver::backtrack(std::uint32_t level) {
  if (level_begin_.size() <= level) return;
  const std::size_t begin = level_begin_[level];
  if (propagated_ > begin) {
    while (order_.size() > arcs_before_[begin])
      order_.remove_last();
    propagated_ = begin;
  }
  while (trail_.size() > begin) {
    const Literal l = trail_.back();
    trail_.pop_back();
    arcs_before_.pop_back();
    value_[l] = value_[negated(l)] = 0;
    phase_[l / 2] = (l & 1) == 0 ? 1 : -1;
    push_heap(l / 2);
  }
  level_begin_.resize(level);
}

/// As the arcs go with the order; as it was last where there are none.
Literal OrderSolver::preferred(std::uint32_t variable) const {
  const Literal l = 2 * variable;
  for (const Literal each : {l, negated(l)}) {
    if (arcs_[each].empty()) continue;
    const bool forward = std::all_of(arcs_[each].begin(), arcs_[each].end(),
                                     [&](Arc arc) { return order_.is_before(arc.from, arc.to); });
    if (forward) return each;
  }
  if (phase_[variable] != 0) return phase_[variable] > 0 ? l : negated(l);
  return arcs_[l].empty() && !arcs_[negated(l)].empty() ? l : negated(l);
}

bool OrderSolver::decide() {
  while (!heap_.empty()) {
    const std::uint32_t variable = pop_heap();
    if (value_[std::size_t{2} * variable] != 0) continue;
    level_begin_.push_back(trail_.size());
    assign(preferred(variable), no_clause);
    return true;
  }
  return false;
}

OrderSolver::End OrderSolver::solve() {
  std::size_t restarts = 0;
  std::size_t until_restart = restart_unit;
  std::size_t learned_max = 4000 + level_.size() / 4;
  while (true) {
    const ClauseId conflict = refuted_ != no_clause ? refuted_ : propagate();
    if (effort_.exhausted()) return End::gave_up;
    if (conflict == no_clause) {
      if (!decide()) return End::found;
      continue;
    }
    ++conflicts_;
    if (level_begin_.empty()) {
      refute(conflict);
      return End::none;
    }
    std::uint32_t level = 0;
    const Literal l = learn(conflict, level);
    const auto id = static_cast<ClauseId>(clauses_.size() - 1);
    backtrack(level);
    assign(l, id);
    bump_ *= decay;
    clause_bump_ *= clause_decay;
    if (--until_restart == 0) {
      until_restart = restart_unit * luby(++restarts);
      backtrack(0);
      if (learned_count_ > learned_max) {
        forget();
        learned_max += learned_max / 10;
      }
    }
  }
}

/// Half of the learned clauses go, the least active; what they were derived from stays known.
/// After a restart, so that none is a reason but of what holds without choices.
void OrderSolver::forget() {
  std::vector<ClauseId> candidates;
  for (ClauseId id = 0; id < clauses_.size(); ++id) {
    if (clauses_[id].learned && clauses_[id].literals.size() > 2) candidates.push_back(id);
  }
  std::sort(candidates.begin(), candidates.end(),
            [&](ClauseId a, ClauseId b) { return clauses_[a].activity < clauses_[b].activity; });
  for (std::size_t i = 0; i < candidates.size() / 2; ++i) {
    Clause& clause = clauses_[candidates[i]];
    if (reason_[clause.literals[0] / 2] == candidates[i] && value(clause.literals[0]) == 1)
      continue;
    clause.literals = {};
    --learned_count_;
  }
}

void OrderSolver::refute(ClauseId conflict) {
  std::vector<ClauseId> stack{conflict};
  for (const Literal l : clauses_[conflict].literals)
    stack.push_back(unit_[l / 2]);
  std::vector<bool> reached(clauses_.size(), false);
  std::vector<bool> is_used(level_.size(), false);
  while (!stack.empty()) {
    const ClauseId id = stack.back();
    stack.pop_back();
    if (reached[id]) continue;
    reached[id] = true;
    const Clause& clause = clauses_[id];
    stack.insert(stack.end(), clause.from.begin(), clause.from.end());
    used_vertices_.insert(used_vertices_.end(), clause.vertices.begin(), clause.vertices.end());
    if (!clause.from.empty()) continue;
    for (const Literal l : clause.literals)
      is_used[l / 2] = true;
  }
  for (std::uint32_t variable = 0; variable < level_.size(); ++variable) {
    if (is_used[variable]) used_variables_.push_back(variable);
  }
}

void OrderSolver::bump(std::uint32_t variable) {
  constexpr double high = 1e100;
  activity_[variable] += bump_;
  if (activity_[variable] > high) {
    for (double& activity : activity_)
      activity /= high;
    bump_ /= high;
  }
  if (heap_place_[variable] != no_clause) sift_up(heap_place_[variable]);
}

void OrderSolver::push_heap(std::uint32_t variable) {
  if (heap_place_[variable] != no_clause) return;
  heap_place_[variable] = static_cast<std::uint32_t>(heap_.size());
  heap_.push_back(variable);
  sift_up(heap_.size() - 1);
}

std::uint32_t OrderSolver::pop_heap() {
  const std::uint32_t top = heap_.front();
  heap_place_[top] = no_clause;
  const std::uint32_t last = heap_.back();
  heap_.pop_back();
  if (last != top) {
    heap_[0] = last;
    heap_place_[last] = 0;
    sift_down(0);
  }
  return top;
}

void OrderSolver::sift_up(std::size_t i) {
  while (i > 0 && activity_[heap_[(i - 1) / 2]] < activity_[heap_[i]]) {
    std::swap(heap_[(i - 1) / 2], heap_[i]);
    heap_place_[heap_[i]] = static_cast<std::uint32_t>(i);
    i = (i - 1) / 2;
  }
  heap_place_[heap_[i]] = static_cast<std::uint32_t>(i);
}

void OrderSolver::sift_down(std::size_t i) {
  while (2 * i + 1 < heap_.size()) {
    std::size_t child = 2 * i + 1;
    if (child + 1 < heap_.size() && activity_[heap_[child]] < activity_[heap_[child + 1]]) ++child;
    if (activity_[heap_[child]] <= activity_[heap_[i]]) break;
    std::swap(heap_[child], heap_[i]);
    heap_place_[heap_[i]] = static_cast<std::uint32_t>(i);
    i = child;
  }
  heap_place_[heap_[i]] = static_cast<std::uint32_t>(i);
}

}  // namespace gauntlet
