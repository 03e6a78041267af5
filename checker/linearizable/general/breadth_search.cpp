// The general search, layer by layer, for any model: just-in-time linearization.
//
// Events are processed in order. A configuration says what has been linearized up to now; only when
// an operation returns must it have been linearized, and only then are pending operations
// linearized, in every order that ends with it. If no configuration survives a return, no order
// exists, and that return is the earliest at which this is so. Source: G. Lowe, "Testing for
// linearizability", CCPE 2017, section 5. Complete: in any linearization each operation may be
// moved back to just before the first return of it or of any operation ordered after it.
//
// What keeps the layers small: the rules of window.hpp, and dominated configurations are dropped
// (configuration_set.hpp). At a moment with nothing outstanding but crashed operations a layer is
// the set of the states that are possible there, with what they have used of the crashed ones; the
// search keeps nothing else of what lies before, but for one order that all ways share.
//
// Cost: O(events * configurations); the number of configurations is exponential in the number of
// operations pending at once, at worst, and polynomial in the number of crashed ones.
#include <algorithm>
#include <cstring>

#include "checker/linearizable/general/configuration_set.hpp"
#include "checker/linearizable/general/general_search.hpp"
#include "checker/linearizable/general/window.hpp"
#include "checker/linearizable/witness.hpp"

namespace gauntlet {
namespace {

using Word = ConfigurationSet::Word;

class BreadthSearch : public GeneralSearch {
 public:
  BreadthSearch(const Part& part, const Budget& budget, const GeneralRules& rules = {})
      : part_(part),
        effort_(budget),
        states_(states_of(part)),
        window_(part, rules),
        front_(window_.shape()),
        next_(window_.shape()),
        seen_(window_.shape()),
        scratch_(window_.shape().words()) {
    if (window_.is_too_small()) return;
    scratch_[0] = states_->initial();
    front_.add(scratch_.data(), Trace::root, effort_);
  }

  State advance(std::size_t steps_max) override {
    if (window_.is_too_small()) return state_ = State::exhausted;
    steps_end_ = effort_.steps() + steps_max;
    while (state_ == State::running) {
      if (event_ == part_.events.size()) return state_ = State::finished;
      if (effort_.exhausted()) return state_ = State::exhausted;
      const PartEvent event = part_.events[event_];
      if (!event.returns) {
        invoke(event.op);
      } else if (!is_expanding_ && !begin_return(event.op)) {
        return state_ = State::exhausted;
      } else if (!expand_all()) {
        return is_due() ? State::running : state_ = State::exhausted;
      } else {
        if (!end_return(event.op)) return state_ = State::exhausted;
        if (front_.size() == 0) return state_ = State::dead;
      }
      ++event_;
      if (is_due()) break;
    }
    return state_;
  }

  Judgement judgement() override {
    Judgement judgement;
    judgement.algorithm = "just-in-time linearization (Lowe)";
    judgement.configurations = effort_.steps();
    judgement.reached = event_;
    if (window_.is_too_small()) {
      judgement.reason = "more than 65,535 crashed operations of one kind";
    } else if (state_ == State::dead) {
      judgement.validity = Validity::invalid;
      judgement.fatal = part_.events[event_].op;
    } else if (state_ == State::finished) {
      judgement.validity = Validity::valid;
      judgement.order = order_from_updates(part_, trace_.way(front_.node(0)));
      judgement.has_order = true;
    } else {
      judgement.reason = effort_.reason();
    }
    return judgement;
  }

 private:
  /// Whether it is only the turn that is over.
  bool is_due() const { return effort_.steps() >= steps_end_ && effort_.reason().empty(); }

  void invoke(OpId op) {
    window_.invoke(op);
    if (part_.operations[op].crashed() || window_.is_update(op)) return;
    for (std::size_t i = 0; i < front_.size(); ++i)
      window_.observe(front_.at(i), *states_, window_.slot_of(op));
  }

  /// False if the budget is used up.
  bool begin_return(OpId op) {
    target_slot_ = window_.slot_of(op);
    target_base_ = window_.base_of(op);
    next_.clear();
    seen_.clear();
    for (std::size_t i = 0; i < front_.size(); ++i) {
      if (!arrive(front_.at(i), front_.node(i))) return false;
    }
    expanded_ = 0;
    is_expanding_ = true;
    return true;
  }

  /// False if the budget is used up, or the steps of this turn.
  bool expand_all() {
    for (; expanded_ < seen_.size(); ++expanded_) {
      if (effort_.steps() >= steps_end_ || effort_.exhausted()) return false;
      if (seen_.alive(expanded_) && !expand(expanded_)) return false;
    }
    return true;
  }

  /// False if the budget is used up.
  bool end_return(OpId op) {
    is_expanding_ = false;
    window_.complete(op);
    if (next_.alive_count() == next_.size()) {
      std::swap(front_, next_);
    } else {
      front_.clear();
      for (std::size_t i = 0; i < next_.size(); ++i) {
        if (next_.alive(i) && !front_.add(next_.at(i), next_.node(i), effort_)) return false;
      }
    }
    if (states_->memory_bytes() > states_bytes_max_) forget_states();
    if (!trace_.wants_pruning()) return true;
    live_.clear();
    for (std::size_t i = 0; i < front_.size(); ++i)
      live_.push_back(&front_.node(i));
    trace_.prune(live_);
    return true;
  }

