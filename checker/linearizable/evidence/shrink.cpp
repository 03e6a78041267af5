#include "checker/linearizable/evidence/shrink.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

#include "checker/linearizable/evidence/projections.hpp"

namespace gauntlet {

namespace {

class Shrinker {
 public:
  Shrinker(const Part& part, OpId fatal, const Budget& budget, std::size_t steps_max)
      : part_(part),
        fatal_(fatal),
        until_(part.operations[fatal].completion),
        budget_(budget),
        steps_left_(steps_max),
        cutter_(part, until_) {
    is_register_ = is_access_only(part) && !is_excluding(fatal);
    has_subjects_ = part.model->has_subjects();
    for (OpId op = 0; op < part.operations.size(); ++op) {
      const PartOperation& operation = part.operations[op];
      if (operation.invocation > until_) break;
      operations_ = op + 1;
      if (operation.completion > until_ && updates(op)) floating_.push_back(op);
    }
  }

  std::optional<Core> run() {
    std::optional<Core> core = part_.starts_anywhere ? std::nullopt : windowed();
    if (!core) core = projected();
    if (!core && operations_ <= whole_max) core = whole();
    if (!core) return std::nullopt;
    reduce(*core);
    return core;
  }

 private:
  static constexpr std::size_t window_events_max = 4096;
  static constexpr std::size_t each_start_max = 128;
  static constexpr std::size_t whole_max = 3000;  // operations of a part that is not cut first
  static constexpr std::size_t try_steps_max = 20'000;
  static constexpr std::size_t starts_max = 12;
  static constexpr int rank_of_searches = 100;

  std::optional<RegisterAccess> access(OpId op) const {
    return part_.model->access(part_.call(op), *part_.context);
  }
  std::optional<ValueId> needs(OpId op) const { return access(op)->needs; }
  bool is_excluding(OpId op) const {
    const auto found = access(op);
    return found && found->excludes;
  }
  bool updates(OpId op) const { return part_.updates(part_.operations[op].kind); }
  std::optional<ValueId> subject(OpId op) const {
    return part_.model->subject(part_.call(op), *part_.context);
  }
  bool stopped() const {
    return steps_left_ == 0 || budget_.stopped() || budget_.deadline.passed();
  }
  bool is_optional(OpId op, EventIndex from) const {
    const PartOperation& operation = part_.operations[op];
    return operation.completion > until_ || (from != no_event && operation.invocation < from);
  }

  // --- judging ----------------------------------------------------------------------------------

  bool refuted(const Core& core) {
    if (stopped()) return false;
    Part& cut = cutter_.cut(core);
    if (!cut.starts_anywhere) return refuted_from_here(cut);
    if (!is_register_) {
      if (core.operations.size() > anywhere_calls_max) return false;
      const std::size_t starts = starts_of(cut);
      for (cut.start = 0; cut.start < starts; ++cut.start) {
        if (!refuted_from_here(cut)) return false;
      }
      return starts > 0;
    }
    // From each value that an operation needs, and from one that none does.
    std::vector<ValueId> values{absent_value};
    for (const ModelCall& call : cut.kinds) {
      const auto found = part_.model->access(call, *part_.context);
      if (found->needs && std::find(values.begin(), values.end(), *found->needs) == values.end()) {
        values.push_back(*found->needs);
      }
    }
    if (values.size() > starts_max || part_.starts_anywhere) return refuted_from_here(cut);
    cut.starts_anywhere = false;
    for (const ValueId value : values) {
      cutter_.context().initial_id = value;
      if (!refuted_from_here(cut)) return false;
    }
    return true;
  }

