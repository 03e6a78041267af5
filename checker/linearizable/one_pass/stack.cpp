// Stacks to which no value is pushed twice: nesting.
//
// The values that are pushed and popped must nest (stack_nesting.hpp). Here: how the operations of
// a history become items, empty pops, crashed operations, and the place of a violation.
//
// The prefix of the history up to an event e has an order if and only if one exists of the
// operations that returned before e, with the help of those invoked before e, which may happen or
// not. All operations on a value may be left out together. So in the prefix
//  - a value whose push and pop have both not returned is left out;
//  - a value that is not popped, but for a pop that has not returned, is popped by it: that makes
//  its
//    core shorter and leaves the end of its hull open. If there is no pop, both are open: it may as
//    well be popped by an imagined pop after all others;
//  - a push that crashed or has not returned, of a value that is popped, may take effect until the
//    pop returns: the value needs no core.
// A pop that returned before the push of its value was invoked, or the second of a value, is a
// violation by itself, at its return (of the second).
//
// A pop that found the stack empty needs a moment between its ends that no core covers. Then the
// history falls into two there (proof in stack_nesting.hpp: what is on one side can be ordered
// before what is on the other); and where an order has the stack empty, no core is. So it is a
// violation at its return, or none.
//
// Place. Let the history up to event E have no order, and D be the values of the sets that got
// stuck and those with cores during the empty pops for which there was no moment, P. Then for all e
// <= E the prefix up to e has an order if and only if that of D and P has one: cores up to e lie
// within those up to E, and hulls around them, so each value that was taken out at E can be taken
// out at e, too, and a moment without cores remains one. So the place is found by halving on D and
// P, which are replaced by what has no order in the half; they are small as a rule.
//
// Crashed pops take what is on top, or did not happen. First each value that nobody popped is
// treated as popped by the crashed pop that was invoked first, all by the same: if even so there is
// no order, there is none. If there is one, take the values that somebody popped, as they were
// nested, and add the pushes of the others where what lies below is popped last; then each has a
// deadline, and crashed pops are given out to the earliest deadlines in the order of their
// invocation. If they suffice, what comes out is checked, and is an order. If not, other places
// might be better: the answer is `unknown`, and the general search takes over. The place of a
// violation is known to be the earliest only if the history up to just before has an order that is
// found so.
//
// Source: Abdulla, Atig, et al., "Efficient linearizability monitoring for sets, stacks, queues and
// multisets", PLDI 2025 (complete histories); Lee and Mathur, "Efficient decrease-and-conquer
// linearizability monitoring", OOPSLA 2025. Open and crashed operations, and the place, are ours.
// Cost: O(n log n) for a valid history, O(n log n + d log^2 d) for d values in D.
#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "base/effort.hpp"
#include "checker/linearizable/algorithm.hpp"
#include "checker/linearizable/one_pass/stack_crashes.hpp"
#include "checker/linearizable/one_pass/stack_nesting.hpp"

namespace gauntlet {
namespace {

using Moment = std::uint32_t;
using ValueNumber = std::uint32_t;

constexpr Moment never = 0xFFFFFFFFu;
constexpr std::size_t events_max = std::size_t{1} << 30;

bool is_push(const ModelCall& call) {
  return call.function == 0;
}

class Stack {
 public:
  Stack(const Part& part, const Budget& budget) : part_(part), effort_(budget) {
    boost::unordered_flat_map<ValueId, ValueNumber> numbers;
    numbers.reserve(part.kinds.size() / 2 + 1);
    number_of_kind_.resize(part.kinds.size(), no_op);
    for (std::size_t i = 0; i < part.kinds.size(); ++i) {
      const ModelCall& call = part.kinds[i];
      const ValueId value = is_push(call) ? call.input : call.output;
      if (value == ValueId::nil) continue;
      const auto next = static_cast<ValueNumber>(numbers.size());
      number_of_kind_[i] = numbers.try_emplace(value, next).first->second;
    }
    values_.resize(numbers.size());
    read_operations();
  }

  Judgement run() {
    Judgement judgement = judge();
    judgement.algorithm = "nesting of values on a stack (Abdulla et al.)";
    judgement.configurations = effort_.steps();
    if (effort_.exhausted()) {
      judgement = {};
      judgement.reason = effort_.reason();
    }
    return judgement;
  }

