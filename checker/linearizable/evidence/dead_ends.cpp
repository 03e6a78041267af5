#include "checker/linearizable/evidence/dead_ends.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "checker/linearizable/evidence/words.hpp"

namespace gauntlet {

namespace {

using Taken = std::uint64_t;

class Exploration {
 public:
  Exploration(const Part& part, std::size_t shown_max, std::size_t tried_max)
      : part_(part), shown_max_(shown_max), tried_max_(tried_max) {
    if (part.starts_anywhere && !is_access_only(part)) {
      states_ = part.model->states(part.kinds, *part.context);
      starts_ = states_->anywhere();
    } else {
      states_ = states_of(part);
      starts_ = {states_->initial()};
    }
  }

  DeadEnds run() {
    DeadEnds answer;
    if (part_.operations.size() > 64) return answer;
    for (OpId op = 0; op < part_.operations.size(); ++op) {
      if (part_.operations[op].crashed()) doubtful_ |= Taken{1} << op;
    }
    for (const StateId start : starts_)
      reach({0, start}, 0, no_op);
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_.size() > tried_max_) break;
      if (goes_on(i)) continue;
      if (first_return(places_[i].taken) != no_event) dead_.push_back(i);
    }
    answer.is_complete = places_.size() <= tried_max_;
    // Those with most of what must be ordered first, and of these without superfluous others.
    std::stable_sort(dead_.begin(), dead_.end(), [this](std::size_t a, std::size_t b) {
      const auto [must_a, may_a] = counts(places_[a].taken);
      const auto [must_b, may_b] = counts(places_[b].taken);
      return must_a != must_b ? must_a > must_b : may_a < may_b;
    });
    // Which of those that may not have happened it used makes no other dead end.
    boost::unordered_flat_set<std::pair<Taken, StateId>, boost::hash<std::pair<Taken, StateId>>>
        told;
    for (const std::size_t end : dead_) {
      if (!told.emplace(places_[end].taken & ~doubtful_, places_[end].state).second) continue;
      if (told.size() <= shown_max_) answer.longest_first.push_back(tell(end));
    }
    answer.total = told.size();
    return answer;
  }

 private:
  struct Place {
    Taken taken;
    StateId state;
    std::size_t before;  // the place from which it was reached
    OpId last;
  };

  bool has(Taken taken, OpId op) const { return (taken >> op & 1u) != 0; }

  std::pair<int, int> counts(Taken taken) const {
    int must = 0, may = 0;
    for (OpId op = 0; op < part_.operations.size(); ++op) {
      if (has(taken, op)) ++(part_.operations[op].crashed() ? may : must);
    }
    return {must, may};
  }

  /// Of the operations that must still be taken; no_event if there is none.
  EventIndex first_return(Taken taken) const {
    EventIndex first = no_event;
    for (OpId op = 0; op < part_.operations.size(); ++op) {
      if (!has(taken, op)) first = std::min(first, part_.operations[op].completion);
    }
    return first;
  }

  void reach(std::pair<Taken, StateId> place, std::size_t before, OpId last) {
    if (reached_.emplace(place, places_.size()).second) {
      places_.push_back({place.first, place.second, before, last});
    }
  }

  /// Whether some operation may come next; notes where that leads.
  bool goes_on(std::size_t at) {
    const Place place = places_[at];
    const EventIndex limit = first_return(place.taken);
    std::vector<std::pair<OpId, StateId>> next;
    for (OpId op = 0; op < part_.operations.size(); ++op) {
      if (has(place.taken, op) || part_.operations[op].invocation > limit) continue;
      const StateId after = states_->step(place.state, part_.operations[op].kind);
      if (after == no_state) continue;
      const bool is_free = !part_.operations[op].crashed() &&
                           !part_.updates(part_.operations[op].kind) && after == place.state;
      // What may not have happened and changes nothing leads nowhere.
      if (part_.operations[op].crashed() && after == place.state) continue;
      if (is_free) next.clear();
      next.emplace_back(op, after);
      if (is_free) break;
    }
    for (const auto& [op, after] : next)
      reach({place.taken | Taken{1} << op, after}, at, op);
    return !next.empty();
  }

  DeadEnd tell(std::size_t at) const {
    const Place& end = places_[at];
    DeadEnd dead_end;
    for (std::size_t i = at; places_[i].last != no_op; i = places_[i].before)
      dead_end.order.push_back(part_.operations[places_[i].last].invocation);
    std::reverse(dead_end.order.begin(), dead_end.order.end());
    dead_end.state = states_->describe(end.state);
    const EventIndex limit = first_return(end.taken);
    OpId first = 0;
    while (has(end.taken, first) || part_.operations[first].completion != limit)
      ++first;
    for (OpId op = 0; op < part_.operations.size(); ++op) {
      if (has(end.taken, op)) continue;
      const bool changes_nothing =
          has(doubtful_, op) && states_->step(end.state, part_.operations[op].kind) == end.state;
      if (changes_nothing) continue;
      dead_end.refusals.push_back(
          {part_.operations[op].invocation,
           part_.operations[op].invocation > limit
               ? fmt::format("{} began after {} had been acknowledged", name_operation(part_, op),
                             name_operation(part_, first))
               : refusal(op, end.state, dead_end.state)});
    }
    return dead_end;
  }

  std::string refusal(OpId op, StateId state, const std::string& state_text) const {
    const std::string name = name_operation(part_, op);
    const bool is_start = std::find(starts_.begin(), starts_.end(), state) != starts_.end();
    const std::string then = is_start ? "" : " by then";
    if (const auto access = part_.model->access(part_.call(op), *part_.context);
        access && access->needs) {
      return fmt::format("{} needs {}{}, but the value is {}{}", name,
                         access->excludes ? "any value but " : "",
                         part_.history->values().to_text(*access->needs, 60), state_text, then);
    }
    return fmt::format("{} does not fit: the {} is {}{}", name, part_.model->name(), state_text,
                       then);
  }

  const Part& part_;
  std::size_t shown_max_, tried_max_;
  std::unique_ptr<StateSpace> states_;
  std::vector<StateId> starts_;
  Taken doubtful_ = 0;  // operations that may not have happened
  std::vector<Place> places_;
  boost::unordered_flat_map<std::pair<Taken, StateId>, std::size_t,
                            boost::hash<std::pair<Taken, StateId>>>
      reached_;
  std::vector<std::size_t> dead_;
};

}  // namespace

DeadEnds find_dead_ends(const Part& core, std::size_t shown_max, std::size_t tried_max) {
  return Exploration(core, shown_max, tried_max).run();
}

}  // namespace gauntlet
