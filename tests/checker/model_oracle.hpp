// The oracle for any model: linearizability by definition, for histories of up to about 12
// operations. It tries every order, after every completion.
//
// It shares nothing with the searches: it reads the history's rows, decides by itself what each
// operation's fate means (checker/models/model.hpp), and asks the model only for the normal form of
// a call and for one step after another.
//
// What an operation answers in the end counts from its invocation on: while it is outstanding it
// may take effect with that answer only, or not yet. So the place of a violation is the earliest
// completion up to which the operations that have completed have no order, be it with the help of
// some that are outstanding.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <optional>
#include <vector>

#include "checker/models/model.hpp"
#include "oracle.hpp"

namespace gauntlet::testing {

class ModelOracle {
 public:
  /// Looks at the operations on one key (nil: of a history without keys). The arguments outlive it.
  ModelOracle(const History& history, const Model& model, const CheckOptions& options,
              ValueId key = ValueId::nil)
      : history_(history),
        model_(model),
        context_{history.values(), model.initial_value(options.initial), options.nil_read,
                 options.failed_cas} {
    for (EventIndex i = 0; i < history.size(); ++i) {
      const bool invokes = history.is_client(i) && history.type(i) == OperationType::invoke;
      if (invokes && history.key(i) == key) add(i);
    }
    for (const ModelCall& call : calls_) {
      if (context_.initial_id != ValueId::nil || context_.initial.is_nil()) break;
      for (const ValueId id : {call.input, call.output})
        find_initial_in(id);
    }
    if (context_.initial_id == ValueId::nil && !context_.initial.is_nil()) {
      context_.initial_id = absent_value;
    }
    states_ = model.states(calls_, context_);
  }

  /// Why an operation does not fit the model; empty if all do.
  const std::string& misfit() const { return misfit_; }
  /// How many operations take part.
  std::size_t operations() const { return rows_.size(); }

  OracleAnswer judge() {
    for (EventIndex end = 0; end < history_.size(); ++end) {
      bool completes = false;
      for (const Row& row : rows_)
        completes = completes || row.completed == end;
      if (!completes) continue;
      end_ = end;
      dead_.clear();
      if (!extend(0, states_->initial())) return {false, end};
    }
    return {};
  }

 private:
  struct Row {
    EventIndex invoked, completed;  // no_event: it may never happen
  };

  void add(EventIndex invoked) {
    const auto functions = model_.functions();
    ModelCall call;
    while (call.function < functions.size() &&
           functions[call.function].name != history_.function_name(history_.f(invoked))) {
      ++call.function;
    }
    if (call.function == functions.size()) {
      misfit_ = "an unknown function";
      return;
    }
    const ModelFunction& function = functions[call.function];
    call.input = history_.value(invoked);
    if (model_.by_process()) call.process = history_.process(invoked);
    EventIndex completed = history_.partner(invoked);
    const OperationType fate =
        completed == no_event ? OperationType::info : history_.type(completed);
    if (fate == OperationType::fail) {
      if (function.name != "cas" || context_.failed_cas != FailedCas::check) return;
      call.outcome = Outcome::fail;
    } else if (fate == OperationType::info) {
      if (!function.updates) return;
      call.outcome = Outcome::unknown;
      completed = no_event;
    } else {
      call.output = history_.value(completed);
      const bool says_nothing = context_.nil_read == NilRead::any && call.output == ValueId::nil;
      if (says_nothing && !function.updates) return;
    }
    if (const std::string why = model_.admit(call, context_); !why.empty()) {
      misfit_ = why;
      return;
    }
    calls_.push_back(call);
    rows_.push_back({invoked, completed});
  }

  void find_initial_in(ValueId id) {
    if (history_.values().to_value(id) == context_.initial) context_.initial_id = id;
    if (!history_.values().is_list(id)) return;
    for (const ValueId item : history_.values().as_list(id))
      find_initial_in(item);
  }

  bool must(const Row& row) const { return row.completed != no_event && row.completed <= end_; }

  bool extend(std::uint32_t taken, StateId state) {
    bool done = true;
    for (std::size_t i = 0; i < rows_.size(); ++i)
      done = done && ((taken >> i & 1u) != 0 || !must(rows_[i]));
    if (done) return true;
    if (!dead_.insert(std::uint64_t{taken} << 32 | state).second) return false;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if ((taken >> i & 1u) != 0 || rows_[i].invoked > end_) continue;
      bool first = true;  // nothing that is left returned before this was invoked
      for (std::size_t j = 0; j < rows_.size(); ++j) {
        first = first && ((taken >> j & 1u) != 0 || !must(rows_[j]) ||
                          rows_[j].completed > rows_[i].invoked);
      }
      if (!first) continue;
      const StateId after = states_->step(state, static_cast<std::uint32_t>(i));
      if (after != no_state && extend(taken | 1u << i, after)) return true;
    }
    return false;
  }

  const History& history_;
  const Model& model_;
  ModelContext context_;
  std::string misfit_;
  std::vector<Row> rows_;
  std::vector<ModelCall> calls_;  // by row
  std::unique_ptr<StateSpace> states_;
  boost::unordered_flat_set<std::uint64_t> dead_;  // (taken, state) that lead nowhere
  EventIndex end_ = 0;
};

}  // namespace gauntlet::testing
