// FIFO queues in which no value is enqueued twice: pairs of values, and moments of emptiness.
//
// Of a value v, four moments matter: its enqueue is invoked at e(v) and returns at E(v), its
// dequeue is invoked at d(v) and returns at D(v) (infinity where that does not happen; E(v) at D(v)
// at the latest, since the enqueue comes first). It is certainly in the queue between E(v) and
// d(v), if E(v) < d(v): it covers the moments there.
//
// 1. Without crashes there is a legal order if and only if
//    (a) e(v) < D(v) for each dequeued v, and no value is dequeued twice;
//    (b) for no a and b, E(a) < e(b) and D(b) < d(a);
//    (c) each dequeue that answers "empty" has a moment in it that no value covers.
//    All are needed. They are enough: write a -> b if E(a) < e(b) or D(a) < d(b). A circle of ->
//    has one of two values: intervals are ordered so that of a1 before a2 and a3 before a4 follows
//    a1 before a4 or a3 before a2, so in a shortest circle, whose steps are by enqueue and by
//    dequeue in turn, there is a shorter way; and a circle of two contradicts (b). So the values
//    can stand in a row that agrees with ->. Each enqueue takes effect at the greatest e of those
//    up to it in the row, each dequeue at the greatest of e and d: by -> not after its return. Now
//    let a dequeue o that answers "empty" be a value that is enqueued and dequeued at one moment t
//    of (c): a circle of o and v needs v -> o by E(v) < t and o -> v by t < d(v), or the reverse,
//    which is against e(v) < D(v); so there is none, and what stands before o in the row is out of
//    the queue by t and what stands behind it not in before t. (Henzinger, Sezgin and Vafeiadis,
//    "Aspect-oriented linearizability proofs", CONCUR 2013, list the same patterns; Abdulla et al.,
//    PLDI 2025, and Lee and Mathur, OOPSLA 2025, decide them in O(n log n).)
//
// 2. Crashed enqueues: a value that no completed dequeue answered may go with all operations on it,
//    since what is left of an order stays legal. One that was dequeued did happen, and E(v) = D(v).
//
// 3. Crashed dequeues: each may take one value, from its invocation w on (D infinite), or not
// happen.
//    A value that is enqueued and not dequeued must be taken by one before its deadline: the least
//    D(b) of the b with E(v) < e(b), by (b), and the first of the moments chosen for (c) after
//    E(v). No value need be taken but those with a deadline, and they may: if b is taken so and a
//    is not, not E(a) < e(b), since then a had a deadline no later. A choice of crashed dequeues
//    exists if and only if for each moment x no more values have a deadline up to x than crashed
//    dequeues were invoked before x (Hall). Both kinds of deadlines grow with E(v). So the values
//    with a deadline up to x, by either kind, are the first of the row by E(v), and the larger of
//    both numbers counts: each kind may be looked at alone, and the moment of each o as well: it
//    must be covered by no dequeued value, and by no more of the others than crashed dequeues were
//    invoked before.
//
// 4. Place: a prefix is judged by the same rules, where what has not returned may have happened,
// with
//    the answer that it gets in the end. So a value whose dequeue returns later may be taken by
//    that (from d(v) on) or by a crashed one. Without crashed dequeues, (b) says that at D(b) the
//    dequeue of each a with E(a) < e(b) has been invoked, and (c) does not change once o has
//    returned: the first event that breaks a rule is the place. With them, a value past its
//    deadline that its own dequeue does not meet is doomed: it needs a crashed dequeue, and is
//    against (b) once it returns. A moment that a value covers is lost for (c) once that value's
//    dequeue returns. Each of these rules is necessary in a prefix. Whether they are enough there
//    (the deadlines of values whose own dequeue meets one of the two kinds do not stand in a row)
//    is tried out on the prefix before the place found, with the first moments left for (c) and the
//    condition of Hall on all deadlines together; where it fails, the place is an upper bound only.
//    Where a value is answered twice, either call may have taken it until one returns, so the one
//    invoked first counts; from then on the one that returned; the next return is against (a).
//
// For (c) only moments right after invocations of dequeues are looked at: moving back from any
// other moment in o to the last such, no cover begins and no crashed dequeue is lost. Moments that
// can no longer be used are merged with the next (union-find), and each keeps the earliest end of
// those that wait for it. O(operations) but for union-find and the sorting of deadlines.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/effort.hpp"
#include "checker/linearizable/algorithm.hpp"
#include "checker/linearizable/one_pass/queue_part.hpp"
#include "checker/linearizable/one_pass/queue_row.hpp"

