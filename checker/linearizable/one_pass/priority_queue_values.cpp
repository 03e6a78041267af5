// Priority queues in which no value is inserted twice: a moment for each extraction.
//
// The insert of a value v is invoked at e(v) and returns at E(v), its extract is invoked at d(v)
// and returns at D(v) (infinity where that does not happen). v is certainly in the queue between
// E(v) and d(v), if E(v) < d(v): it covers the moments there.
//
// 1. Without crashed extracts there is a legal order if and only if each completed extract has a
//    moment in it, after e(v) where it answered v, that no value with priority over v covers; an
//    extract that answered "empty" one that no value covers; and no value is answered twice. It is
//    needed: the moment at which the extract takes effect is one. It is enough, and the first such
//    moment t(v) of each may be taken. Let v be inserted at E(v), or at t(v) right before it is
//    extracted if E(v) is later (or it never returned); extracts at the same moment follow each
//    other by priority. Then no extract finds a u in the queue that has priority over what it
//    answers: say it takes effect at t. u is inserted before t at E(u) and extracted after t, or at
//    t and later in the order of priority, which would not be priority over it. No cover of u holds
//    t, so d(u) and e(u) are before t; and what has priority over u has priority over the answer,
//    so it does not cover t. So t was good for u, and t(u) is t at the latest. (Lee and Mathur,
//    OOPSLA 2025, section 6, by another way; also without calls that found nothing.)
// 2. Crashed inserts: a value that no completed extract answered may go with all operations on it,
//    since what is left of an order stays legal. One that was extracted did happen, and covers
//    nothing.
// 3. Place: in a prefix, what has not returned may have happened, with the answer that it gets in
//    the end. A value whose extract returns later may be extracted from d(v) on or not at all, and
//    where an extract needs it gone at t, with d(v) before t, t is good for v, as above. So nothing
//    depends on what comes later, and the first extract to return without a moment is the place.
//    Where a value is answered twice, either call may have taken it until one returns; the call
//    that was invoked first is taken for it, which only makes covers shorter. If that one did not
//    return first, a violation found before the second return may have been one earlier.
// 4. Crashed extracts: each may take one value, from its invocation on, or not happen. They are
// used
//    for values that no completed extract answered, as soon as an extract waits for nothing else
//    and enough of them have been invoked, and never else; at that moment t is good for the value,
//    so what was shown in 1 holds. If an extract returns and has not had its moment, then:
//    * if no crashed extract was invoked, there is no order, and that is the place;
//    * if values that are answered cover all of its moments, there is no order in the end, and
//    there
//      is none as soon as enough of these answers have returned; until then crashed extracts may
//      have taken them. Whether that is the place is tried out: the prefix before it is judged once
//      more, as if nobody answered those that have not returned. If that does not work, the place
//      is an upper bound only;
//    * if more of the values that are never answered stand before it throughout than crashed
//      extracts were invoked, there is no order, and that is the place;
//    * else using the crashed ones later might have helped: unknown.
//
// The values that cover the present and the extracts that wait are heaps; a covering value that
// ends is taken out when it comes to the top. O(operations log operations).
#include <algorithm>
#include <functional>

#include "base/effort.hpp"
#include "checker/linearizable/algorithm.hpp"
#include "checker/linearizable/one_pass/queue_part.hpp"
#include "checker/models/priority.hpp"

namespace gauntlet {
namespace {

/// Position of an element in the order of priority, from 0.
using Rank = std::uint32_t;
constexpr Rank no_rank = 0xFFFFFFFFu;  // behind all

/// The smallest rank first.
class RankHeap {
 public:
  Rank top() const { return ranks_.empty() ? no_rank : ranks_.front(); }
  std::size_t size() const { return ranks_.size(); }
  void push(Rank rank) {
    ranks_.push_back(rank);
    std::push_heap(ranks_.begin(), ranks_.end(), std::greater());
  }
  Rank pop() {
    std::pop_heap(ranks_.begin(), ranks_.end(), std::greater());
    const Rank rank = ranks_.back();
    ranks_.pop_back();
    return rank;
  }

