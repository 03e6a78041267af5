// The general search, layer by layer, for any model: just-in-time linearization.
//
// Events are processed in order. A configuration says what has been linearized up to now; only when
// an operation returns must it have been linearized, and only then are pending operations
// linearized, in every order that ends with it. If no configuration survives a return, no order
// exists, and that return is the earliest at which this is so. Source: G. Lowe, "Testing for
// linearizability", CCPE 2017, section 5. Complete: in any linearization each operation may be
// moved back to just before the first return of it or of any operation ordered after it.
//
// What keeps the layers small:
//  - a configuration holds only pending operations (a window), not the history;
//  - an observer (an operation that never changes the state) is linearized as soon as the state
//    agrees: it stands in nobody's way, so a continuation that linearizes it later may as well do
//    without;
//  - of pending operations of the same kind only the one that returns first is tried, a crashed one
//    last: in an order that takes another first, the two may swap places, since the one that takes
//    the later place returns after it or never;
//  - crashed operations of a kind are a count, and dominated configurations are dropped
//    (configuration_set.hpp).
//
// Cost: O(events * configurations); the number of configurations is exponential in the number of
// operations pending at once, at worst, and polynomial in the number of crashed ones.
#include <algorithm>
#include <cstring>
#include <tuple>

#include "checker/linearizable/algorithm.hpp"
#include "checker/linearizable/configuration_set.hpp"
#include "checker/linearizable/witness.hpp"

namespace gauntlet {
namespace {

using Word = ConfigurationSet::Word;

class BreadthSearch {
 public:
  BreadthSearch(const Part& part, const Budget& budget)
      : part_(part),
        effort_(budget),
        states_(states_of(part)),
        shape_(lay_out()),
        front_(shape_),
        next_(shape_),
        seen_(shape_),
        scratch_(shape_.words()) {}

  Judgement run() {
    Judgement judgement;
    judgement.algorithm = "just-in-time linearization (Lowe)";
    if (crashed_of_a_kind_max_ > 0xFFFF) {
      judgement.reason = "more than 65,535 crashed operations of one kind";
      return judgement;
    }
    scratch_[0] = states_->initial();
    front_.add(scratch_.data(), Trace::root, effort_);
    for (event_ = 0; event_ < part_.events.size(); ++event_) {
      if (effort_.exhausted()) break;
      const PartEvent event = part_.events[event_];
      const bool goes_on = event.returns ? complete(event.op) : invoke(event.op);
      if (!goes_on) break;
    }
    judgement.configurations = effort_.steps();
    judgement.reached = event_;
    if (const std::string reason = effort_.reason(); !reason.empty()) {
      judgement.reason = reason;
    } else if (event_ < part_.events.size()) {
      judgement.validity = Validity::invalid;
      judgement.fatal = part_.events[event_].op;
    } else {
      judgement.validity = Validity::valid;
      judgement.order = order_from_updates(part_, *states_, trace_.way(front_.node(0)));
      judgement.has_order = true;
    }
    return judgement;
  }

 private:
  ConfigurationShape lay_out() {
    std::size_t pending = 0, pending_max = 0;
    std::vector<std::uint32_t> crashed(part_.kinds.size(), 0);
    crashed_lane_.assign(part_.kinds.size(), no_lane);
    for (const PartEvent event : part_.events) {
      const PartOperation& operation = part_.operations[event.op];
      if (event.returns) {
        --pending;
      } else if (!operation.crashed()) {
        pending_max = std::max(pending_max, ++pending);
      } else {
        if (crashed[operation.kind]++ == 0) {
          crashed_lane_[operation.kind] = static_cast<std::uint32_t>(lane_kind_.size());
          lane_kind_.push_back(operation.kind);
        }
        crashed_of_a_kind_max_ = std::max(crashed_of_a_kind_max_, crashed[operation.kind]);
      }
    }
    ConfigurationShape shape;
    shape.mask_words = std::max<std::size_t>(1, (pending_max + 63) / 64);
    shape.count_words = (lane_kind_.size() + 3) / 4;
    slot_op_.assign(shape.mask_words * 64, no_op);
    slot_of_.assign(part_.operations.size(), 0);
    supply_.assign(lane_kind_.size(), 0);
    return shape;
  }

