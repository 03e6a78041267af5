#include "checker/linearizable/shrink.hpp"

#include <algorithm>

namespace gauntlet {

namespace {

class Shrinker {
 public:
  Shrinker(const Part& part, std::size_t end, const Budget& budget)
      : part_(part), end_(end), budget_(budget), fatal_(part.events[end - 1].op) {
    invoked_at_.resize(part.operations.size(), end);
    returned_at_.resize(part.operations.size(), end);
    for (std::size_t e = 0; e < end; ++e) {
      (part.events[e].returns ? returned_at_ : invoked_at_)[part.events[e].op] = e;
    }
    is_register_ = true;
    for (const ModelCall& call : part.kinds) {
      const auto access = part.model->access(call, *part.context);
      is_register_ = is_register_ && access && !access->excludes;
      accesses_.push_back(access.value_or(RegisterAccess{}));
      subjects_.push_back(part.model->subject(call, *part.context));
    }
    for (OpId op = 0; op < part.operations.size() && invoked_at_[op] < end; ++op) {
      if (updates(op) && subject(op)) subjects_updated_.insert(*subject(op));
    }
  }

  Core run() {
    Core core;
    core.from = is_register_ ? last_start() : 0;
    for (std::size_t e = 0; e < end_; ++e) {
      const OpId op = part_.events[e].op;
      if (!part_.events[e].returns && counts(op, core.from)) core.operations.push_back(op);
    }
    leave_out(core, [this](OpId op) { return op == fatal_ || updates(op); });
    for (std::size_t size = subjects_updated_.size() / 2; size >= 1; size /= 2) {
      if (!leave_out_subjects(core, size)) return core;
    }
    for (std::size_t size = core.operations.size() / 2; size >= 1; size /= 2) {
      if (!leave_out_chunks(core, size)) return core;
    }
    while (core.operations.size() <= pass_max) {
      const std::size_t before = core.operations.size();
      if (!leave_out_chunks(core, 1)) return core;
      if (is_register_) start_later(core);
      if (core.operations.size() == before) {
        core.is_minimal = true;
        break;
      }
    }
    return core;
  }

 private:
  static constexpr std::size_t pass_max = 2000;  // larger cores are not gone over one by one

  bool updates(OpId op) const { return part_.updates(part_.operations[op].kind); }
  const std::optional<ValueId>& subject(OpId op) const {
    return subjects_[part_.operations[op].kind];
  }
  bool stopped() const { return budget_.stopped() || budget_.deadline.passed(); }

  /// Whether the tail from `from` holds the operation at all.
  bool counts(OpId op, std::size_t from) const {
    const bool is_open = returned_at_[op] >= end_;  // may have happened or not
    const bool was_open = invoked_at_[op] < from;
    if (returned_at_[op] < from) return false;
    return updates(op) || !(is_open || was_open);
  }

  /// The tail from `from`, with these operations only, cut at the end.
  Part tail(const std::vector<OpId>& operations, std::size_t from) const {
    Part cut;
    cut.model = part_.model;
    cut.history = part_.history;
    cut.context = part_.context;
    cut.key = part_.key;
    cut.kinds = part_.kinds;
    cut.starts_anywhere = from > 0 || part_.starts_anywhere;
    struct Placed {
      std::size_t at;
      PartEvent event;
    };
    std::vector<Placed> events;
    for (const OpId op : operations) {
      PartOperation operation = part_.operations[op];
      const auto name = static_cast<OpId>(cut.operations.size());
      events.push_back({invoked_at_[op], {name, 0}});
      if (invoked_at_[op] < from || returned_at_[op] >= end_) operation.completion = no_event;
      if (!operation.crashed()) events.push_back({returned_at_[op], {name, 1}});
      cut.crashed += operation.crashed();
      cut.operations.push_back(operation);
    }
    std::sort(events.begin(), events.end(),
              [](const Placed& a, const Placed& b) { return a.at < b.at; });
    for (const Placed& placed : events)
      cut.events.push_back(placed.event);
    return cut;
  }

  bool still_invalid(const std::vector<OpId>& operations, std::size_t from) const {
    const PartAlgorithm* search = PartAlgorithmRegistry::instance().find("breadth");
    Budget budget = budget_;
    budget.deadline = budget_.deadline.capped(try_time_max);
    LeftOut left_out{subjects_updated_};
    for (const OpId op : operations) {
      if (subject(op)) left_out.but_for.insert(*subject(op));
    }
    ModelContext context = *part_.context;
    context.left_out = &left_out;
    Part rest = tail(operations, from);
    rest.context = &context;
    return search->judge(rest, budget).validity == Validity::invalid;
  }

  /// The latest start, among windows of doubling size, from which it is still invalid.
  std::size_t last_start() const {
    for (std::size_t size = 8; size < end_ && !stopped(); size *= 2) {
      const std::size_t from = end_ - size;
      std::vector<OpId> operations;
      for (OpId op = 0; op < part_.operations.size() && invoked_at_[op] < end_; ++op) {
        if (counts(op, from)) operations.push_back(op);
      }
      if (still_invalid(operations, from)) return from;
    }
    return 0;
  }

