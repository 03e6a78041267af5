#include "checker/linearizable/online/online_search.hpp"

#include <algorithm>

namespace gauntlet {

using Entries = OnlineConfiguration::Entries;
using Entry = OnlineConfiguration::Entry;

void OnlineSearch::begin(OnlineObject& object) {
  OnlineConfiguration first;
  first.state = calls_.initial();
  object.front.clear();
  pack(first, object.front);
  object.front_count = 1;
  object.share_at = shared_states_min_;
}

std::uint32_t OnlineSearch::invoke(OnlineObject& object, const OnlineOperation& operation) {
  const auto free = std::find_if(object.slots.begin(), object.slots.end(),
                                 [](const auto& slot) { return slot.invoked == no_moment; });
  const auto slot = static_cast<std::uint32_t>(free - object.slots.begin());
  if (free == object.slots.end()) {
    object.slots.push_back(operation);
  } else {
    *free = operation;
  }
  if (operation.observes) object.observers.push_back(operation.invoked);
  return slot;
}

// --- a completion
// ---------------------------------------------------------------------------------

void OnlineSearch::open(const OnlineObject& object, std::uint32_t slot) {
  target_slot_ = slot;
  target_ = object.slots[slot];
  GAUNTLET_ASSERT(target_.invoked != no_moment);
  newest_observer_ = before_target_ = no_moment;
  for (const StreamMoment moment : object.observers) {
    if (moment == target_.invoked) continue;
    newest_observer_ = moment;
    if (moment < target_.invoked) before_target_ = moment;
  }
  next_.clear();
  seen_.clear();
  ambiguous_ = false;
}

OnlineStep OnlineSearch::answer(OnlineObject& object, std::uint32_t slot, std::uint32_t kind,
                                bool failed) {
  open(object, slot);
  only_observes_ = failed || !calls_.updates(kind);
  all_have_seen_ = false;
  if (target_.observes) {
    for (auto at = object.visited_by_all.lower_bound(target_.invoked);
         at != object.visited_by_all.end() && !all_have_seen_; ++at) {
      for (const StateId state : at->second) {
        if (effort_.exhausted()) return OnlineStep::exhausted;
        all_have_seen_ = all_have_seen_ || saw(state, kind);
      }
    }
  }
  const std::uint32_t* words = object.front.data();
  for (std::uint32_t i = 0; i < object.front_count; ++i) {
    if (effort_.exhausted()) return OnlineStep::exhausted;
    words = unpack(words, at_);
    receive(at_, kind, failed);
  }
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (effort_.exhausted()) return OnlineStep::exhausted;
    if (crowded()) return OnlineStep::too_many;
    if (!seen_.is_alive(i)) continue;
    seen_.load(i, base_);
    expand(object, kind);
  }
  if (ambiguous_) return OnlineStep::ambiguous;
  return close(object);
}

/// Puts a configuration from before the event where it belongs: behind it, among those to expand,
/// both, or nowhere.
void OnlineSearch::receive(OnlineConfiguration& configuration, std::uint32_t kind, bool failed) {
  if (configuration.has(target_slot_)) {
    if (failed || !confirm(configuration, kind)) return;
    configuration.reset(target_slot_);
    OnlineConfiguration::erase(configuration.unanswered, target_slot_);
    arrive(configuration);
    return;
  }
  const bool done = all_have_seen_ || has_seen(configuration, kind) ||
                    (only_observes_ && saw(configuration.state, kind));
  if (done) arrive(configuration);
  // An update that changed nothing where it could may as well change something later.
  if (!done || !only_observes_) seen_.add(configuration);
}

/// Whether the answer was possible in the state in which the target was linearized.
bool OnlineSearch::confirm(OnlineConfiguration& configuration, std::uint32_t kind) {
  if (kind == target_.kind) return true;
  const StateId before =
      OnlineConfiguration::figure_of(configuration.unanswered, target_slot_, no_state);
  if (before == no_state) {
    ambiguous_ = true;
    return true;
  }
  const StateId after = calls_.step(before, kind);
  if (after == no_state) return false;
  if (after != calls_.step(before, target_.kind)) ambiguous_ = true;
  return true;
}

/// Whether the target can have happened in this state without changing it.
bool OnlineSearch::saw(StateId state, std::uint32_t kind) {
  const StateId after = calls_.step(state, kind);
  if (after == state) return true;
  if (after == no_state || kind == target_.kind) return false;
  // It changes the state: then so did the target as one whose answer is not known, and there is a
  // configuration that has linearized it there. Or the model has broken its promise.
  if (target_.needs_answer && calls_.step(state, target_.kind) == state) ambiguous_ = true;
  return false;
}

bool OnlineSearch::has_seen(const OnlineConfiguration& configuration, std::uint32_t kind) {
  if (!target_.observes) return false;
  bool seen = false;
  for (const Entry& entry : configuration.visited) {
    if (entry.figure >= target_.invoked) seen = seen || saw(entry.name, kind);
  }
  return seen;
}

