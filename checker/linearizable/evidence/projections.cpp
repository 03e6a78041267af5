#include "checker/linearizable/evidence/projections.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

namespace gauntlet {

namespace {

class Guesses {
 public:
  Guesses(const Part& part, OpId fatal, const std::vector<OpId>& floating)
      : part_(part), fatal_(fatal), until_(part.operations[fatal].completion) {
    for (const OpId op : floating) {
      if (!subject(op)) always_.push_back(op);
    }
    always_.push_back(fatal);
    const auto behind =
        std::partition_point(part.operations.begin(), part.operations.end(),
                             [&](const auto& operation) { return operation.invocation <= until_; });
    operations_ = static_cast<OpId>(behind - part.operations.begin());
  }

  std::vector<std::vector<OpId>> run(Reach reach) {
    const auto about = subject(fatal_);
    if (about) gather({*about});
    find_near(fatal_);
    if (about) {
      for (const OpId op : by_value_[*about])
        find_near(op);
    }
    if (reach == Reach::everywhere) {
      find_left_behind();
      find_listed();
    }
    gather(others_);
    if (about) {
      add({*about});
      for (const ValueId other : others_) {
        if (other != *about) add({*about, other});
      }
      return std::move(sets_);
    }
    for (const ValueId other : others_)
      add({other});
    for (std::size_t i = 0; i < std::min(others_.size(), paired_max); ++i) {
      for (std::size_t k = 0; k < i; ++k)
        add({others_[k], others_[i]});
    }
    return std::move(sets_);
  }

 private:
  static constexpr std::size_t others_max = 300;
  static constexpr std::size_t near_max = 24;  // operations before and after one
  static constexpr std::size_t of_a_sort_max = 32;
  static constexpr std::size_t paired_max = 12;

  std::optional<ValueId> subject(OpId op) const {
    return part_.model->subject(part_.call(op), *part_.context);
  }
  bool updates(OpId op) const { return part_.updates(part_.operations[op].kind); }

  void suggest(ValueId value) {
    if (others_.size() < others_max && known_.insert(value).second) others_.push_back(value);
  }

  /// Those that were invoked shortly before and after it, and shortly before its return.
  void find_near(OpId near) {
    const auto suggest_of = [&](OpId op) {
      if (const auto about = subject(op)) suggest(*about);
    };
    for (OpId distance = 1; distance <= near_max; ++distance) {
      if (near >= distance) suggest_of(near - distance);
      if (near + distance < operations_) suggest_of(near + distance);
    }
    const EventIndex end = std::min(part_.operations[near].completion, until_);
    const auto after =
        std::partition_point(part_.events.begin(), part_.events.end(), [&](PartEvent event) {
          const PartOperation& operation = part_.operations[event.op];
          return (event.returns ? operation.completion : operation.invocation) < end;
        });
    const auto distance = std::min<std::ptrdiff_t>(after - part_.events.begin(), 2 * near_max);
    for (auto event = after - distance; event != after; ++event)
      suggest_of(event->op);
  }

  /// What had been put when the fatal operation began, and was taken by nobody before it returned.
  void find_left_behind() {
    std::vector<ValueId> taken;
    for (OpId op = 0; op < operations_; ++op) {
      const bool takes = part_.function(part_.operations[op].kind).observes && updates(op);
      if (const auto about = takes ? subject(op) : std::nullopt) taken.push_back(*about);
    }
    std::sort(taken.begin(), taken.end());
    const auto is_left = [&](OpId op) {
      if (part_.operations[op].completion >= part_.operations[fatal_].invocation) return false;
      if (part_.function(part_.operations[op].kind).observes || !updates(op)) return false;
      const auto about = subject(op);
      return about && !std::binary_search(taken.begin(), taken.end(), *about);
    };
    std::size_t found = 0;
    for (OpId op = 0; op < fatal_ && found < of_a_sort_max; ++op) {
      if (!is_left(op)) continue;
      suggest(*subject(op));
      ++found;
    }
    found = 0;
    for (OpId op = fatal_; op-- > 0 && found < of_a_sort_max;) {
      if (!is_left(op)) continue;
      suggest(*subject(op));
      ++found;
    }
  }

  /// What the fatal operation's answer lists though nobody put it, or lacks though somebody did.
  void find_listed() {
    const Values& values = part_.history->values();
    const ModelCall& call = part_.call(fatal_);
    if (subject(fatal_) || !values.is_list(call.output)) return;
    const auto items = values.as_list(call.output);
    ValueSet listed(items.begin(), items.end()), put;
    std::size_t found = 0;
    for (OpId op = 0; op < operations_; ++op) {
      const auto about = updates(op) ? subject(op) : std::nullopt;
      if (!about) continue;
      if (listed.contains(*about)) {
        put.insert(*about);
      } else if (found < of_a_sort_max &&
                 part_.operations[op].completion < part_.operations[fatal_].invocation) {
        suggest(*about);
        ++found;
      }
    }
    found = 0;
    for (std::size_t i = items.size(); i-- > 0 && found < of_a_sort_max;) {
      if (put.contains(items[i])) continue;
      suggest(items[i]);
      ++found;
    }
    // Twice in one answer, or late in it.
    for (std::size_t i = items.size(); i-- > 0 && items.size() - i <= of_a_sort_max;)
      suggest(items[i]);
  }

  /// Finds the operations about these values.
  void gather(const std::vector<ValueId>& values) {
    for (const ValueId value : values)
      by_value_[value].clear();
    for (OpId op = 0; op < operations_; ++op) {
      if (part_.operations[op].completion > until_ && !updates(op)) continue;
      const auto about = subject(op);
      if (!about) continue;
      const auto at = by_value_.find(*about);
      if (at != by_value_.end()) at->second.push_back(op);
    }
  }

  void add(std::initializer_list<ValueId> values) {
    std::vector<OpId> operations = always_;
    for (const ValueId value : values)
      operations.insert(operations.end(), by_value_[value].begin(), by_value_[value].end());
    sets_.push_back(std::move(operations));
  }

  const Part& part_;
  OpId fatal_;
  EventIndex until_;
  OpId operations_ = 0;  // invoked up to the fatal return
  std::vector<OpId> always_;
  std::vector<ValueId> others_;
  ValueSet known_;
  boost::unordered_flat_map<ValueId, std::vector<OpId>> by_value_;
  std::vector<std::vector<OpId>> sets_;
};

}  // namespace

std::vector<std::vector<OpId>> projections(const Part& part, OpId fatal,
                                           const std::vector<OpId>& floating, Reach reach) {
  if (!part.model->has_subjects()) return {};
  return Guesses(part, fatal, floating).run(reach);
}

}  // namespace gauntlet