  /// Those of `operations` that stay when all others go, as far as going is sound.
  template <class Stays>
  std::vector<OpId> without(const std::vector<OpId>& operations, Stays stays) const {
    std::vector<std::uint32_t> needed(part_.kinds.size(), 0);
    std::vector<OpId> left, leaving;
    for (const OpId op : operations) {
      if (stays(op)) {
        left.push_back(op);
      } else if (updates(op)) {
        leaving.push_back(op);
      }
    }
    const auto needs = [&](OpId op, ValueId value) {
      const auto& need = accesses_[part_.operations[op].kind].needs;
      return need && *need == value;
    };
    // What sets a value that nobody left needs may go; the last of a chain first.
    bool progress = is_register_;
    while (progress) {
      progress = false;
      for (std::size_t i = leaving.size(); i-- > 0;) {
        const RegisterAccess& access = accesses_[part_.operations[leaving[i]].kind];
        const auto is_needer = [&](OpId op) { return op != leaving[i] && needs(op, *access.sets); };
        const bool is_needed = std::any_of(left.begin(), left.end(), is_needer) ||
                               std::any_of(leaving.begin(), leaving.end(), is_needer);
        if (is_needed) continue;
        leaving.erase(leaving.begin() + static_cast<std::ptrdiff_t>(i));
        progress = true;
      }
    }
    // All about a subject may go, but not some.
    ValueSet subjects_left;
    for (const OpId op : left) {
      if (subject(op)) subjects_left.insert(*subject(op));
    }
    std::erase_if(leaving, [&](OpId op) {
      return !is_register_ && subject(op) && !subjects_left.contains(*subject(op));
    });
    left.insert(left.end(), leaving.begin(), leaving.end());
    std::sort(left.begin(), left.end());
    return left;
  }

  template <class Stays>
  bool leave_out(Core& core, Stays stays) const {
    std::vector<OpId> left = without(core.operations, stays);
    if (left.size() == core.operations.size() || !still_invalid(left, core.from)) return false;
    core.operations = std::move(left);
    return true;
  }

  /// False if the budget is used up.
  bool leave_out_chunks(Core& core, std::size_t size) const {
    for (std::size_t back = 0; back < core.operations.size();) {
      if (stopped()) return false;
      const std::size_t last = core.operations.size() - back;
      const std::size_t first = last > size ? last - size : 0;
      const OpId low = core.operations[first], high = core.operations[last - 1];
      const std::size_t before = core.operations.size();
      leave_out(core, [&](OpId op) { return op == fatal_ || op < low || op > high; });
      if (core.operations.size() == before) back += size;
    }
    return true;
  }

  /// Leaves out the subjects in chunks, latest first. False if the budget is used up.
  bool leave_out_subjects(Core& core, std::size_t size) const {
    std::vector<ValueId> subjects;
    ValueSet seen;
    for (std::size_t i = core.operations.size(); i-- > 0;) {
      const auto& about = subject(core.operations[i]);
      const bool stays = !about || about == subject(fatal_);
      if (!stays && seen.insert(*about).second) subjects.push_back(*about);
    }
    for (std::size_t first = 0; first < subjects.size(); first += size) {
      if (stopped()) return false;
      const std::size_t last = std::min(first + size, subjects.size());
      const ValueSet going(subjects.begin() + static_cast<std::ptrdiff_t>(first),
                           subjects.begin() + static_cast<std::ptrdiff_t>(last));
      leave_out(core, [&](OpId op) { return !subject(op) || !going.contains(*subject(op)); });
    }
    return true;
  }

  /// Moves the start to behind the first operations, as long as it stays invalid.
  void start_later(Core& core) const {
    std::vector<std::size_t> starts;
    for (const OpId op : core.operations)
      starts.push_back(invoked_at_[op]);
    for (std::size_t i = starts.size(); i-- > 0 && !stopped();) {
      const std::size_t from = starts[i];
      if (from <= core.from) break;
      std::vector<OpId> left;
      for (const OpId op : core.operations) {
        if (counts(op, from)) left.push_back(op);
      }
      if (left.size() < core.operations.size() && still_invalid(left, from)) {
        core.operations = left;
        core.from = from;
        break;
      }
    }
  }

  static constexpr std::chrono::milliseconds try_time_max{200};

  const Part& part_;
  std::size_t end_;
  Budget budget_;
  OpId fatal_;
  bool is_register_;
  std::vector<RegisterAccess> accesses_;          // by kind
  std::vector<std::optional<ValueId>> subjects_;  // by kind
  ValueSet subjects_updated_;
  std::vector<std::size_t> invoked_at_, returned_at_;  // by operation; `end_` where not before it
};

}  // namespace

Core shrink(const Part& part, std::size_t end, const Budget& budget) {
  return Shrinker(part, end, budget).run();
}

}  // namespace gauntlet