  // --- configurations
  // -----------------------------------------------------------------------------

  bool has(const Word* configuration, std::size_t base, std::uint32_t slot) const {
    return (configuration[base + slot / 64] >> (slot % 64) & 1u) != 0;
  }
  static void set(Word* configuration, std::size_t base, std::uint32_t slot) {
    configuration[base + slot / 64] |= Word{1} << (slot % 64);
  }
  static void reset(Word* configuration, std::size_t base, std::uint32_t slot) {
    configuration[base + slot / 64] &= ~(Word{1} << (slot % 64));
  }
  std::size_t base_of(OpId op) const {
    return part_.updates(part_.operations[op].kind) ? shape_.updates_at() : shape_.observers_at();
  }

  /// Linearizes all pending observers that agree with the state.
  void observe(Word* configuration) {
    const auto state = static_cast<StateId>(configuration[0]);
    for (const std::uint32_t slot : pending_observers_) {
      if (has(configuration, shape_.observers_at(), slot)) continue;
      if (states_->step(state, part_.operations[slot_op_[slot]].kind) != no_state) {
        set(configuration, shape_.observers_at(), slot);
      }
    }
  }

  // --- events
  // -------------------------------------------------------------------------------------

  bool invoke(OpId op) {
    const PartOperation& operation = part_.operations[op];
    if (operation.crashed()) {
      ++supply_[crashed_lane_[operation.kind]];
      return true;
    }
    const auto slot = static_cast<std::uint32_t>(
        std::find(slot_op_.begin(), slot_op_.end(), no_op) - slot_op_.begin());
    slot_op_[slot] = op;
    slot_of_[op] = slot;
    if (part_.updates(operation.kind)) {
      // By kind, then by return: the first of each kind that is not linearized is the one to try.
      const auto before = [this](std::uint32_t a, std::uint32_t b) {
        const PartOperation& x = part_.operations[slot_op_[a]];
        const PartOperation& y = part_.operations[slot_op_[b]];
        return std::tie(x.kind, x.completion) < std::tie(y.kind, y.completion);
      };
      pending_updates_.insert(
          std::upper_bound(pending_updates_.begin(), pending_updates_.end(), slot, before), slot);
      return true;
    }
    pending_observers_.push_back(slot);
    for (std::size_t i = 0; i < front_.size(); ++i) {
      if (effort_.exhausted()) return false;
      Word* configuration = front_.at(i);
      if (states_->step(static_cast<StateId>(configuration[0]), operation.kind) != no_state) {
        set(configuration, shape_.observers_at(), slot);
      }
    }
    return true;
  }

  /// False if no configuration survives the return of `op`, or the budget is used up.
  bool complete(OpId op) {
    target_slot_ = slot_of_[op];
    target_base_ = base_of(op);
    next_.clear();
    seen_.clear();
    for (std::size_t i = 0; i < front_.size(); ++i) {
      if (front_.alive(i) && !arrive(front_.at(i), front_.node(i))) return false;
    }
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      if (effort_.exhausted()) return false;
      if (seen_.alive(i) && !expand(i)) return false;
    }
    auto& pending = target_base_ == shape_.updates_at() ? pending_updates_ : pending_observers_;
    pending.erase(std::find(pending.begin(), pending.end(), target_slot_));
    slot_op_[target_slot_] = no_op;
    compact_into_front();
    return front_.size() > 0;
  }

  /// Puts a configuration where it belongs: behind the return, or among those still to expand.
  bool arrive(Word* configuration, Trace::Node node) {
    if (!has(configuration, target_base_, target_slot_)) {
      return seen_.add(configuration, node, effort_);
    }
    reset(configuration, target_base_, target_slot_);
    return next_.add(configuration, node, effort_);
  }