  bool refuted_from_here(const Part& cut) {
    const bool general_only = cut.starts_anywhere || cut.context->left_out != nullptr;
    // In a whole history nobody knows the answer of an operation that may not have happened, and
    // the special cases count on it.
    const bool knows_answers =
        std::any_of(cut.operations.begin(), cut.operations.end(), [&](const auto& operation) {
          const ModelCall& call = cut.kinds[operation.kind];
          const bool answers =
              call.outcome == Outcome::ok && has_subjects_ && cut.function(operation.kind).observes;
          return operation.crashed() && (answers || call.output != ValueId::nil);
        });
    for (const PartAlgorithm* algorithm : algorithms_) {
      if (stopped()) return false;
      if (knows_answers && algorithm->rank() < rank_of_searches) continue;
      const bool is_asked = algorithm->rank() < rank_by_name_only && algorithm->applies(cut);
      if (general_only ? algorithm->name() != "breadth" : !is_asked) continue;
      Budget budget = budget_;
      budget.steps_max = std::min(steps_left_, try_steps_max);
      const Judgement judgement = algorithm->judge(cut, budget);
      spend(judgement.configurations + cut.operations.size());
      if (judgement.validity != Validity::unknown) return judgement.validity == Validity::invalid;
    }
    return false;
  }

  void spend(std::size_t steps) { steps_left_ -= std::min(steps_left_, steps); }

  static std::vector<const PartAlgorithm*> by_rank() {
    std::vector<const PartAlgorithm*> all = PartAlgorithmRegistry::instance().all();
    std::stable_sort(all.begin(), all.end(),
                     [](const auto* a, const auto* b) { return a->rank() < b->rank(); });
    return all;
  }

  // --- where to begin ---------------------------------------------------------------------------

  EventIndex at(PartEvent event) const {
    const PartOperation& operation = part_.operations[event.op];
    return event.returns ? operation.completion : operation.invocation;
  }

  /// The latest start, among windows of doubling size, from which no order exists. Locks are more
  /// particular: what is under way at the start can pass for the very operation that is lacking.
  /// So for them every start nearby is tried.
  std::optional<Core> windowed() {
    const bool knows_starts = is_register_ || starts_of(cutter_.cut(only_fatal())) > 0;
    if (!knows_starts) return std::nullopt;
    const auto behind = std::partition_point(part_.events.begin(), part_.events.end(),
                                             [&](PartEvent event) { return at(event) <= until_; });
    const auto end = static_cast<std::size_t>(behind - part_.events.begin());
    for (std::size_t size = 8; size < end && size <= window_events_max && !stopped();
         size += is_register_ || size >= each_start_max ? size : 1) {
      Core core = blank();
      core.from = at(part_.events[end - size]);
      window_.clear();
      for (std::size_t e = end - size; e < end; ++e) {
        const OpId op = part_.events[e].op;
        if (part_.events[e].returns ? part_.operations[op].completion <= until_
                                    : part_.operations[op].completion > until_) {
          window_.push_back(op);
        }
      }
      core.operations = window_;
      for (const OpId op : floating_) {
        if (part_.operations[op].invocation < core.from) core.operations.push_back(op);
      }
      std::erase_if(core.operations, [&](OpId op) {
        return op != fatal_ &&
               ((is_register_ && is_excluding(op)) || (is_optional(op, core.from) && !updates(op)));
      });
      settle(core);
      if (refuted(core)) return core;
    }
    return std::nullopt;
  }

  Core blank() const {
    Core core;
    core.until = until_;
    return core;
  }
  Core only_fatal() const {
    Core core = blank();
    core.operations = {fatal_};
    return core;
  }

  /// The operations about a few values, see projections.hpp.
  std::optional<Core> projected() {
    for (const Reach reach : {Reach::nearby, Reach::everywhere}) {
      for (const std::vector<OpId>& operations : projections(part_, fatal_, floating_, reach)) {
        if (stopped()) return std::nullopt;
        Core core = blank();
        core.operations = operations;
        settle(core);
        if (refuted(core)) return core;
      }
    }
    return std::nullopt;
  }

  /// Everything. What needs any value but one is left out if it can be, since it keeps others in.
  Core whole() {
    Core all = blank(), some = blank();
    for (OpId op = 0; op < operations_; ++op) {
      if (part_.operations[op].completion > until_ && !updates(op)) continue;
      all.operations.push_back(op);
      if (!is_excluding(op)) some.operations.push_back(op);
    }
    if (!is_register_ || some.operations.size() == all.operations.size() || refuted(some)) {
      return some.operations.empty() || !is_register_ ? all : some;
    }
    is_register_ = false;
    return all;
  }

  // --- leaving out ------------------------------------------------------------------------------