 private:
  std::vector<Rank> ranks_;
};

/// The elements in the order of priority.
class Ranking {
 public:
  Ranking(const Part& part, const QueuePart& queue) {
    const Values& values = part.history->values();
    const auto count = static_cast<ElementId>(queue.elements().size());
    std::vector<std::pair<std::int64_t, ElementId>> integers;
    std::vector<ElementId> others;
    integers.reserve(count);
    for (ElementId i = 0; i < count; ++i) {
      if (values.is_integer(queue.value(i))) {
        integers.emplace_back(values.as_integer(queue.value(i)), i);
      } else {
        others.push_back(i);
      }
    }
    std::sort(integers.begin(), integers.end());
    const auto before = [&](ElementId a, ElementId b) {
      return comes_before(queue.value(a), queue.value(b), values);
    };
    std::sort(others.begin(), others.end(), before);
    for (std::size_t i = 1; i < others.size(); ++i)
      has_equals_ = has_equals_ || !before(others[i - 1], others[i]);
    by_rank_.reserve(count);
    for (const auto& [number, element] : integers)
      by_rank_.push_back(element);
    by_rank_.insert(by_rank_.end(), others.begin(), others.end());
    ranks_.resize(count);
    for (Rank rank = 0; rank < count; ++rank)
      ranks_[by_rank_[rank]] = rank;
  }

  bool has_equals() const { return has_equals_; }
  Rank rank(ElementId element) const { return ranks_[element]; }
  ElementId element(Rank rank) const { return by_rank_[rank]; }

 private:
  std::vector<ElementId> by_rank_;
  std::vector<Rank> ranks_;
  bool has_equals_ = false;
};

class PriorityQueueValues {
 public:
  PriorityQueueValues(const Part& part, const Budget& budget)
      : part_(part),
        budget_(budget),
        end_(part.events.size()),
        effort_(budget),
        queue_(part),
        ranking_(part, queue_) {
    states_.resize(queue_.elements().size());
    found_empty_.resize(part.operations.size(), false);
    judgement_.order.reserve(part.operations.size());
  }

  /// Looks at the first `end` events only, as if no extract answered these.
  void cut(std::size_t end, const std::vector<ElementId>& unanswered) {
    end_ = end;
    for (const ElementId element : unanswered)
      queue_.forget_answers(element);
  }

  Judgement run() {
    judgement_.algorithm = "moments of unique values in a priority queue (Lee and Mathur)";
    if (ranking_.has_equals()) {
      judgement_.reason = "different values have the same priority";
      return std::move(judgement_);
    }
    for (std::size_t e = 0; e < end_; ++e) {
      judgement_.reached = e;
      if (effort_.exhausted()) {
        judgement_.reason = effort_.reason();
        return give_up();
      }
      now_ = static_cast<Moment>(e);
      if (!take(part_.events[e])) return give_up();
      settle();
    }
    judgement_.validity = Validity::valid;
    judgement_.has_order = true;
    judgement_.configurations = effort_.steps();
    return std::move(judgement_);
  }

 private:
  /// A value that is in the queue from one moment to before another, and when its extract returns.
  struct Cover {
    Moment from, to, returned;
    ElementId element;
  };

  struct State {
    bool is_added = false;   // the order holds the insert
    bool is_inside = false;  // it covers the present; of values that are answered
    bool is_taken = false;   // the order holds the extract
  };

  Judgement give_up() {
    judgement_.order.clear();
    judgement_.configurations = effort_.steps();
    return std::move(judgement_);
  }

  /// False if the judgement ends here.
  bool take(PartEvent event) {
    const ElementId element = queue_.element(event.op);
    if (queue_.adds(event.op)) {
      event.returns ? inserted(element) : insert_called(element);
      return true;
    }
    if (event.returns) return extracted(event.op, element);
    extract_called(event.op, element);
    return true;
  }

  void insert_called(ElementId element) {
    if (queue_.elements()[element].take_call < now_) waiting_.push(ranking_.rank(element));
  }