/// Takes base_ one operation further, in every way.
void OnlineSearch::expand(const OnlineObject& object, std::uint32_t kind) {
  for (std::uint32_t slot = 0; slot < object.slots.size(); ++slot) {
    const OnlineOperation& operation = object.slots[slot];
    if (operation.invoked == no_moment || !operation.updates || base_.has(slot)) continue;
    if (slot == target_slot_) {
      if (only_observes_) continue;
      const StateId after = calls_.step(base_.state, kind);
      if (after == no_state) continue;
      scratch_ = base_;
      move(scratch_, after);
      arrive(scratch_);
      continue;
    }
    const StateId after = calls_.step(base_.state, operation.kind);
    if (after == no_state || (operation.needs_answer && after == base_.state)) continue;
    scratch_ = base_;
    scratch_.set(slot);
    if (operation.needs_answer) OnlineConfiguration::put(scratch_.unanswered, slot, base_.state);
    move(scratch_, after);
    reach(kind);
  }
  for (const Entry& crashed : object.supply) {
    const std::uint32_t used = OnlineConfiguration::figure_of(base_.spent, crashed.name, 0);
    if (used >= crashed.figure) continue;
    const StateId after = calls_.step(base_.state, crashed.name);
    if (after == no_state || after == base_.state) continue;
    scratch_ = base_;
    OnlineConfiguration::put(scratch_.spent, crashed.name, used + 1);
    move(scratch_, after);
    reach(kind);
  }
}

void OnlineSearch::reach(std::uint32_t kind) {
  if (only_observes_ && saw(scratch_.state, kind)) {
    arrive(scratch_);
  } else {
    seen_.add(scratch_);
  }
}

void OnlineSearch::move(OnlineConfiguration& configuration, StateId after) const {
  if (after == configuration.state) return;
  if (newest_observer_ != no_moment) {
    OnlineConfiguration::put(configuration.visited, configuration.state, newest_observer_);
    OnlineConfiguration::erase(configuration.visited, after);
  } else if (!configuration.visited.empty()) {
    OnlineConfiguration::erase(configuration.visited, after);
  }
  configuration.state = after;
}

void OnlineSearch::arrive(OnlineConfiguration& configuration) {
  if (!target_.observes || configuration.visited.empty()) {
    next_.add(configuration);
    return;
  }
  arrived_ = configuration;
  coarsen(arrived_.visited);
  next_.add(arrived_);
}

/// What was noted for the target is noted for the next older observer, or for nobody.
void OnlineSearch::coarsen(Entries& visited) const {
  std::size_t kept = 0;
  for (Entry entry : visited) {
    if (entry.figure == target_.invoked) entry.figure = before_target_;
    if (entry.figure != no_moment) visited[kept++] = entry;
  }
  visited.resize(kept);
}

OnlineStep OnlineSearch::withdraw(OnlineObject& object, std::uint32_t slot) {
  open(object, slot);
  const std::uint32_t* words = object.front.data();
  for (std::uint32_t i = 0; i < object.front_count; ++i) {
    if (effort_.exhausted()) return OnlineStep::exhausted;
    words = unpack(words, at_);
    if (!at_.has(slot)) arrive(at_);
  }
  return close(object);
}

OnlineStep OnlineSearch::crash(OnlineObject& object, std::uint32_t slot) {
  open(object, slot);
  const std::uint32_t* words = object.front.data();
  for (std::uint32_t i = 0; i < object.front_count; ++i) {
    if (effort_.exhausted()) return OnlineStep::exhausted;
    words = unpack(words, at_);
    if (at_.has(slot)) {
      at_.reset(slot);
      OnlineConfiguration::erase(at_.unanswered, slot);
      const std::uint32_t used = OnlineConfiguration::figure_of(at_.spent, target_.kind, 0);
      OnlineConfiguration::put(at_.spent, target_.kind, used + 1);
    }
    arrive(at_);
  }
  if (target_.updates) {
    const std::uint32_t before = OnlineConfiguration::figure_of(object.supply, target_.kind, 0);
    OnlineConfiguration::put(object.supply, target_.kind, before + 1);
  }
  return close(object);
}

// --- between events
// -------------------------------------------------------------------------------

OnlineStep OnlineSearch::close(OnlineObject& object) {
  peak_ = std::max(peak_, next_.size() + seen_.size());
  if (crowded()) return OnlineStep::too_many;
  if (next_.alive() == 0) return OnlineStep::impossible;
  rest(object);
  object.slots[target_slot_] = {};
  while (!object.slots.empty() && object.slots.back().invoked == no_moment)
    object.slots.pop_back();
  if (!target_.observes) return OnlineStep::possible;
  object.observers.erase(
      std::find(object.observers.begin(), object.observers.end(), target_.invoked));
  const auto at = object.visited_by_all.find(target_.invoked);
  if (at == object.visited_by_all.end()) return OnlineStep::possible;
  auto states = std::move(at->second);
  object.visited_by_all.erase(at);
  if (before_target_ == no_moment) return OnlineStep::possible;
  auto& older = object.visited_by_all[before_target_];
  if (older.size() < states.size()) older.swap(states);
  older.insert(states.begin(), states.end());
  return OnlineStep::possible;
}