  /// Puts the operations in order, and leaves out of those that may not have happened what cannot
  /// matter.
  void settle(Core& core) const {
    auto& operations = core.operations;
    std::sort(operations.begin(), operations.end());
    operations.erase(std::unique(operations.begin(), operations.end()), operations.end());
    leave_out_unneeded(core);
    const std::size_t matter_max = useful_of_a_kind(core);
    boost::unordered_flat_map<std::uint32_t, std::size_t> seen;
    std::erase_if(operations, [&](OpId op) {
      if (!is_optional(op, core.from)) return false;
      const bool is_of_a_kind = is_register_ || (part_.call(op).outcome == Outcome::unknown &&
                                                 !subject(op) && has_subjects_);
      return is_of_a_kind && ++seen[part_.operations[op].kind] > matter_max;
    });
    leave_out_unneeded(core);
  }

  /// Of operations of one kind that may not have happened, how many can matter: see
  /// Verifier::violation.
  std::size_t useful_of_a_kind(const Core& core) const {
    if (is_register_) {
      std::size_t needers = 0;
      for (const OpId op : core.operations)
        needers += !is_optional(op, core.from) && needs(op).has_value();
      return std::max<std::size_t>(needers, 1);
    }
    boost::unordered_flat_map<ValueId, std::int64_t> left;  // put and not certainly taken
    for (const OpId op : core.operations) {
      const auto about = subject(op);
      if (!about || !updates(op)) continue;
      const bool takes = part_.function(part_.operations[op].kind).observes;
      if (!takes) ++left[*about];
      if (takes && !is_optional(op, core.from)) --left[*about];
    }
    std::size_t most = 0;
    for (const auto& [value, count] : left)
      most += static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
    return most;
  }

  /// In a register, what may not have happened and sets what nobody needs.
  void leave_out_unneeded(Core& core) const {
    if (!is_register_) return;
    boost::unordered_flat_map<ValueId, std::size_t> needers;
    for (const OpId op : core.operations) {
      if (const auto needed = needs(op)) ++needers[*needed];
    }
    for (bool progress = true; progress;) {
      progress = false;
      std::erase_if(core.operations, [&](OpId op) {
        if (!is_optional(op, core.from)) return false;
        const RegisterAccess does = *access(op);
        const bool is_its_own = does.needs == does.sets;
        if (!is_its_own && (!does.sets || needers[*does.sets] > 0)) return false;
        if (does.needs && --needers[*does.needs] == 0) progress = true;
        return true;
      });
    }
  }

  /// Those of the core's operations that stay when all others go, as far as going is sound.
  template <class Stays>
  Core without(const Core& core, Stays stays) const {
    Core left = core;
    left.operations.clear();
    std::vector<OpId> leaving;
    for (const OpId op : core.operations) {
      if (stays(op)) {
        left.operations.push_back(op);
      } else if (updates(op)) {
        leaving.push_back(op);
      }
    }
    if (is_register_) {
      keep_needed(left.operations, leaving);
    } else {
      ValueSet subjects_left;
      for (const OpId op : left.operations) {
        if (const auto about = subject(op)) subjects_left.insert(*about);
      }
      std::erase_if(leaving, [&](OpId op) {
        const auto about = subject(op);
        return about && !subjects_left.contains(*about);
      });
    }
    left.operations.insert(left.operations.end(), leaving.begin(), leaving.end());
    settle(left);
    return left;
  }

  /// What sets a value that nobody left needs may go; the last of a chain first.
  void keep_needed(const std::vector<OpId>& left, std::vector<OpId>& leaving) const {
    boost::unordered_flat_map<ValueId, std::size_t> needers;
    for (const std::vector<OpId>* some : {&left, &std::as_const(leaving)}) {
      for (const OpId op : *some) {
        if (const auto needed = needs(op)) ++needers[*needed];
      }
    }
    for (bool progress = true; progress;) {
      progress = false;
      for (std::size_t i = leaving.size(); i-- > 0;) {
        const RegisterAccess does = *access(leaving[i]);
        const std::size_t own = does.needs == does.sets ? 1 : 0;
        if (!does.sets || needers[*does.sets] > own) continue;
        if (does.needs) --needers[*does.needs];
        leaving.erase(leaving.begin() + static_cast<std::ptrdiff_t>(i));
        progress = true;
      }
    }
  }

