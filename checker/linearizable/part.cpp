#include "checker/linearizable/part.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <new>
#include <numeric>

#include "base/effort.hpp"

namespace gauntlet {

namespace {

using KindIds = boost::unordered_flat_map<ModelCall, std::uint32_t, boost::hash<ModelCall>>;

class Splitter {
 public:
  Splitter(const History& history, const Model& model, const Budget& budget, Parts& parts)
      : history_(history), model_(model), effort_(budget), parts_(parts) {
    for (std::size_t f = 0; f < history.function_count(); ++f) {
      functions_.push_back(position_of(history.function_name(static_cast<FunctionId>(f))));
    }
  }

  void run() {
    if (effort_.allows(history_.size() * sizeof(OpId))) op_of_.resize(history_.size(), no_op);
    for (EventIndex event = 0; event < history_.size(); ++event) {
      if (effort_.exhausted()) {
        parts_.unfinished = effort_.reason() + " before anything could be judged";
        return;
      }
      if (!history_.is_client(event)) continue;
      if (history_.type(event) == OperationType::invoke) {
        invoke(event);
      } else if (const EventIndex invocation = history_.partner(event); invocation != no_event) {
        complete(event, invocation);
      }
      if (!parts_.misfit.empty()) return;
    }
  }

 private:
  static constexpr std::uint16_t no_position = 0xFFFF;

  std::uint16_t position_of(std::string_view name) const {
    const auto functions = model_.functions();
    for (std::size_t i = 0; i < functions.size(); ++i) {
      if (functions[i].name == name) return static_cast<std::uint16_t>(i);
    }
    return no_position;
  }

  static Outcome outcome_of(OperationType type) {
    if (type == OperationType::ok) return Outcome::ok;
    return type == OperationType::fail ? Outcome::fail : Outcome::unknown;
  }

  std::uint32_t part_of(ValueId key) {
    const auto [at, is_new] =
        part_ids_.try_emplace(key, static_cast<std::uint32_t>(parts_.parts.size()));
    if (is_new) {
      Part& part = parts_.parts.emplace_back();
      part.model = &model_;
      part.history = &history_;
      part.context = &parts_.context;
      part.key = key;
      kind_ids_.emplace_back();
      updates_seen_.push_back(false);
      pending_.push_back(0);
    }
    return at->second;
  }

  void misfit(EventIndex event, const std::string& why) {
    parts_.misfit = "operation " + std::to_string(history_.index(event)) +
                    " does not fit the model " + std::string(model_.name()) + ": " + why;
  }

  void invoke(EventIndex event) {
    const std::uint16_t function = functions_[history_.f(event)];
    if (function == no_position) {
      misfit(event, "it has no function \"" +
                        std::string(history_.function_name(history_.f(event))).substr(0, 60) +
                        "\"");
      return;
    }
    EventIndex completion = history_.partner(event);
    ModelCall call{function, Outcome::unknown, history_.value(event), ValueId::nil};
    if (model_.by_process()) call.process = history_.process(event);
    if (completion != no_event) call.outcome = outcome_of(history_.type(completion));
    if (call.outcome == Outcome::ok) call.output = history_.value(completion);
    if (call.outcome == Outcome::unknown) completion = no_event;

    ++parts_.operations;
    parts_.crashed += call.outcome == Outcome::unknown;
    parts_.succeeded += call.outcome == Outcome::ok;
    const bool counts = model_.counts(call, parts_.context);
    const ModelFunction& traits = model_.functions()[function];
    if (const std::string why = model_.admit(call, parts_.context); !why.empty()) {
      misfit(event, why);
      return;
    }
    // Where the answer says nothing, a crashed operation does what a completed one does.
    if (!traits.observes && call.outcome == Outcome::unknown) call.outcome = Outcome::ok;
    const std::uint32_t p = part_of(history_.key(event));
    Part& part = parts_.parts[p];
    if (traits.updates && call.outcome != Outcome::fail) updates_seen_[p] = true;
    if (!counts) return;

    const auto [at, is_new] =
        kind_ids_[p].try_emplace(call, static_cast<std::uint32_t>(part.kinds.size()));
    if (is_new) part.kinds.push_back(call);
    const auto op = static_cast<OpId>(part.operations.size());
    op_of_[event] = op;
    part.operations.push_back({event, completion, at->second});
    part.events.push_back({op, 0});
    if (completion == no_event) {
      ++part.crashed;
    } else {
      part.pending_max = std::max<std::size_t>(part.pending_max, ++pending_[p]);
    }
  }

  void complete(EventIndex event, EventIndex invocation) {
    const OperationType type = history_.type(event);
    if (type == OperationType::info) return;
    const std::uint32_t p = part_of(history_.key(invocation));
    const ModelFunction& traits = model_.functions()[functions_[history_.f(event)]];
    parts_.observations += type == OperationType::ok && traits.observes && updates_seen_[p];
    const OpId op = op_of_[invocation];
    if (op == no_op) return;
    parts_.parts[p].events.push_back({op, 1});
    --pending_[p];
  }