 private:
  struct Ends {
    OpId op = no_op;
    Moment invoked = never, returned = never;
  };
  struct OnStack {
    Ends push, pop;
  };

  void read_operations() {
    std::vector<Moment> invoked(part_.operations.size());
    for (Moment e = 0; e < part_.events.size(); ++e) {
      const OpId op = part_.events[e].op;
      const ModelCall& call = part_.call(op);
      const ValueNumber number = number_of_kind_[part_.operations[op].kind];
      if (!part_.events[e].returns) {
        invoked[op] = e;
        if (number != no_op) {
          invoke(is_push(call), number, op, e);
        } else if (part_.operations[op].crashed()) {
          crashed_pops_.push_back({op, e});
        }
      } else if (number == no_op) {
        empty_pops_.push_back({op, invoked[op], e});
      } else {
        complete(is_push(call), number, op, e, invoked[op]);
      }
    }
  }

  void invoke(bool is_push, ValueNumber number, OpId op, Moment now) {
    Ends& ends = is_push ? values_[number].push : values_[number].pop;
    if (ends.op == no_op) ends = {op, now, never};
  }

  void complete(bool is_push, ValueNumber number, OpId op, Moment now, Moment invoked) {
    OnStack& own = values_[number];
    if (is_push) {
      own.push.returned = now;
    } else if (own.pop.returned != never) {
      impossible_ = std::min(impossible_, now);  // popped twice
    } else {
      // Of two pops that are not judged yet the one that was invoked first helps most.
      if (own.pop.op != op && own.pop.invoked < invoked) has_odd_pops_ = true;
      own.pop = {op, std::min(own.pop.invoked, invoked), now};
      if (own.push.op == no_op) impossible_ = std::min(impossible_, now);  // or pushed later
    }
  }

  struct EmptyPop {
    OpId op;
    Moment invoked, returned;
  };

  /// What has no order in a prefix.
  struct Trouble {
    std::vector<ValueNumber> values;  // those that are stuck, or on the stack during `pops`
    std::vector<EmptyPop> pops;       // those during which the stack is not empty
    bool none() const { return values.empty(); }
  };

  Judgement judge() {
    Judgement judgement;
    Trouble all{std::vector<ValueNumber>(values_.size()), empty_pops_};
    for (ValueNumber v = 0; v < values_.size(); ++v)
      all.values[v] = v;
    const Moment end =
        impossible_ == never ? static_cast<Moment>(part_.events.size()) : impossible_ + 1;
    Trouble trouble = look_for_trouble(all, end);
    if (impossible_ == never && trouble.none()) return valid(end);
    const Moment place = trouble.none() ? impossible_ : place_of(std::move(trouble), end);
    judgement.validity = Validity::invalid;
    judgement.fatal = part_.events[place].op;
    judgement.reached = place;
    if (!crashed_pops_.empty() || has_odd_pops_) {
      look_for_trouble(all, place);
      judgement.fatal_is_earliest = !has_odd_pops_ && valid(place).validity == Validity::valid;
    }
    return judgement;
  }

  /// The return at which what has no order before `end` has none for the first time.
  Moment place_of(Trouble trouble, Moment end) {
    Moment begin = 0;
    while (begin + 1 < end && !effort_.exhausted_now()) {
      const Moment middle = begin + (end - begin) / 2;
      Trouble sooner = look_for_trouble(trouble, middle);
      if (sooner.none()) {
        begin = middle;
      } else {
        end = middle;
        trouble = std::move(sooner);
      }
    }
    return end - 1;
  }