namespace gauntlet {
namespace {

/// Counts the moments after invocations of dequeues; one of them.
using Point = std::uint32_t;

/// The points that a dequeue which answered "empty" may use: `first` to before `end`.
struct Emptiness {
  OpId op;
  Point first, end;
};

/// Points, each usable or not; what becomes unusable stays so.
class Points {
 public:
  void reserve(std::size_t count) {
    next_.reserve(count + 1);
    end_.reserve(count);
  }
  Point count() const { return static_cast<Point>(end_.size()); }

  void add(bool is_usable) {
    const Point point = count();
    next_.push_back(is_usable ? point : point + 1);
    end_.push_back(none);
  }

  /// The first usable point from `point` on; count() if there is none yet.
  Point usable(Point point) {
    Point found = point;
    while (found < count() && next_[found] != found)
      found = next_[found];
    while (point < found)
      point = std::exchange(next_[point], found);
    return found;
  }

  /// Something needs a usable point from `first` to before `end`, now and later. False if none is.
  bool need(Point first, Point end) {
    const Point point = usable(first);
    if (point >= end) return false;
    end_[point] = std::min(end_[point], end);
    return true;
  }

  /// The points from `first` to before `end` cannot be used. False if one of them was needed.
  bool lose(Point first, Point end) {
    for (Point point = usable(first); point < end; point = usable(point)) {
      next_[point] = point + 1;
      if (end_[point] != none && !need(point, end_[point])) return false;
    }
    return true;
  }

 private:
  static constexpr Point none = 0xFFFFFFFFu;

  std::vector<Point> next_;
  std::vector<Point> end_;  // of what needs the point: the earliest end; none: nothing needs it
};

/// Goes through the events up to the first that breaks a rule.
class Sweep {
 public:
  Sweep(const Part& part, const QueuePart& queue, Effort& effort)
      : part_(part), queue_(queue), effort_(effort) {
    states_.resize(queue.elements().size());
    const std::size_t dequeues = part.operations.size() - part.operations.size() / 2;
    points_.reserve(dequeues);
    called_.reserve(dequeues);
    point_of_.resize(part.operations.size());
  }

  /// Looks at the first `end` events, until one breaks a rule or the budget is used up. Answers how
  /// many were in order.
  std::size_t run(std::size_t end) {
    for (std::size_t e = 0; e < end; ++e) {
      if (effort_.exhausted()) return e;
      now_ = static_cast<Moment>(e);
      is_broken_ = !take(part_.events[e]);
      if (is_broken_) return e;
    }
    return end;
  }
  bool found_violation() const { return is_broken_; }

  /// A value that a crashed dequeue must take.
  struct Forced {
    Moment deadline;
    ElementId element;
    friend auto operator<=>(const Forced&, const Forced&) = default;
  };

