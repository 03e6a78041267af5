// The general search, depth first, for any model: one order is followed as far as it goes.
//
// The search stands in front of an event with one configuration. It passes invocations, and returns
// of what has been linearized. At the return of an operation that has not been, it linearizes one
// outstanding update after another until the operation has its place, and where nothing is left to
// try it takes back the last choice. A configuration from which everything was tried is dead; it is
// remembered with its event, and so is not gone into again, nor is one that a dead one dominates
// (configuration_set.hpp): what continues the dominated one would continue the dead one. Sources:
// J. M. Wing and C. Gong, "Testing and verifying concurrent objects", JPDC 1993; G. Lowe, "Testing
// for linearizability", CCPE 2017, section 4 (the memory of dead configurations). New here is that
// a configuration holds what is outstanding only (window.hpp) instead of a bit for each operation
// of the history, and that nothing is linearized before a return asks for it.
//
// The configurations are those of the breadth-first search, so it is complete for the same reason,
// and where it runs out of choices, the farthest return at which it ever stood is the earliest one
// at which no order exists any more. Proof: an order of what returns before some return r exists if
// and only if a configuration in front of r can be reached. Depth first, too, each that can be
// reached is stood upon, or is left out for one that dominates it and that was tried to the end.
// That one gets at least as far, since it passes each return that the other passes. So the search
// has stood at every return that can be reached, and at none that cannot.
//
// What to try first: an update that gives the operation its place at once; then the one that
// returns first; crashed ones last.
//
// The memory of dead configurations is bounded: when it is full, the older half is forgotten. What
// is forgotten may be tried again, and found dead again; the search stays finite, since each way
// is. So are states forgotten where they are many and large: of the older part of the way only
// every 256th is kept, and the others are computed again from there when the search gets back to
// them.
//
// Cost: exponential at worst, like the breadth-first search; about O(events) where an order exists
// and most choices are good. Memory: 24 bytes an update on the way, and what is remembered.
#include <algorithm>
#include <cstring>

#include "checker/linearizable/general/configuration_set.hpp"
#include "checker/linearizable/general/general_search.hpp"
#include "checker/linearizable/general/window.hpp"
#include "checker/linearizable/witness.hpp"

namespace gauntlet {
namespace {

using Word = ConfigurationSet::Word;

/// Dead configurations, the latest ones at least. A configuration carries its event beside its
/// state: word 0 is the event, shifted by 32 bits, and the state.
class DeadConfigurations {
 public:
  explicit DeadConfigurations(const ConfigurationShape& shape) : older_(shape), newer_(shape) {}

  bool holds(const Word* configuration) const {
    return newer_.has_dominating(configuration) || older_.has_dominating(configuration);
  }

  bool add(const Word* configuration, Effort& effort) {
    if (newer_.memory_bytes() > half_bytes_max) {
      std::swap(older_, newer_);
      newer_.clear();
    }
    return newer_.add(configuration, Trace::root, effort);
  }

  void clear() {
    older_.clear();
    newer_.clear();
  }

 private:
  static constexpr std::size_t half_bytes_max = std::size_t{32} << 20;

  ConfigurationSet older_, newer_;
};

class DepthSearch : public GeneralSearch {
 public:
  DepthSearch(const Part& part, const Budget& budget, const GeneralRules& rules = {})
      : part_(part),
        effort_(budget),
        states_(states_of(part)),
        window_(part, rules),
        dead_(window_.shape()),
        here_(window_.shape().words()),
        scratch_(window_.shape().words()) {
    if (!window_.is_too_small()) here_[0] = states_->initial();
  }

  State advance(std::size_t steps_max) override {
    if (window_.is_too_small()) return state_ = State::exhausted;
    const std::size_t steps_end = effort_.steps() + steps_max;
    while (state_ == State::running) {
      if (effort_.exhausted()) return state_ = State::exhausted;
      if (!pass_events()) return state_ = State::finished;
      farthest_ = std::max(farthest_, event_);
      if (states_->memory_bytes() > states_bytes_max_) forget_states();
      mark_event();
      if (dead_.holds(scratch_.data())) {
        choose(take_back());
      } else {
        list_choices();
        choose(0);
      }
      if (effort_.steps() >= steps_end && state_ == State::running) break;
    }
    return state_;
  }

  Judgement judgement() override {
    Judgement judgement;
    judgement.algorithm = "depth-first search (Wing and Gong; Lowe)";
    judgement.configurations = effort_.steps();
    judgement.reached = state_ == State::finished ? event_ : farthest_;
    if (window_.is_too_small()) {
      judgement.reason = "more than 65,535 crashed operations of one kind";
    } else if (state_ == State::dead) {
      judgement.validity = Validity::invalid;
      judgement.fatal = part_.events[farthest_].op;
    } else if (state_ == State::finished) {
      judgement.validity = Validity::valid;
      std::vector<Trace::Step> steps;
      steps.reserve(way_.size());
      for (const Step& step : way_)
        steps.push_back({step.op, step.event});
      judgement.order = order_from_updates(part_, steps);
      judgement.has_order = true;
    } else {
      judgement.reason = effort_.reason();
    }
    return judgement;
  }

