#include "checker/linearizable/one_pass/queue_row.hpp"

#include <algorithm>
#include <limits>

#include "base/assert.hpp"

namespace gauntlet {

namespace {

/// Values and empty answers, each an interval in which it is enqueued and one in which it is
/// dequeued (an empty answer: both a single moment). a stands before b if either interval of a ends
/// before that of b begins. The next in the row is one of which neither begins after some interval
/// of its kind has ended among those not in the row yet. Four lists, by beginning and end of both
/// kinds, are gone through once each.
class Row {
 public:
  Row(const Part& part, const QueuePart& queue, const QueueChoices& choices, Effort& effort)
      : part_(part), choices_(choices), effort_(effort) {
    const std::size_t count = queue.elements().size() + choices.empty_at.size();
    items_.resize(count);
    placed_.resize(count, false);
    begun_.resize(count, 0);
    for (auto* list : {&add_begins_, &add_ends_, &take_begins_, &take_ends_})
      list->reserve(count);
    taken_by_.resize(part.operations.size() * !choices.taken_by_crashed.empty(), no_item);
    for (const auto& [element, op] : choices.taken_by_crashed) {
      items_[element].take = op;
      taken_by_[op] = element;
    }
    list_all(queue);
  }

  std::vector<OpId> run() {
    order_.reserve(part_.operations.size());
    std::vector<Id> ready;
    std::size_t add_begins = 0, add_ends = 0, take_begins = 0, take_ends = 0;
    for (std::size_t left = add_begins_.size(); left > 0; --left) {
      if (effort_.exhausted()) return {};
      while (placed_[add_ends_[add_ends]])
        ++add_ends;
      while (placed_[take_ends_[take_ends]])
        ++take_ends;
      const Time first_added = items_[add_ends_[add_ends]].add_end;
      const Time first_taken = items_[take_ends_[take_ends]].take_end;
      const auto begin = [&](Id id) {
        if (++begun_[id] == 2) ready.push_back(id);
      };
      for (; add_begins < add_begins_.size(); ++add_begins) {
        if (items_[add_begins_[add_begins]].add_begin > first_added) break;
        begin(add_begins_[add_begins]);
      }
      for (; take_begins < take_begins_.size(); ++take_begins) {
        if (items_[take_begins_[take_begins]].take_begin > first_taken) break;
        begin(take_begins_[take_begins]);
      }
      GAUNTLET_ASSERT(!ready.empty());
      place(ready.back());
      ready.pop_back();
    }
    take_until(end_of_time);
    return std::move(order_);
  }

 private:
  using Id = std::uint32_t;    // an element, or behind them an empty answer
  using Time = std::uint32_t;  // twice the position of an event; odd: right after it
  static constexpr Id no_item = 0xFFFFFFFFu;
  static constexpr Time end_of_time = 0xFFFFFFFFu;
  static constexpr Time after_all = end_of_time - 1;  // crashed dequeues may end here

  struct Item {
    OpId add = no_op, take = no_op;
    Time add_begin = 0, add_end = end_of_time;
    Time take_begin = end_of_time, take_end = end_of_time;
  };

  /// Goes through the events and fills the four lists, each in order of time.
  void list_all(const QueuePart& queue) {
    Id empty = static_cast<Id>(queue.elements().size());
    auto chosen = choices_.empty_at.begin();
    for (std::size_t e = 0; e < part_.events.size(); ++e) {
      const PartEvent event = part_.events[e];
      const auto now = static_cast<Time>(2 * e);
      const ElementId element = queue.element(event.op);
      if (queue.adds(event.op)) {
        add(queue.elements()[element], element, event.returns, now);
      } else {
        take(event, element, now);
      }
      for (; chosen != choices_.empty_at.end() && chosen->first == static_cast<Moment>(e); ++chosen)
        answer_empty(empty++, chosen->second, now + 1);
    }
    GAUNTLET_ASSERT(chosen == choices_.empty_at.end());
    for (const auto& [element, op] : choices_.taken_by_crashed)
      end_take(element, after_all);
    for (Id id = 0; id < queue.elements().size(); ++id) {
      const Item& item = items_[id];
      if (item.add_end == end_of_time || item.take != no_op) continue;
      take_begins_.push_back(id);  // it stays in the queue
      take_ends_.push_back(id);
    }
  }

  void add(const QueueElement& times, Id id, bool returns, Time now) {
    Item& item = items_[id];
    if (times.add_return == never && times.take_return == never) return;  // need not have happened
    if (returns) {
      end_add(id, now);
      return;
    }
    item.add = times.add;
    item.add_begin = now;
    add_begins_.push_back(id);
  }

  void take(PartEvent event, ElementId element, Time now) {
    if (element == answered_empty) return;
    const Id id =
        element == answer_unknown ? (taken_by_.empty() ? no_item : taken_by_[event.op]) : element;
    if (id == no_item) return;
    if (event.returns) {
      end_add(id, now);
      end_take(id, now);
      return;
    }
    items_[id].take = event.op;
    items_[id].take_begin = now;
    take_begins_.push_back(id);
  }

  void answer_empty(Id id, OpId op, Time now) {
    items_[id] = {no_op, op, now, now, now, now};
    for (auto* list : {&add_begins_, &add_ends_, &take_begins_, &take_ends_})
      list->push_back(id);
  }

  void end_add(Id id, Time now) {
    if (items_[id].add_end != end_of_time) return;
    items_[id].add_end = now;
    add_ends_.push_back(id);
  }
  void end_take(Id id, Time now) {
    items_[id].take_end = now;
    take_ends_.push_back(id);
  }

  /// Puts it into the row. An enqueue takes effect as soon as it and all before it are invoked; a
  /// dequeue likewise, but not before its enqueue.
  void place(Id id) {
    const Item& item = items_[id];
    placed_[id] = true;
    if (item.add == no_op) {
      take_until(end_of_time);
      order_.push_back(item.take);
      return;
    }
    last_add_ = std::max(last_add_, item.add_begin);
    take_until(last_add_);
    order_.push_back(item.add);
    if (item.take == no_op) return;
    last_take_ = std::max({last_take_, item.take_begin, last_add_});
    takes_.emplace_back(last_take_, item.take);
  }

  /// The dequeues that take effect before `time`.
  void take_until(Time time) {
    for (; next_take_ < takes_.size() && takes_[next_take_].first < time; ++next_take_)
      order_.push_back(takes_[next_take_].second);
  }

  const Part& part_;
  const QueueChoices& choices_;
  Effort& effort_;
  std::vector<Item> items_;
  std::vector<Id> taken_by_;  // by crashed dequeue
  std::vector<Id> add_begins_, add_ends_, take_begins_, take_ends_;
  std::vector<bool> placed_;
  std::vector<std::uint8_t> begun_;  // how many of its intervals may begin
  std::vector<OpId> order_;
  Time last_add_ = 0, last_take_ = 0;
  std::vector<std::pair<Time, OpId>> takes_;  // of the row so far, with when they take effect
  std::size_t next_take_ = 0;
};

}  // namespace

std::vector<OpId> order_queue(const Part& part, const QueuePart& queue, const QueueChoices& choices,
                              Effort& effort) {
  return Row(part, queue, choices, effort).run();
}

}  // namespace gauntlet