  /// Of what was looked at: the values that crashed dequeues must take, by deadline, if the first
  /// points that are usable are chosen; the i-th is taken by the i-th crashed dequeue. Nothing if
  /// that is not possible. O(values log values).
  std::optional<std::vector<Forced>> forced() {
    std::vector<Point> chosen;
    for (const Emptiness& empty : empties_)
      chosen.push_back(points_.usable(empty.first));
    std::sort(chosen.begin(), chosen.end());
    std::vector<Forced> all;
    for (ElementId i = 0; i < states_.size(); ++i) {
      const State& state = states_[i];
      if (state.is_taken || !state.is_added) continue;
      Moment deadline = state.is_doomed ? state.deadline : never;
      const auto at = std::lower_bound(chosen.begin(), chosen.end(), state.first_covered);
      if (at != chosen.end()) {
        const Moment called = called_[*at];
        if (called < queue_.elements()[i].take_call) deadline = std::min(deadline, called);
      }
      if (deadline != never) all.push_back({deadline, i});
    }
    std::sort(all.begin(), all.end());
    if (all.size() > crashed_.size()) return std::nullopt;
    // A crashed dequeue that is invoked right before a point can be used at it.
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (crashed_calls_[i] > all[i].deadline) return std::nullopt;
    }
    return all;
  }

  const std::vector<OpId>& crashed() const { return crashed_; }
  const std::vector<Emptiness>& empties() const { return empties_; }
  /// The event right after which a dequeue may have found the queue empty.
  Moment moment_of(const Emptiness& empty) { return called_[points_.usable(empty.first)]; }

 private:
  struct State {
    bool is_added = false;   // the enqueue has returned, and not after the dequeue
    bool is_taken = false;   // the dequeue has returned
    bool is_inside = false;  // it covers the present
    bool is_doomed = false;  // its own dequeue misses the deadline
    Point first_covered = 0;
    Moment deadline = never;  // when a value that was enqueued later came out
  };

  bool take(PartEvent event) {
    const OpId op = event.op;
    const ElementId element = queue_.element(op);
    if (queue_.adds(op)) {
      if (event.returns) enqueued(element);
      return true;
    }
    if (!event.returns) {
      called(op, element);
      return true;
    }
    if (element != answered_empty) return dequeued(op, element);
    empties_.push_back({op, point_of_[op], points_.count()});
    return points_.need(empties_.back().first, empties_.back().end);
  }

  void enqueued(ElementId element) {
    State& state = states_[element];
    if (state.is_taken) return;
    state.is_added = true;
    state.first_covered = points_.count();
    state.is_inside = queue_.elements()[element].take_call > now_;
    inside_ += state.is_inside;
    added_.push_back(element);
  }

  void called(OpId op, ElementId element) {
    point_of_[op] = points_.count();
    if (element == answer_unknown) {
      crashed_.push_back(op);
      crashed_calls_.push_back(now_);
    } else if (element != answered_empty && states_[element].is_inside) {
      states_[element].is_inside = false;
      --inside_;
    }
    points_.add(inside_ <= crashed_.size());
    called_.push_back(now_);
  }

  bool dequeued(OpId op, ElementId element) {
    State& state = states_[element];
    const QueueElement& own = queue_.elements()[element];
    if (own.add == no_op || own.add_call > now_) return false;  // before it was enqueued
    if (own.take != op) return false;                           // for the second time
    if (state.deadline < called_[point_of_[op]]) return false;  // too late
    state.is_taken = true;
    if (state.is_added && !points_.lose(state.first_covered, point_of_[op])) return false;
    last_add_ = std::max(last_add_, own.add_call);
    // All that were enqueued before it must be out of the queue.
    while (in_front_ < added_.size() &&
           queue_.elements()[added_[in_front_]].add_return < last_add_) {
      const ElementId other = added_[in_front_++];
      if (states_[other].is_taken) continue;
      states_[other].deadline = now_;
      if (queue_.elements()[other].take_call < now_) continue;
      states_[other].is_doomed = true;
      if (++doomed_ > crashed_.size()) return false;
    }
    return true;
  }

