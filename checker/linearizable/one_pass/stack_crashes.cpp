#include "checker/linearizable/one_pass/stack_crashes.hpp"

#include <algorithm>

namespace gauntlet {

namespace {

using Moment = std::uint32_t;
constexpr Moment never = 0xFFFFFFFFu;

class Placing {
 public:
  Placing(const std::vector<PlacedOp>& order, std::vector<Unpopped> pushes,
          const std::vector<OpenPop>& pops, Effort& effort)
      : order_(order), pushes_(std::move(pushes)), pops_(pops), effort_(effort) {}

  std::optional<std::vector<OpId>> run() {
    look_ahead();
    std::sort(pushes_.begin(), pushes_.end(),
              [](const Unpopped& a, const Unpopped& b) { return a.invoked < b.invoked; });
    for (std::size_t i = 0; i < pushes_.size(); ++i) {
      if (!find_slot(i)) return std::nullopt;
    }
    if (!give_out_pops() || !emit()) return std::nullopt;
    return std::move(result_);
  }

 private:
  /// A push among those to be placed.
  struct Place {
    std::size_t push;  // into pushes_
    std::size_t slot;  // just before this operation of the order
    std::size_t gone;  // and gone just before this one; the order's size: it may stay
    OpenPop pop = {};  // what takes it, where it must go
  };

  /// For each slot: until when what is placed there may stay, and what real time allows.
  void look_ahead() {
    const std::size_t size = order_.size();
    gone_.assign(size + 1, size);
    latest_.assign(size + 1, never);
    earliest_.assign(size + 1, 0);
    std::vector<std::size_t> pops;  // of the values that are on the stack
    std::size_t next_empty = size;
    for (std::size_t i = size; i-- > 0;) {
      if (order_[i].kind == PlacedOp::Kind::pop) pops.push_back(i);
      if (order_[i].kind == PlacedOp::Kind::push) pops.pop_back();
      if (order_[i].kind == PlacedOp::Kind::empty_pop) next_empty = i;
      gone_[i] = pops.empty() ? next_empty : pops.back();
      latest_[i] = std::min(latest_[i + 1], order_[i].returned);
    }
    for (std::size_t i = 0; i < size; ++i)
      earliest_[i + 1] = std::max(earliest_[i], order_[i].invoked);
  }

  bool find_slot(std::size_t i) {
    const Unpopped& push = pushes_[i];
    const auto first = std::upper_bound(latest_.begin(), latest_.end(), push.invoked);
    std::size_t best = no_slot;
    for (auto slot = static_cast<std::size_t>(first - latest_.begin());
         slot < earliest_.size() && earliest_[slot] < push.returned; ++slot) {
      if (effort_.exhausted()) return false;
      if (best == no_slot || gone_[slot] > gone_[best]) best = slot;
    }
    if (best == no_slot) return false;
    places_.push_back({i, best, gone_[best]});
    return true;
  }

  bool give_out_pops() {
    std::vector<std::size_t> by_deadline;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i].gone < order_.size()) by_deadline.push_back(i);
    }
    std::sort(by_deadline.begin(), by_deadline.end(),
              [&](std::size_t a, std::size_t b) { return places_[a].gone < places_[b].gone; });
    std::size_t given = 0;
    for (const std::size_t i : by_deadline) {
      Place& place = places_[i];
      const Moment deadline = latest_[place.gone];
      if (const OpenPop own = pushes_[place.push].own; own.op != no_op && own.invoked < deadline) {
        place.pop = own;
        continue;
      }
      if (given == pops_.size() || pops_[given].invoked > deadline) return false;
      place.pop = pops_[given++];
    }
    return true;
  }

  bool emit() {
    std::stable_sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
      return a.slot < b.slot;  // and at one slot by invocation, as they are
    });
    std::vector<std::size_t> stack;  // places, or no_slot: a push of the order
    std::size_t next = 0;
    for (std::size_t slot = 0; slot <= order_.size(); ++slot) {
      while (!stack.empty() && stack.back() != no_slot && places_[stack.back()].gone == slot &&
             slot < order_.size()) {
        const OpenPop& pop = places_[stack.back()].pop;
        if (!append(pop.op, pop.invoked, never)) return false;
        stack.pop_back();
      }
      for (; next < places_.size() && places_[next].slot == slot; ++next) {
        const Unpopped& push = pushes_[places_[next].push];
        if (!append(push.op, push.invoked, push.returned)) return false;
        const bool leaves_at_once = places_[next].gone == slot && slot < order_.size();
        if (!leaves_at_once) {
          stack.push_back(next);
        } else if (!append(places_[next].pop.op, places_[next].pop.invoked, never)) {
          return false;
        }
      }
      if (slot == order_.size()) break;
      const PlacedOp& own = order_[slot];
      if (!append(own.op, own.invoked, own.returned)) return false;
      if (own.kind == PlacedOp::Kind::push) {
        stack.push_back(no_slot);
      } else if (own.kind == PlacedOp::Kind::empty_pop) {
        if (!stack.empty()) return false;
      } else {
        // Between pushes of the order and their pops the order itself is nested.
        if (stack.empty() || stack.back() != no_slot) return false;
        stack.pop_back();
      }
    }
    return true;
  }

  /// False if it would contradict real time.
  bool append(OpId op, Moment invoked, Moment returned) {
    if (returned < last_invoked_) return false;
    last_invoked_ = std::max(last_invoked_, invoked);
    result_.push_back(op);
    return true;
  }

  static constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

  const std::vector<PlacedOp>& order_;
  std::vector<Unpopped> pushes_;
  const std::vector<OpenPop>& pops_;
  Effort& effort_;
  std::vector<std::size_t> gone_;  // by slot: before which operation what is placed there must go
  std::vector<Moment> latest_;     // by slot: the first return among what comes behind
  std::vector<Moment> earliest_;   // by slot: the last invocation among what comes before
  std::vector<Place> places_;
  std::vector<OpId> result_;
  Moment last_invoked_ = 0;
};

}  // namespace

std::optional<std::vector<OpId>> place_unpopped(const std::vector<PlacedOp>& order,
                                                std::vector<Unpopped> pushes,
                                                const std::vector<OpenPop>& pops, Effort& effort) {
  return Placing(order, std::move(pushes), pops, effort).run();
}

}  // namespace gauntlet