/// What is behind the event becomes the object's front.
void OnlineSearch::rest(OnlineObject& object) {
  object.front.clear();
  object.front_count = 0;
  std::size_t visited_least = object.share_at;
  const bool looks_at_all = !object.supply.empty() || !object.observers.empty();
  if (looks_at_all && resting_.size() < next_.alive()) resting_.resize(next_.alive());
  for (std::size_t i = 0; i < next_.size(); ++i) {
    if (!next_.is_alive(i)) continue;
    OnlineConfiguration& configuration = looks_at_all ? resting_[object.front_count] : at_;
    next_.load(i, configuration);
    visited_least = std::min(visited_least, configuration.visited.size());
    ++object.front_count;
    if (!looks_at_all) pack(configuration, object.front);
  }
  if (!looks_at_all) {
    if (object.front.capacity() > 1024 && object.front.capacity() > 16 * object.front.size()) {
      object.front.shrink_to_fit();
    }
    return;
  }
  const std::span<OnlineConfiguration> all(resting_.data(), object.front_count);
  if (!object.supply.empty()) settle_spent(object, all);
  if (visited_least >= object.share_at) share_visited(object, all);
  for (const OnlineConfiguration& configuration : all)
    pack(configuration, object.front);
}

/// A crashed operation that every configuration has used is gone.
void OnlineSearch::settle_spent(OnlineObject& object, std::span<OnlineConfiguration> all) {
  Entries by_all = all.front().spent;
  for (const OnlineConfiguration& configuration : all) {
    for (Entry& entry : by_all) {
      entry.figure = std::min(entry.figure,
                              OnlineConfiguration::figure_of(configuration.spent, entry.name, 0));
    }
  }
  const auto subtract = [&](Entries& entries) {
    for (const Entry& gone : by_all) {
      const std::uint32_t left =
          OnlineConfiguration::figure_of(entries, gone.name, 0) - gone.figure;
      if (left > 0) {
        OnlineConfiguration::put(entries, gone.name, left);
      } else {
        OnlineConfiguration::erase(entries, gone.name);
      }
    }
  };
  std::erase_if(by_all, [](const Entry& entry) { return entry.figure == 0; });
  if (by_all.empty()) return;
  subtract(object.supply);
  for (OnlineConfiguration& configuration : all)
    subtract(configuration.spent);
}

/// Moves what all configurations have visited, at the same moment, into one place.
void OnlineSearch::share_visited(OnlineObject& object, std::span<OnlineConfiguration> all) const {
  Entries by_all = all.front().visited;
  for (const OnlineConfiguration& configuration : all) {
    std::erase_if(by_all, [&](const Entry& entry) {
      return OnlineConfiguration::figure_of(configuration.visited, entry.name, no_moment) !=
             entry.figure;
    });
  }
  for (const Entry& entry : by_all)
    object.visited_by_all[entry.figure].insert(entry.name);
  std::size_t left = 0;
  for (OnlineConfiguration& configuration : all) {
    std::erase_if(configuration.visited, [&](const Entry& entry) {
      const auto at = object.visited_by_all.find(entry.figure);
      return at != object.visited_by_all.end() && at->second.contains(entry.name);
    });
    left = std::max(left, configuration.visited.size());
  }
  object.share_at = std::max(shared_states_min_, 2 * left);
}

namespace {

void sort_by_name(Entries& entries) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
}

}  // namespace

void OnlineSearch::renew(OnlineObject& object) {
  PackedConfigurations front;
  const std::uint32_t* words = object.front.data();
  for (std::uint32_t i = 0; i < object.front_count; ++i) {
    words = unpack(words, at_);
    at_.state = calls_.keep_state(at_.state);
    for (Entry& entry : at_.unanswered)
      entry.figure = calls_.keep_state(entry.figure);
    for (Entry& entry : at_.spent)
      entry.name = calls_.keep_kind(entry.name);
    for (Entry& entry : at_.visited)
      entry.name = calls_.keep_state(entry.name);
    sort_by_name(at_.spent);
    sort_by_name(at_.visited);
    pack(at_, front);
  }
  object.front = std::move(front);
  for (OnlineOperation& operation : object.slots) {
    if (operation.invoked != no_moment) operation.kind = calls_.keep_kind(operation.kind);
  }
  for (Entry& entry : object.supply)
    entry.name = calls_.keep_kind(entry.name);
  sort_by_name(object.supply);
  for (auto& [moment, states] : object.visited_by_all) {
    boost::unordered_flat_set<StateId> kept;
    for (const StateId state : states)
      kept.insert(calls_.keep_state(state));
    states = std::move(kept);
  }
}

}  // namespace gauntlet