  const Part& part_;
  const QueuePart& queue_;
  Effort& effort_;
  Moment now_ = 0;
  bool is_broken_ = false;
  std::vector<State> states_;     // by element
  std::vector<ElementId> added_;  // by return of the enqueue
  std::size_t in_front_ = 0;      // of these, those before some dequeued value
  Moment last_add_ = -1;          // the last invocation among the enqueues of dequeued values
  std::size_t inside_ = 0;        // values that cover the present
  std::size_t doomed_ = 0;
  std::vector<OpId> crashed_;  // crashed dequeues
  std::vector<Moment> crashed_calls_;
  Points points_;
  std::vector<Moment> called_;      // by point
  std::vector<Point> point_of_;     // by dequeue
  std::vector<Emptiness> empties_;  // by return
};

class QueueValues {
 public:
  QueueValues(const Part& part, const Budget& budget)
      : part_(part), effort_(budget), queue_(part) {}

  Judgement run() {
    judgement_.algorithm = "order of unique values in a queue (Henzinger, Sezgin and Vafeiadis)";
    Sweep sweep(part_, queue_, effort_);
    judgement_.reached = sweep.run(part_.events.size());
    if (sweep.found_violation()) {
      invalid(sweep);
    } else if (effort_.exhausted() || !order(sweep)) {
      judgement_.reason = effort_.reason();
    }
    judgement_.configurations = effort_.steps();
    return std::move(judgement_);
  }

 private:
  void invalid(const Sweep& sweep) {
    judgement_.validity = Validity::invalid;
    judgement_.fatal = part_.events[judgement_.reached].op;
    if (sweep.crashed().empty() || sweep.empties().empty()) return;
    Sweep before(part_, queue_, effort_);
    before.run(judgement_.reached);
    judgement_.fatal_is_earliest = !effort_.exhausted() && before.forced().has_value();
  }

  bool order(Sweep& sweep) {
    const auto forced = sweep.forced();
    GAUNTLET_ASSERT(forced.has_value());
    QueueChoices choices;
    for (std::size_t i = 0; i < forced->size(); ++i)
      choices.taken_by_crashed.emplace_back((*forced)[i].element, sweep.crashed()[i]);
    for (const Emptiness& empty : sweep.empties())
      choices.empty_at.emplace_back(sweep.moment_of(empty), empty.op);
    std::sort(choices.empty_at.begin(), choices.empty_at.end());
    judgement_.order = order_queue(part_, queue_, choices, effort_);
    if (judgement_.order.empty() && effort_.exhausted()) return false;
    judgement_.validity = Validity::valid;
    judgement_.has_order = true;
    return true;
  }

  const Part& part_;
  Effort effort_;
  QueuePart queue_;
  Judgement judgement_;
};

class QueueValuesAlgorithm : public PartAlgorithm {
 public:
  std::string_view name() const override { return "queue-values"; }
  std::string_view description() const override {
    return "queues with unique values, O(operations log operations) (Henzinger et al. 2013)";
  }
  AlgorithmFacts facts() const override {
    return {
        .idea =
            "A value is certainly in the queue between the return of its enqueue and the "
            "invocation of its dequeue. No two values may stand in the queue one behind the other "
            "and leave it the other way round, and each dequeue that answers that there is nothing "
            "needs a moment that no value covers. Crashed dequeues are matched to the values that "
            "must be taken by a deadline (Hall).",
        .conditions = "no value is enqueued twice",
        .guarantee =
            "Sound and complete. The place is the earliest; with crashed dequeues it is checked, "
            "and where it cannot be shown to be the earliest, said to be at that return or before.",
        .cost = "O(operations log operations)",
        .source =
            "T. A. Henzinger, A. Sezgin and V. Vafeiadis, Aspect-oriented linearizability proofs, "
            "CONCUR 2013; Abdulla et al., PLDI 2025, and Lee and Mathur, OOPSLA "
            "2025, decide complete histories in the same time; crashed operations and the place "
            "are new here",
        .models = {"queue"}};
  }
  int rank() const override { return 20; }
  bool applies(const Part& part) const override { return QueuePart::fits(part, "queue"); }
  Judgement judge(const Part& part, const Budget& budget) const override {
    return QueueValues(part, budget).run();
  }
};

GAUNTLET_REGISTER(PartAlgorithm, QueueValuesAlgorithm);

}  // namespace
}  // namespace gauntlet