 private:
  /// An update on the way, and what to restore when it is taken back. The observers that were
  /// satisfied before it are in `way_observers_`.
  struct Step {
    OpId op;  // or a kind of crashed operations
    StateId state_before;
    std::uint32_t event;
    std::uint32_t choice;  // which of the choices it was
  };

  struct Choice {
    OpId op;
    std::uint32_t kind;
    StateId after;
    std::uint64_t merit;  // the lower, the better
  };

  /// Goes on to the next return that asks for a choice; false at the end of the events.
  bool pass_events() {
    for (; event_ < part_.events.size(); ++event_) {
      const PartEvent event = part_.events[event_];
      if (!event.returns) {
        window_.invoke(event.op);
        if (part_.operations[event.op].crashed() || window_.is_update(event.op)) continue;
        window_.observe(here_.data(), *states_, window_.slot_of(event.op));
        continue;
      }
      const std::size_t base = window_.base_of(event.op);
      const Window::Slot slot = window_.slot_of(event.op);
      if (!Window::has(here_.data(), base, slot)) return true;
      Window::reset(here_.data(), base, slot);
      window_.complete(event.op);
    }
    return false;
  }

  /// The configuration with its event, in `scratch_`.
  void mark_event() {
    std::memcpy(scratch_.data(), here_.data(), here_.size() * sizeof(Word));
    scratch_[0] |= Word{event_} << 32;
  }

  StateId state() const { return static_cast<StateId>(here_[0]); }

  /// The state after a call of this kind, counted as effort.
  StateId step(std::uint32_t kind) {
    if (effort_.exhausted() || !effort_.allows(states_->growth_bytes())) state_ = State::exhausted;
    return states_->step(state(), kind);
  }

  void list_choices() {
    choices_.clear();
    const OpId target = part_.events[event_].op;
    const std::uint32_t target_kind = part_.operations[target].kind;
    const bool target_observes = !window_.is_update(target);
    const auto places_target = [&](OpId op, StateId after) {
      return op == target || (target_observes && states_->step(after, target_kind) != no_state);
    };
    window_.each_choice(
        here_.data(),
        [&](Window::Slot slot) {
          const std::uint32_t kind = window_.kind_at(slot);
          const StateId after = step(kind);
          if (after == no_state) return true;
          const OpId op = window_.op_at(slot);
          const std::uint64_t returns = part_.operations[op].completion;
          choices_.push_back({op, kind, after, returns | (places_target(op, after) ? 0 : later)});
          return true;
        },
        [&](Window::Lane lane) {
          const std::uint32_t kind = window_.kind_of_lane(lane);
          const StateId after = step(kind);
          if (after == no_state || after == state()) return true;
          const OpId op = crashed_kind_flag | kind;
          choices_.push_back(
              {op, kind, after, (no_event + Word{lane}) | (places_target(op, after) ? 0 : later)});
          return true;
        });
    std::sort(choices_.begin(), choices_.end(),
              [](const Choice& a, const Choice& b) { return a.merit < b.merit; });
  }

  /// Takes the choice of this rank; where there is none, takes back as much as it must and takes
  /// the next best there.
  void choose(std::uint32_t rank) {
    while (state_ == State::running && rank == choices_.size()) {
      mark_event();
      if (!dead_.add(scratch_.data(), effort_)) {
        state_ = State::exhausted;
      } else {
        rank = take_back();
      }
    }
    if (state_ == State::running) take(choices_[rank], rank);
  }

  void take(const Choice& choice, std::uint32_t rank) {
    const std::size_t step_bytes = sizeof(Step) + mask_bytes();
    if (way_.size() == way_.capacity() && !effort_.allows(2 * way_.size() * step_bytes)) {
      state_ = State::exhausted;
      return;
    }
    const StateId before = state();
    way_.push_back({choice.op, before, static_cast<std::uint32_t>(event_), rank});
    const Word* observers = here_.data() + window_.shape().observers_at();
    way_observers_.insert(way_observers_.end(), observers, observers + window_.shape().mask_words);
    if ((choice.op & crashed_kind_flag) != 0) {
      window_.shape().increment(here_.data(), window_.lane_of_kind(choice.kind));
    } else {
      Window::set(here_.data(), window_.shape().updates_at(), window_.slot_of(choice.op));
    }
    here_[0] = choice.after;
    if (choice.after != before) window_.observe(here_.data(), *states_);
  }