  const History& history_;
  const Model& model_;
  Effort effort_;
  Parts& parts_;
  std::vector<std::uint16_t> functions_;  // by the history's function ids
  std::vector<OpId> op_of_;               // by event
  boost::unordered_flat_map<ValueId, std::uint32_t> part_ids_;
  std::vector<KindIds> kind_ids_;
  std::vector<bool> updates_seen_;      // by part: an update was invoked
  std::vector<std::uint32_t> pending_;  // by part: outstanding now, crashed ones not counted
};

}  // namespace

std::string Part::key_text() const {
  return history->has_keys() ? history->values().to_text(key, 100) : std::string();
}

std::unique_ptr<Parts> split(const History& history, const Model& model,
                             const CheckOptions& options) {
  auto parts = std::make_unique<Parts>(context_of(history, model, options));
  try {
    Splitter(history, model, options.budget, *parts).run();
  } catch (const std::bad_alloc&) {
    parts->parts = {};
    parts->unfinished = std::string(memory_reason) + " before anything could be judged";
  }
  if (parts->parts.empty()) parts->context.initial_id = absent_value;
  for (const Part& part : parts->parts) {
    parts->context.initial_id = find_initial(history.values(), part.kinds, parts->context.initial);
    if (parts->context.initial_id != absent_value) break;
  }
  return parts;
}

namespace {

/// A register whose first value is not known: whatever the first call needs.
class StatesFromAnywhere : public StateSpace {
 public:
  explicit StatesFromAnywhere(const Part& part) : pool_(part.history->values()) {
    for (const ModelCall& call : part.kinds) {
      const auto access = part.model->access(call, *part.context);
      GAUNTLET_ASSERT(access.has_value());
      accesses_.push_back(*access);
    }
  }

  StateId initial() override { return anywhere; }

  StateId step(StateId state, std::uint32_t kind) override {
    const RegisterAccess& access = accesses_[kind];
    if (access.needs && state != anywhere) {
      const bool is_needed_one = values_[state] == *access.needs;
      if (is_needed_one == access.excludes) return no_state;
    }
    if (access.sets) return id_of(*access.sets);
    return access.needs && !access.excludes ? id_of(*access.needs) : state;
  }

  std::string describe(StateId state) const override {
    return state == anywhere ? "" : pool_.to_text(values_[state], 60);
  }
  std::size_t size() const override { return values_.size(); }
  std::size_t memory_bytes() const override { return values_.size() * sizeof(ValueId); }
  std::size_t growth_bytes() const override { return 0; }
  /// They are few and small: none is forgotten.
  std::vector<StateId> keep(const std::vector<bool>& is_kept) override {
    std::vector<StateId> names(is_kept.size());
    std::iota(names.begin(), names.end(), StateId{0});
    return names;
  }
  StateId adopt(const StateSpace& other, StateId state) override {
    return state == anywhere ? anywhere
                             : id_of(static_cast<const StatesFromAnywhere&>(other).values_[state]);
  }

 private:
  static constexpr StateId anywhere = 0;

  StateId id_of(ValueId value) {
    const auto [at, is_new] = ids_.try_emplace(value, static_cast<StateId>(values_.size()));
    if (is_new) values_.push_back(value);
    return at->second;
  }

  const Values& pool_;
  std::vector<RegisterAccess> accesses_;  // by kind
  std::vector<ValueId> values_{absent_value};
  boost::unordered_flat_map<ValueId, StateId> ids_;
};

/// Another first state.
class StatesFrom : public StateSpace {
 public:
  StatesFrom(std::unique_ptr<StateSpace> states, std::size_t start)
      : states_(std::move(states)), start_(states_->anywhere().at(start)) {}

  StateId initial() override { return start_; }
  StateId step(StateId state, std::uint32_t kind) override { return states_->step(state, kind); }
  std::string describe(StateId state) const override { return states_->describe(state); }
  std::size_t size() const override { return states_->size(); }
  std::size_t memory_bytes() const override { return states_->memory_bytes(); }
  std::size_t growth_bytes() const override { return states_->growth_bytes(); }
  std::vector<StateId> keep(const std::vector<bool>& is_kept) override {
    std::vector<bool> and_start = is_kept;
    and_start[start_] = true;
    std::vector<StateId> names = states_->keep(and_start);
    start_ = names[start_];
    return names;
  }
  StateId adopt(const StateSpace& other, StateId state) override {
    return states_->adopt(*static_cast<const StatesFrom&>(other).states_, state);
  }

 private:
  std::unique_ptr<StateSpace> states_;
  StateId start_;
};

}  // namespace

bool is_access_only(const Part& part) {
  return std::all_of(part.kinds.begin(), part.kinds.end(), [&](const ModelCall& call) {
    return part.model->access(call, *part.context).has_value();
  });
}

std::size_t starts_of(const Part& part) {
  if (is_access_only(part)) return 1;
  return part.model->states(part.kinds, *part.context)->anywhere().size();
}

std::unique_ptr<StateSpace> states_of(const Part& part) {
  auto states = part.model->states(part.kinds, *part.context);
  if (!part.starts_anywhere) return states;
  if (is_access_only(part)) return std::make_unique<StatesFromAnywhere>(part);
  return std::make_unique<StatesFrom>(std::move(states), part.start);
}

}  // namespace gauntlet