  /// Nests the values of `within` in the prefix that ends before event `end`.
  Trouble look_for_trouble(const Trouble& within, Moment end) {
    items_.clear();
    at_once_.clear();
    loose_.clear();
    const Moment crashed = crashed_pops_.empty() ? never : crashed_pops_[0].invoked;
    for (const ValueNumber v : within.values) {
      const OnStack& own = values_[v];
      const bool is_pushed = own.push.returned < end, is_popped = own.pop.returned < end;
      if (own.push.invoked >= end || (!is_pushed && !is_popped)) continue;
      const Moment pushed = is_pushed ? own.push.returned : never;
      const Moment pop = is_popped ? own.pop.invoked : std::min({own.pop.invoked, crashed, end});
      if (pop > pushed) {
        items_.push_back(
            {own.push.invoked, pushed, pop, is_popped ? own.pop.returned : end + 1, v});
      } else if (own.pop.invoked < pushed) {
        at_once_.push_back(v);
      } else {
        loose_.push_back(v);
      }
    }
    Trouble trouble{nest(items_, effort_).stuck, {}};
    if (!within.pops.empty()) look_at_empty_pops(within, end, trouble);
    return trouble;
  }

  void look_at_empty_pops(const Trouble& within, Moment end, Trouble& trouble) {
    cores_.clear();
    for (const StackItem& item : items_) {
      if (cores_.empty() || cores_.back().second < item.push_returned) {
        cores_.emplace_back(item.push_returned, item.pop_invoked);
      }
      cores_.back().second = std::max(cores_.back().second, item.pop_invoked);
    }
    std::vector<std::pair<Moment, Moment>> windows;  // of the pops in trouble, merged
    for (const EmptyPop& pop : within.pops) {
      if (pop.returned >= end || free_moment(pop) > pop.invoked) continue;
      trouble.pops.push_back(pop);
      Moment begin = pop.invoked;
      while (!windows.empty() && windows.back().second > begin) {
        begin = std::min(begin, windows.back().first);
        windows.pop_back();
      }
      windows.emplace_back(begin, pop.returned);
    }
    if (windows.empty()) return;
    for (const StackItem& item : items_) {
      const auto window =
          std::upper_bound(windows.begin(), windows.end(), item.push_returned,
                           [](Moment moment, const auto& each) { return moment < each.second; });
      if (window != windows.end() && window->first < item.pop_invoked) {
        trouble.values.push_back(item.value);
      }
    }
    std::sort(trouble.values.begin(), trouble.values.end());
    trouble.values.erase(std::unique(trouble.values.begin(), trouble.values.end()),
                         trouble.values.end());
  }

  /// The last moment before the pop's return that no core covers: that just before the event with
  /// this position, which is after the pop's invocation if the pop may take effect there.
  Moment free_moment(const EmptyPop& pop) const {
    auto core =
        std::lower_bound(cores_.begin(), cores_.end(), pop.returned,
                         [](const auto& each, Moment moment) { return each.second < moment; });
    return core == cores_.end() || core->first >= pop.returned ? pop.returned : core->first;
  }

  /// The order of the prefix that was nested last.
  Judgement valid(Moment end) {
    std::vector<PlacedOp> placed;
    placed.reserve(part_.operations.size());
    const auto place = [&](const Ends& ends, Moment moment, unsigned rank, std::uint32_t turn) {
      const Moment returned = ends.returned < end ? ends.returned : never;
      const bool pushes = is_push(part_.call(ends.op));
      const bool is_empty = rank == 0;
      placed.push_back({(std::uint64_t{moment} << 2 | rank) << 32 | turn, ends.op, ends.invoked,
                        returned,
                        is_empty ? PlacedOp::Kind::empty_pop
                        : pushes ? PlacedOp::Kind::push
                                 : PlacedOp::Kind::pop});
    };
    // Before an event: pops of nothing, then pushes, outermost first; behind it pops, innermost
    // first, or a push and a pop at one moment.
    std::vector<Unpopped> unpopped;
    for (const StackItem& item : items_) {
      const OnStack& own = values_[item.value];
      if (own.pop.returned >= end && !crashed_pops_.empty()) {
        unpopped.push_back(unpopped_of(own, end));
        continue;
      }
      place(own.push, item.left, 1, item.turn);
      if (own.pop.invoked < end) place(own.pop, item.right, 2, never - item.turn);
    }
    for (const ValueNumber v : at_once_) {
      const OnStack& own = values_[v];
      const Moment moment = std::max(own.push.invoked, own.pop.invoked);
      place(own.push, moment, 2, 0);
      place(own.pop, moment, 2, 1);
    }
    for (const EmptyPop& pop : empty_pops_) {
      if (pop.returned < end) {
        place({pop.op, pop.invoked, pop.returned}, free_moment(pop), 0, 0);
      }
    }
    for (const ValueNumber v : loose_)
      unpopped.push_back(unpopped_of(values_[v], end));
    std::sort(placed.begin(), placed.end());
    Judgement judgement;
    if (!unpopped.empty()) {
      std::vector<OpenPop> pops;
      for (const OpenPop& pop : crashed_pops_) {
        if (pop.invoked < end) pops.push_back(pop);
      }
      auto order = place_unpopped(placed, std::move(unpopped), pops, effort_);
      if (!order) {
        judgement.reason = "no way was found to tell what the crashed pops took";
        return judgement;
      }
      judgement.order = std::move(*order);
    } else {
      judgement.order.reserve(placed.size());
      for (const PlacedOp& each : placed)
        judgement.order.push_back(each.op);
    }
    judgement.validity = Validity::valid;
    judgement.has_order = true;
    return judgement;
  }