  /// Takes back the last step and lists the choices that there were; the rank of the next to try.
  std::uint32_t take_back() {
    if (way_.empty()) {
      state_ = State::dead;
      return 0;
    }
    if (way_.back().state_before == no_state) recall_states();
    const Step step = way_.back();
    way_.pop_back();
    while (event_ > step.event) {
      const PartEvent event = part_.events[--event_];
      if (!event.returns) {
        window_.undo_invoke(event.op);
        continue;
      }
      // It was passed, so it had been linearized.
      window_.undo_complete(event.op);
      if (!window_.is_update(event.op)) continue;
      Window::set(here_.data(), window_.shape().updates_at(), window_.slot_of(event.op));
    }
    here_[0] = step.state_before;
    if ((step.op & crashed_kind_flag) != 0) {
      window_.shape().decrement(here_.data(), window_.lane_of_kind(step.op & ~crashed_kind_flag));
    } else {
      Window::reset(here_.data(), window_.shape().updates_at(), window_.slot_of(step.op));
    }
    const std::size_t words = window_.shape().mask_words;
    way_observers_.resize(way_observers_.size() - words);
    std::memcpy(here_.data() + window_.shape().observers_at(),
                way_observers_.data() + way_observers_.size(), mask_bytes());
    list_choices();
    return step.choice + 1;
  }

  static std::uint32_t kind_of(const Part& part, OpId op) {
    return (op & crashed_kind_flag) != 0 ? op & ~crashed_kind_flag : part.operations[op].kind;
  }

  /// Keeps the states that the next steps back need, and every 256th before that.
  void forget_states() {
    std::vector<bool> is_live(states_->size(), false);
    is_live[state()] = true;
    for (std::size_t i = 0; i < way_.size(); ++i) {
      StateId& before = way_[i].state_before;
      if (before == no_state) continue;
      if (i % kept_every == 0 || i + kept_recent >= way_.size()) is_live[before] = true;
    }
    const std::vector<StateId> names = states_->keep(is_live);
    here_[0] = names[state()];
    for (Step& step : way_) {
      if (step.state_before != no_state) step.state_before = names[step.state_before];
    }
    dead_.clear();  // they are known by their states
    states_bytes_max_ = std::max(states_bytes_min, 2 * states_->memory_bytes());
  }

  /// Computes the states of the last steps again, from the last one that was kept. The first step's
  /// always is.
  void recall_states() {
    std::size_t i = way_.size() - 1;
    while (way_[i].state_before == no_state)
      --i;
    for (; i + 1 < way_.size(); ++i) {
      const StateId after = states_->step(way_[i].state_before, kind_of(part_, way_[i].op));
      GAUNTLET_ASSERT(after != no_state);
      way_[i + 1].state_before = after;
    }
  }

  std::size_t mask_bytes() const { return window_.shape().mask_words * sizeof(Word); }

  static constexpr std::size_t kept_every = 256, kept_recent = 1024;
  static constexpr std::size_t states_bytes_min = std::size_t{32} << 20;
  static constexpr std::uint64_t later = std::uint64_t{1} << 40;

  const Part& part_;
  Effort effort_;
  std::unique_ptr<StateSpace> states_;
  std::size_t states_bytes_max_ = states_bytes_min;
  Window window_;
  DeadConfigurations dead_;
  std::vector<Word> here_;  // the configuration in front of `event_`
  std::vector<Word> scratch_;
  std::vector<Step> way_;
  std::vector<Word> way_observers_;
  std::vector<Choice> choices_;
  State state_ = State::running;
  std::size_t event_ = 0;
  std::size_t farthest_ = 0;  // return at which it has stood
};

}  // namespace

std::unique_ptr<GeneralSearch> make_depth_search(const Part& part, const Budget& budget,
                                                 const GeneralRules& rules) {
  return std::make_unique<DepthSearch>(part, budget, rules);
}

namespace {

class DepthSearchAlgorithm : public PartAlgorithm {
 public:
  std::string_view name() const override { return "depth"; }
  std::string_view description() const override {
    return "depth-first search, for any model (Wing and Gong 1993, Lowe 2017)";
  }
  AlgorithmFacts facts() const override {
    return {
        .idea =
            "One order is followed as far as it goes; a configuration from which everything was "
            "tried is remembered, and neither it nor one that it dominates is gone into again.",
        .conditions = "none",
        .guarantee = "Sound; complete if its budget suffices. The place is the earliest.",
        .cost =
            "exponential at worst, about O(events) where an order exists and most choices are good",
        .source =
            "J. M. Wing and C. Gong, Testing and verifying concurrent objects, JPDC 1993; G. Lowe, "
            "CCPE 2017, section 4; configurations of what is outstanding only are new here"};
  }
  int rank() const override { return rank_by_name_only; }
  bool applies(const Part&) const override { return true; }
  Judgement judge(const Part& part, const Budget& budget) const override {
    DepthSearch search(part, budget);
    return run_alone(search);
  }
};

GAUNTLET_REGISTER(PartAlgorithm, DepthSearchAlgorithm);

}  // namespace
}  // namespace gauntlet