  void inserted(ElementId element) {
    add(element);
    if (states_[element].is_taken) return;
    const QueueElement& own = queue_.elements()[element];
    if (own.take_call == never) {
      left_.push(ranking_.rank(element));
    } else if (own.take_call > now_) {
      states_[element].is_inside = true;
      inside_.push(ranking_.rank(element));
    }
  }

  void extract_called(OpId op, ElementId element) {
    if (element == answer_unknown) {
      crashed_.push_back(op);
    } else if (element == answered_empty) {
      waiting_for_empty_.push_back(op);
    } else {
      const QueueElement& own = queue_.elements()[element];
      if (own.take_call != now_ || own.add_call > now_) return;
      states_[element].is_inside = false;
      waiting_.push(ranking_.rank(element));
    }
  }

  bool extracted(OpId op, ElementId element) {
    if (element == answered_empty) return found_empty_[op] || blocked(op, no_rank, begin_of(op));
    const QueueElement& own = queue_.elements()[element];
    const bool was_there = own.add != no_op && own.add_call < now_;
    if (!was_there || own.take != op) return violated(op, true);
    return states_[element].is_taken ||
           blocked(op, ranking_.rank(element), std::max(own.take_call, own.add_call));
  }

  /// Where an extract is invoked. O(events).
  Moment begin_of(OpId op) const {
    const auto invokes = [&](PartEvent event) { return event.op == op && !event.returns; };
    const auto at = std::find_if(part_.events.begin(), part_.events.end(), invokes);
    return static_cast<Moment>(at - part_.events.begin());
  }

  void add(ElementId element) {
    if (std::exchange(states_[element].is_added, true)) return;
    // One that is never needed and crashed has no return, so it does not come here.
    judgement_.order.push_back(queue_.elements()[element].add);
  }

  Rank first_inside() {
    while (inside_.size() > 0 && !states_[ranking_.element(inside_.top())].is_inside)
      inside_.pop();
    return inside_.top();
  }

  /// Lets extracts that wait take effect now, where they can.
  void settle() {
    if (waiting_.size() == 0 && waiting_for_empty_.empty()) return;
    const Rank inside = first_inside();
    while (waiting_.size() > 0 && waiting_.top() < inside) {
      if (!clear_up_to(waiting_.top())) return;
      const ElementId element = ranking_.element(waiting_.pop());
      add(element);
      judgement_.order.push_back(queue_.elements()[element].take);
      states_[element].is_taken = true;
    }
    if (waiting_for_empty_.empty() || inside != no_rank || !clear_up_to(no_rank)) return;
    for (const OpId op : waiting_for_empty_) {
      judgement_.order.push_back(op);
      found_empty_[op] = true;
    }
    waiting_for_empty_.clear();
  }

  /// Lets crashed extracts take the values before `rank` that nothing else takes, if there are
  /// enough of them.
  bool clear_up_to(Rank rank) {
    const std::size_t spare = crashed_.size() - crashed_used_;
    std::vector<Rank> cleared;
    while (left_.top() < rank && cleared.size() < spare)
      cleared.push_back(left_.pop());
    if (left_.top() < rank) {
      for (const Rank each : cleared)
        left_.push(each);
      return false;
    }
    for (std::size_t i = 0; i < cleared.size(); ++i)
      judgement_.order.push_back(crashed_[crashed_used_++]);
    return true;
  }

  bool violated(OpId op, bool is_earliest) {
    judgement_.validity = Validity::invalid;
    judgement_.fatal = op;
    judgement_.fatal_is_earliest = is_earliest && !queue_.has_crossed_duplicates();
    return false;
  }

  /// An extract that began at `begin` returns now and has had no moment. O(values log values).
  bool blocked(OpId op, Rank rank, Moment begin) {
    if (crashed_.empty() || end_ < part_.events.size()) return violated(op, true);
    std::vector<Cover> covers;
    std::size_t never_answered = 0;
    for (ElementId i = 0; i < states_.size(); ++i) {
      const QueueElement& other = queue_.elements()[i];
      if (ranking_.rank(i) >= rank || other.add_return >= now_) continue;
      never_answered += other.take_call == never && other.add_return < begin;
      if (other.take_call == never || other.take_call <= begin) continue;
      if (other.add_return >= other.take_call) continue;
      covers.push_back({other.add_return, other.take_call, other.take_return, i});
    }
    if (hold_all(covers, begin)) return violated_by(std::move(covers), op, begin);
    if (never_answered > crashed_.size()) return violated(op, true);
    judgement_.reason = "it depends on when crashed extracts took effect";
    return false;
  }