  template <class Stays>
  bool leave_out(Core& core, Stays stays) {
    Core left = without(core, stays);
    if (left.operations.size() >= core.operations.size() || !refuted(left)) return false;
    core = std::move(left);
    return true;
  }

  void reduce(Core& core) {
    leave_out(core, [this](OpId op) { return op == fatal_ || updates(op); });
    for (std::size_t size = subjects_of(core).size() / 2; size >= 1; size /= 2) {
      if (!leave_out_subjects(core, size)) return;
    }
    for (std::size_t size = core.operations.size() / 2; size >= 1; size /= 2) {
      if (!leave_out_chunks(core, size)) return;
    }
    while (!stopped()) {
      const std::size_t before = core.operations.size();
      if (!leave_out_chunks(core, 1)) return;
      start_later(core);
      core.is_minimal = core.operations.size() == before;
      if (core.is_minimal) return;
    }
  }

  /// Latest first; not that of the fatal operation.
  std::vector<ValueId> subjects_of(const Core& core) const {
    std::vector<ValueId> subjects;
    ValueSet seen;
    for (std::size_t i = core.operations.size(); i-- > 0;) {
      const auto about = subject(core.operations[i]);
      const bool stays = !about || about == subject(fatal_);
      if (!stays && seen.insert(*about).second) subjects.push_back(*about);
    }
    return subjects;
  }

  /// False if the steps are used up.
  bool leave_out_subjects(Core& core, std::size_t size) {
    const std::vector<ValueId> subjects = subjects_of(core);
    for (std::size_t first = 0; first < subjects.size(); first += size) {
      if (stopped()) return false;
      const std::size_t last = std::min(first + size, subjects.size());
      const ValueSet going(subjects.begin() + static_cast<std::ptrdiff_t>(first),
                           subjects.begin() + static_cast<std::ptrdiff_t>(last));
      leave_out(core, [&](OpId op) {
        const auto about = subject(op);
        return !about || !going.contains(*about);
      });
    }
    return true;
  }

  bool leave_out_chunks(Core& core, std::size_t size) {
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

  /// Moves the start of a core that has one to behind the first operations.
  void start_later(Core& core) {
    if (core.from == no_event) return;
    for (std::size_t i = core.operations.size(); i-- > 1 && !stopped();) {
      Core later = core;
      later.from = part_.operations[core.operations[i]].invocation;
      if (later.from <= core.from) break;
      std::vector<std::uint32_t> kinds_gone;
      std::erase_if(later.operations, [&](OpId op) {
        const PartOperation& operation = part_.operations[op];
        if (operation.completion >= later.from) {
          return is_optional(op, later.from) && !updates(op);
        }
        if (is_optional(op, core.from)) kinds_gone.push_back(operation.kind);
        return true;
      });
      bring_back(later, kinds_gone);
      settle(later);
      if (later.operations.size() < core.operations.size() && refuted(later)) {
        core = std::move(later);
        return;
      }
    }
  }

  /// Those that others of their kind stood for which are gone.
  void bring_back(Core& core, const std::vector<std::uint32_t>& kinds) const {
    if (kinds.empty()) return;
    for (const std::vector<OpId>* some : {&floating_, &window_}) {
      for (const OpId op : *some) {
        const PartOperation& operation = part_.operations[op];
        if (!is_optional(op, core.from) || operation.completion < core.from) continue;
        if (std::find(kinds.begin(), kinds.end(), operation.kind) == kinds.end()) continue;
        core.operations.push_back(op);
      }
    }
  }

  const Part& part_;
  OpId fatal_;
  EventIndex until_;
  const Budget& budget_;
  std::size_t steps_left_;
  CoreCutter cutter_;
  std::vector<const PartAlgorithm*> algorithms_ = by_rank();
  bool is_register_ = false;
  bool has_subjects_ = false;
  std::size_t operations_ = 0;  // invoked up to the fatal return
  std::vector<OpId> window_;    // operations of the window that it began with
  std::vector<OpId> floating_;  // updates of which nobody knows at the fatal return
};

}  // namespace

std::optional<Core> shrink(const Part& part, OpId fatal, const Budget& budget,
                           std::size_t steps_max) {
  return Shrinker(part, fatal, budget, steps_max).run();
}

}  // namespace gauntlet