  static Unpopped unpopped_of(const OnStack& own, Moment end) {
    const bool has_pop = own.pop.invoked < end;
    return {own.push.op, own.push.invoked, own.push.returned,
            has_pop ? OpenPop{own.pop.op, own.pop.invoked} : OpenPop{}};
  }

  const Part& part_;
  Effort effort_;
  std::vector<ValueNumber> number_of_kind_;
  std::vector<OnStack> values_;
  std::vector<EmptyPop> empty_pops_;  // in the order of their returns
  std::vector<OpenPop> crashed_pops_;
  Moment impossible_ = never;
  bool has_odd_pops_ = false;  // two pops of one value, the one that returned first invoked last
  std::vector<StackItem> items_;
  std::vector<ValueNumber> at_once_;  // values that need no core
  std::vector<ValueNumber> loose_;    // values that need none if a crashed pop takes them
  std::vector<std::pair<Moment, Moment>> cores_;  // merged, in rising order
};

class StackAlgorithm : public PartAlgorithm {
 public:
  std::string_view name() const override { return "stack-nesting"; }
  std::string_view description() const override {
    return "stacks with unique values: nesting, O(n log n) (Abdulla et al. 2025)";
  }
  AlgorithmFacts facts() const override {
    return {
        .idea =
            "The values that are pushed and popped must nest: from what is certainly on the stack "
            "and for how long it follows which values can be taken out of the question, one after "
            "another; what gets stuck is a violation. A pop that finds the stack empty cuts the "
            "history in two.",
        .conditions = "no value is pushed twice",
        .guarantee =
            "Sound. Complete without crashed pops; with them it may leave the answer to the "
            "search. The place is the earliest, or, with crashed pops, in some cases said to be at "
            "that return or before.",
        .cost =
            "O(n log n) where there is an order, O(n log n + d log^2 d) for d values that get "
            "stuck",
        .source =
            "Abdulla et al., Efficient linearizability monitoring for sets, stacks, queues and "
            "multisets, PLDI 2025; Lee and Mathur, Efficient decrease-and-conquer linearizability "
            "monitoring, OOPSLA 2025; open and crashed operations and the place are new here",
        .models = {"stack"}};
  }
  int rank() const override { return 20; }

  bool applies(const Part& part) const override {
    if (part.starts_anywhere || part.model->name() != "stack" || part.events.size() >= events_max) {
      return false;
    }
    std::vector<bool> pushes(part.kinds.size(), false);
    boost::unordered_flat_set<ValueId> pushed;
    std::size_t kinds = 0, operations = 0;
    for (std::size_t i = 0; i < part.kinds.size(); ++i) {
      if (!is_push(part.kinds[i])) continue;
      if (!pushed.insert(part.kinds[i].input).second) return false;
      pushes[i] = true;
      ++kinds;
    }
    for (const PartOperation& operation : part.operations)
      operations += pushes[operation.kind];
    return kinds == operations;
  }

  Judgement judge(const Part& part, const Budget& budget) const override {
    return Stack(part, budget).run();
  }
};

GAUNTLET_REGISTER(PartAlgorithm, StackAlgorithm);

}  // namespace
}  // namespace gauntlet