  /// Whether some cover holds each moment from `begin` to now.
  bool hold_all(std::vector<Cover> covers, Moment begin) const {
    std::sort(covers.begin(), covers.end(),
              [](const Cover& a, const Cover& b) { return a.from < b.from; });
    Moment held_to = begin;
    for (const Cover& cover : covers) {
      if (cover.from > held_to) break;
      held_to = std::max(held_to, cover.to);
    }
    return held_to >= now_;
  }

  /// These covers hold all moments of an extract that returns now.
  bool violated_by(std::vector<Cover> covers, OpId op, Moment begin) {
    std::sort(covers.begin(), covers.end(),
              [](const Cover& a, const Cover& b) { return a.returned < b.returned; });
    // The fewest that do, by their returns.
    const auto first = [&](std::size_t count) {
      return std::vector(covers.begin(), covers.begin() + static_cast<std::ptrdiff_t>(count));
    };
    std::size_t low = 1, high = covers.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      hold_all(first(middle), begin) ? high = middle : low = middle + 1;
    }
    const Cover& last = covers[low - 1];
    if (last.returned <= now_) return violated(op, true);
    std::vector<ElementId> open;
    for (const Cover& cover : covers) {
      if (cover.returned >= last.returned) open.push_back(cover.element);
    }
    PriorityQueueValues before(part_, budget_);
    before.cut(static_cast<std::size_t>(last.returned), open);
    const bool is_possible = before.run().validity == Validity::valid;
    return violated(queue_.elements()[last.element].take, is_possible);
  }

  const Part& part_;
  const Budget& budget_;
  std::size_t end_;
  Effort effort_;
  QueuePart queue_;
  Ranking ranking_;
  Judgement judgement_;
  Moment now_ = 0;
  std::vector<State> states_;            // by element
  RankHeap inside_;                      // values that cover the present, and some that do no more
  RankHeap left_;                        // values that no completed extract answers, in the queue
  RankHeap waiting_;                     // what extracts without a moment so far answer
  std::vector<OpId> waiting_for_empty_;  // such that answer "empty"
  std::vector<bool> found_empty_;        // by operation
  std::vector<OpId> crashed_;            // crashed extracts
  std::size_t crashed_used_ = 0;
};

class PriorityQueueValuesAlgorithm : public PartAlgorithm {
 public:
  std::string_view name() const override { return "priority-queue-values"; }
  std::string_view description() const override {
    return "priority queues with unique values, O(operations log operations) (Lee and Mathur 2025)";
  }
  AlgorithmFacts facts() const override {
    return {.idea =
                "A value is certainly in the queue between the return of its insert and the "
                "invocation of its extract. Each extract needs a moment at which nothing is in the "
                "queue that has priority over what it answers.",
            .conditions = "no value is inserted twice",
            .guarantee =
                "Sound. Complete without crashed extracts; with them it may leave the answer to "
                "the search. The place is the earliest, or, with crashed extracts, in some cases "
                "said to be at that return or before.",
            .cost = "O(operations log operations)",
            .source =
                "Lee and Mathur, OOPSLA 2025, section 6, by another way; crashed operations and "
                "the place are new here",
            .models = {"priority-queue"}};
  }
  int rank() const override { return 21; }
  bool applies(const Part& part) const override { return QueuePart::fits(part, "priority-queue"); }
  Judgement judge(const Part& part, const Budget& budget) const override {
    return PriorityQueueValues(part, budget).run();
  }
};

GAUNTLET_REGISTER(PartAlgorithm, PriorityQueueValuesAlgorithm);

}  // namespace
}  // namespace gauntlet