  /// Keeps the states of the front only: those of a container, say, are as many as its operations.
  /// Nobody looks a configuration of the front up, so they may change where they are.
  void forget_states() {
    std::vector<bool> is_live(states_->size(), false);
    for (std::size_t i = 0; i < front_.size(); ++i)
      is_live[front_.at(i)[0]] = true;
    const std::vector<StateId> names = states_->keep(is_live);
    for (std::size_t i = 0; i < front_.size(); ++i)
      front_.at(i)[0] = names[front_.at(i)[0]];
    states_bytes_max_ = std::max(states_bytes_min, 2 * states_->memory_bytes());
  }

  /// Puts a configuration where it belongs: behind the return, or among those still to expand.
  bool arrive(Word* configuration, Trace::Node node) {
    if (!Window::has(configuration, target_base_, target_slot_)) {
      return seen_.add(configuration, node, effort_);
    }
    Window::reset(configuration, target_base_, target_slot_);
    return next_.add(configuration, node, effort_);
  }

  bool expand(std::size_t from) {
    return window_.each_choice(
        seen_.at(from),
        [&](Window::Slot slot) {
          copy(from);
          Window::set(scratch_.data(), window_.shape().updates_at(), slot);
          return take(from, window_.op_at(slot), window_.kind_at(slot));
        },
        [&](Window::Lane lane) {
          copy(from);
          window_.shape().increment(scratch_.data(), lane);
          // Crashed operations stand in the trace for their kind; the order names them one by one.
          const std::uint32_t kind = window_.kind_of_lane(lane);
          return take(from, crashed_kind_flag | kind, kind);
        });
  }

  void copy(std::size_t from) {
    std::memcpy(scratch_.data(), seen_.at(from), scratch_.size() * sizeof(Word));
  }

  /// False if the budget is used up.
  bool take(std::size_t from, OpId op, std::uint32_t kind) {
    if (effort_.exhausted() || !effort_.allows(states_->growth_bytes())) return false;
    const auto before = static_cast<StateId>(scratch_[0]);
    const StateId after = states_->step(before, kind);
    if (after == no_state) return true;
    if (after == before && (op & crashed_kind_flag) != 0) return true;
    scratch_[0] = after;
    if (after != before) window_.observe(scratch_.data(), *states_);
    if (!effort_.allows(trace_.growth_bytes())) return false;
    return arrive(scratch_.data(),
                  trace_.add(seen_.node(from), op, static_cast<std::uint32_t>(event_)));
  }

  static constexpr std::size_t states_bytes_min = std::size_t{8} << 20;

  const Part& part_;
  Effort effort_;
  std::unique_ptr<StateSpace> states_;
  std::size_t states_bytes_max_ = states_bytes_min;
  Window window_;
  ConfigurationSet front_, next_, seen_;
  std::vector<Word> scratch_;
  State state_ = State::running;
  std::size_t event_ = 0;
  bool is_expanding_ = false;  // in the middle of the return at `event_`
  std::size_t expanded_ = 0;   // of `seen_`
  std::size_t steps_end_ = 0;  // of this turn
  Window::Slot target_slot_ = 0;
  std::size_t target_base_ = 0;
  Trace trace_;
  std::vector<Trace::Node*> live_;
};

}  // namespace

std::unique_ptr<GeneralSearch> make_breadth_search(const Part& part, const Budget& budget,
                                                   const GeneralRules& rules) {
  return std::make_unique<BreadthSearch>(part, budget, rules);
}

namespace {

class BreadthSearchAlgorithm : public PartAlgorithm {
 public:
  std::string_view name() const override { return "breadth"; }
  std::string_view description() const override {
    return "just-in-time linearization, layer by layer, for any model (Lowe 2017)";
  }
  AlgorithmFacts facts() const override {
    return {.idea =
                "Just-in-time linearization, layer by layer: the configurations that survive each "
                "return. Pending reads that agree with the state are linearized at once, equal "
                "crashed operations are counted, dominated configurations are dropped.",
            .conditions = "none",
            .guarantee = "Sound; complete if its budget suffices. The place is the earliest.",
            .cost =
                "O(events times configurations); their number is exponential in the operations "
                "outstanding at once, at worst",
            .source = "G. Lowe, Testing for linearizability, CCPE 2017, section 5"};
  }
  int rank() const override { return rank_by_name_only; }
  bool applies(const Part&) const override { return true; }
  Judgement judge(const Part& part, const Budget& budget) const override {
    BreadthSearch search(part, budget);
    return run_alone(search);
  }
};

GAUNTLET_REGISTER(PartAlgorithm, BreadthSearchAlgorithm);

}  // namespace
}  // namespace gauntlet
