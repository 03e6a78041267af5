#include "checker/linearizable/evidence/names.hpp"

#include <algorithm>

namespace gauntlet {

namespace {

constexpr const char* no_pattern = "nonlinearizable";

/// Counts of a core's operations on a container, of those about values.
struct Tally {
  ValueSet subjects;
  std::size_t puts = 0, takes = 0, others = 0;
};

class Naming {
 public:
  Naming(const Part& part, const Core& core, OpId fatal)
      : part_(part), core_(core), fatal_(fatal), model_(part.model->name()) {}

  std::string name() const {
    if (is_access_only(part_)) return of_register();
    if (model_ == "queue") return of_container("order violation (FIFO)");
    if (model_ == "stack") return of_container("order violation (LIFO)");
    if (model_ == "priority-queue") return of_container("order violation (priority)");
    if (model_ == "set" || model_ == "grow-only-set") return of_set();
    if (model_ == "list") return of_list();
    if (model_ == "unique-ids") return "duplicate id";
    if (model_.ends_with("mutex") || model_ == "semaphore") return of_lock();
    return no_pattern;
  }

 private:
  std::string_view function(OpId op) const {
    return part_.function(part_.operations[op].kind).name;
  }
  bool updates(OpId op) const { return part_.updates(part_.operations[op].kind); }
  bool happened(OpId op) const {
    const PartOperation& operation = part_.operations[op];
    return operation.completion <= core_.until &&
           (core_.from == no_event || operation.invocation >= core_.from);
  }
  const ModelCall& call(OpId op) const { return part_.call(op); }
  const Values& values() const { return part_.history->values(); }

  Tally tally() const {
    Tally tally;
    for (const OpId op : core_.operations) {
      const auto subject = part_.model->subject(call(op), *part_.context);
      if (!subject) {
        ++tally.others;
        continue;
      }
      tally.subjects.insert(*subject);
      if (!part_.function(part_.operations[op].kind).observes) {
        ++tally.puts;
      } else {
        ++tally.takes;
      }
    }
    return tally;
  }

  /// Two compare-and-sets that both replaced the same value, and nothing that brought it back.
  std::string of_register() const {
    const auto access = [&](OpId op) { return part_.model->access(call(op), *part_.context); };
    const auto fatal = access(fatal_);
    if (!fatal->needs || !fatal->sets) return no_pattern;
    std::size_t replacing = 0;
    for (const OpId op : core_.operations) {
      const auto does = access(op);
      replacing += does->needs == fatal->needs && does->sets;
      if (does->sets == fatal->needs && op != core_.operations.front()) return no_pattern;
    }
    return replacing >= 2 ? "lost update" : no_pattern;
  }

  std::string of_container(const char* order_violation) const {
    const Tally all = tally();
    if (all.others > 0) {
      // An answer that there is nothing, though something was there.
      const bool says_empty =
          std::any_of(core_.operations.begin(), core_.operations.end(),
                      [&](OpId op) { return call(op).outcome == Outcome::ok && !updates(op); });
      return says_empty && all.puts > 0 ? "lost element" : no_pattern;
    }
    if (all.subjects.size() >= 2) return order_violation;
    if (all.puts == 0) return "phantom value";
    if (all.takes > all.puts) return "duplicate " + std::string(function(fatal_));
    return "read from the future";
  }

  bool lists(OpId read, ValueId value) const {
    const auto items = values().as_list(call(read).output);
    return std::find(items.begin(), items.end(), value) != items.end();
  }

  /// By what the fatal operation saw of the one value.
  std::string of_set() const {
    const ValueSet subjects = tally().subjects;
    const auto has = [&](std::string_view name) {
      return std::any_of(core_.operations.begin(), core_.operations.end(),
                         [&](OpId op) { return function(op) == name; });
    };
    const bool reads_all = function(fatal_) == "read";
    if (reads_all && subjects.empty()) return "phantom value";
    if (subjects.size() != 1 || (!reads_all && function(fatal_) != "contains")) return no_pattern;
    const bool seen =
        reads_all ? lists(fatal_, *subjects.begin()) : values().as_boolean(call(fatal_).output);
    if (!seen) return has("add") && !has("remove") ? "lost element" : no_pattern;
    if (!has("add")) return "phantom value";
    return has("remove") ? "stale read" : no_pattern;
  }

  std::string of_list() const {
    const Tally all = tally();
    if (all.subjects.size() >= 2) return "order violation";
    if (function(fatal_) != "read") return no_pattern;
    if (all.subjects.empty()) return "phantom value";
    return lists(fatal_, *all.subjects.begin()) ? no_pattern : "lost element";
  }

  std::string of_lock() const {
    // Whoever acquires after another needs a release in between, at whatever time it began.
    std::size_t acquired = 0, released = 0;
    for (const OpId op : core_.operations) {
      const bool acquires = function(op) == "acquire";
      acquired += acquires && happened(op);
      released += !acquires;
    }
    if (acquired >= released + 2) {
      return model_ == "semaphore" ? "too many permits" : "double hold";
    }
    if (acquired == 0) return "release without hold";
    return model_ == "fenced-mutex" && tokens_fall() ? "token went back" : no_pattern;
  }

  /// Whether an acquisition has no greater token than one that had been acknowledged before.
  bool tokens_fall() const {
    for (const OpId a : core_.operations) {
      for (const OpId b : core_.operations) {
        const bool in_order =
            happened(a) && part_.operations[a].completion < part_.operations[b].invocation;
        if (!in_order || !values().is_integer(call(a).output) ||
            !values().is_integer(call(b).output)) {
          continue;
        }
        if (values().as_integer(call(b).output) <= values().as_integer(call(a).output)) return true;
      }
    }
    return false;
  }

  const Part& part_;
  const Core& core_;
  OpId fatal_;
  std::string_view model_;
};

}  // namespace

std::string name_violation(const Part& part, const Core& core, OpId fatal) {
  return Naming(part, core, fatal).name();
}

}  // namespace gauntlet