  bool expand(std::size_t from) {
    const std::size_t bytes = shape_.words() * sizeof(Word);
    std::uint32_t kind_before = 0xFFFFFFFFu;
    tried_crashed_.assign(lane_kind_.size(), false);
    for (const std::uint32_t slot : pending_updates_) {
      if (has(seen_.at(from), shape_.updates_at(), slot)) continue;
      const std::uint32_t kind = part_.operations[slot_op_[slot]].kind;
      if (kind == kind_before) continue;
      kind_before = kind;
      if (crashed_lane_[kind] != no_lane) tried_crashed_[crashed_lane_[kind]] = true;
      std::memcpy(scratch_.data(), seen_.at(from), bytes);
      set(scratch_.data(), shape_.updates_at(), slot);
      if (!take(from, slot_op_[slot])) return false;
    }
    for (std::size_t lane = 0; lane < lane_kind_.size(); ++lane) {
      if (tried_crashed_[lane] || shape_.count(seen_.at(from), lane) >= supply_[lane]) continue;
      std::memcpy(scratch_.data(), seen_.at(from), bytes);
      shape_.increment(scratch_.data(), lane);
      if (!take(from, crashed_name(lane))) return false;
    }
    return true;
  }

  /// Crashed operations stand in the trace for their kind; the order names them one by one.
  OpId crashed_name(std::size_t lane) const { return crashed_kind_flag | lane_kind_[lane]; }

  bool take(std::size_t from, OpId op) {
    const std::uint32_t kind =
        (op & crashed_kind_flag) != 0 ? op & ~crashed_kind_flag : part_.operations[op].kind;
    const auto before = static_cast<StateId>(scratch_[0]);
    const StateId after = states_->step(before, kind);
    if (after == no_state) return true;
    if (after == before && (op & crashed_kind_flag) != 0) return true;  // it would change nothing
    scratch_[0] = after;
    if (after != before) observe(scratch_.data());
    return arrive(scratch_.data(),
                  trace_.add(seen_.node(from), op, static_cast<std::uint32_t>(event_)));
  }

  void compact_into_front() {
    front_.clear();
    for (std::size_t i = 0; i < next_.size(); ++i) {
      if (next_.alive(i)) front_.add(next_.at(i), next_.node(i), effort_);
    }
    if (!trace_.wants_pruning()) return;
    live_.clear();
    for (std::size_t i = 0; i < front_.size(); ++i)
      live_.push_back(&front_.node(i));
    trace_.prune(live_);
  }

  static constexpr std::uint32_t no_lane = 0xFFFFFFFFu;

  const Part& part_;
  Effort effort_;
  std::unique_ptr<StateSpace> states_;
  std::vector<std::uint32_t> crashed_lane_;  // by kind
  std::vector<std::uint32_t> lane_kind_;
  std::vector<std::uint32_t> supply_;  // by lane: crashed operations invoked so far
  std::uint32_t crashed_of_a_kind_max_ = 0;
  std::vector<OpId> slot_op_;
  std::vector<std::uint32_t> slot_of_;  // by operation
  ConfigurationShape shape_;
  ConfigurationSet front_, next_, seen_;
  std::vector<Word> scratch_;
  std::vector<std::uint32_t> pending_updates_, pending_observers_;
  std::vector<bool> tried_crashed_;
  std::uint32_t target_slot_ = 0;
  std::size_t target_base_ = 0;
  std::size_t event_ = 0;
  Trace trace_;
  std::vector<Trace::Node*> live_;
};

class BreadthSearchAlgorithm : public PartAlgorithm {
 public:
  std::string_view name() const override { return "breadth"; }
  std::string_view description() const override {
    return "just-in-time linearization, layer by layer, for any model (Lowe 2017)";
  }
  int rank() const override { return 200; }
  bool applies(const Part&) const override { return true; }
  Judgement judge(const Part& part, const Budget& budget) const override {
    return BreadthSearch(part, budget).run();
  }
};

GAUNTLET_REGISTER(PartAlgorithm, BreadthSearchAlgorithm);

}  // namespace
}  // namespace gauntlet
