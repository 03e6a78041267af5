// What a data type does, one operation at a time: the sequential specification that histories are
// judged against.
//
// A model is a struct with a state, its initial value and a step; one file in checker/models/ a
// model, registered on its last line:
//
//   struct Counter {
//     static constexpr std::string_view name = "counter";
//     static constexpr std::string_view description = "add(n) and read";
//     static constexpr std::array functions{ModelFunction{"add", false, true},
//                                           ModelFunction{"read", true, false}};
//     using State = std::int64_t;
//     static State initial(const ModelContext& context);
//     /// Whether `call` may take effect in `state` with the answer that it got; if so, changes it.
//     static bool step(State& state, const ModelCall& call, const ModelContext& context);
//     // optional: checks the shape of the operation's values and puts equal operations into
//     // one form; answers what does not fit, or "".
//     static std::string admit(ModelCall& call, const ModelContext& context);
//     // optional: calls of different processes are told apart (locks with an owner)
//     static constexpr bool by_process = true;
//     // optional: the initial value in the form that admit gives to values
//     static Value initial_value(const Value& given);
//     // optional, for models that are registers: see RegisterAccess
//     static std::optional<RegisterAccess> access(const ModelCall&, const ModelContext&);
//     // optional: states, one of which allows whatever any state allows, for calls like these
//     static std::vector<State> anywhere(std::span<const ModelCall>, const ModelContext&);
//     // optional: the value that the call is about, see Model::subject
//     static std::optional<ValueId> subject(const ModelCall&, const ModelContext&);
//     // optional: an `ok` call of an updating function that, where it is legal, changes nothing
//     static bool observes_only(const ModelCall&, const ModelContext&);
//     // optional: a state that is cheaper to change in place than State where it grows large,
//     // with a step of its own that does the same
//     using InPlace = ...;  // empty at first
//     static bool step(InPlace& state, const ModelCall& call, const ModelContext& context);
//     // optional: for docs/models.md
//     static constexpr ModelNotes notes{...};
//     // optional: the answer of a call decides the state that it leaves, so a call whose answer is
//     // not known leaves another state than the same call answered
//     static constexpr bool answers_decide = true;
//     // optional: the state in a few words, for evidence
//     static std::string describe(const State& state, const ModelContext& context);
//   };
//   GAUNTLET_REGISTER(Model, ModelOf<Counter>);
//
// What an operation's fate means is the same for every model: `ok` happened between invocation and
// completion; `fail` did not happen and is dropped (a model may declare that a failed compare-and-
// set tells something, see FailedCas); `info` and a missing completion may have happened at any
// time after the invocation, or never, and are dropped if the function changes nothing.
#pragma once

#include <array>
#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/registry.hpp"
#include "checker/checker.hpp"
#include "history/values.hpp"

namespace gauntlet {

struct ModelFunction {
  std::string_view name;
  bool observes;  ///< what it answers (or that it succeeded) says something about the state
  bool updates;   ///< it may change the state
  // For docs/models.md: the invocation's value and the completion's, in words.
  std::string_view argument = "";
  std::string_view answer = "";
};

/// What docs/models.md says of a model besides its functions.
struct ModelNotes {
  std::string_view initial = "";  ///< the initial value, and what --init does
  std::string_view fates = "";    ///< what `ok`, `fail` and an unknown fate mean here
  std::string_view callers = "";  ///< who is told apart, where that matters
};

enum class Outcome : std::uint8_t { ok, fail, unknown };

/// An operation as a model sees it; equal calls are interchangeable.
struct ModelCall {
  std::uint16_t function = 0;  ///< position in the model's functions
  Outcome outcome = Outcome::ok;
  ValueId input = ValueId::nil;   ///< the invocation's value
  ValueId output = ValueId::nil;  ///< the completion's value; nil unless `outcome` is ok
  Process process = 0;            ///< who calls, for a model with `by_process`; else 0

  friend bool operator==(const ModelCall&, const ModelCall&) = default;
  friend std::size_t hash_value(const ModelCall& call) {
    std::size_t seed = call.function * 4u + static_cast<unsigned>(call.outcome);
    boost::hash_combine(seed, static_cast<std::uint32_t>(call.input));
    boost::hash_combine(seed, static_cast<std::uint32_t>(call.output));
    boost::hash_combine(seed, call.process);
    return seed;
  }
};

using ValueSet = boost::unordered_flat_set<ValueId>;

/// Subjects (Model::subject) whose calls were all left out.
struct LeftOut {
  const ValueSet& among;
  ValueSet but_for = {};

  bool contains(ValueId id) const { return among.contains(id) && !but_for.contains(id); }
};

/// What a model may look at besides the call. References live as long as the history and options.
struct ModelContext {
  const Values& values;
  Value initial;
  NilRead nil_read = NilRead::value;
  FailedCas failed_cas = FailedCas::drop;
  ValueId initial_id = ValueId::nil;  ///< `initial` within `values`, or `absent_value`
  /// Where there is one, answers that list the whole state are read without what was left out.
  const LeftOut* left_out = nullptr;

  bool is_left_out(ValueId id) const { return left_out != nullptr && left_out->contains(id); }
};

/// The id of a value that no operation of the history mentions.
inline constexpr ValueId absent_value{0xFFFFFFFFu};

/// "[1, 2]", cut after a few.
std::string list_text(std::span<const ValueId> values, const ModelContext& context);

/// What a call on a register does, for the algorithms that know registers: it needs a value, sets
/// one, or both (compare-and-set); `excludes` makes it need any value but `needs`.
struct RegisterAccess {
  std::optional<ValueId> needs;
  std::optional<ValueId> sets;
  bool excludes = false;
};

/// Names a state within one StateSpace; dense from 0.
using StateId = std::uint32_t;
inline constexpr StateId no_state = 0xFFFFFFFFu;

inline constexpr int anywhere_calls_max = 64;

/// The states that one search has met, interned, with their transitions memoized. Owned by one
/// search; not thread-safe.
class StateSpace {
 public:
  virtual ~StateSpace() = default;
  virtual StateId initial() = 0;
  /// States such that a sequence of up to `anywhere_calls_max` of the calls given that is legal
  /// from any state at all is legal from one of these; nothing where the model does not know.
  virtual std::vector<StateId> anywhere() { return {}; }
  /// The state after the call at position `kind` of the calls given, or `no_state`. O(1) expected
  /// when it was asked before.
  virtual StateId step(StateId state, std::uint32_t kind) = 0;
  virtual std::string describe(StateId state) const = 0;
  virtual std::size_t size() const = 0;
  /// Memory that the states take, about.
  virtual std::size_t memory_bytes() const = 0;
  /// Memory that the next new step needs at once because a table has to move; 0 as a rule.
  virtual std::size_t growth_bytes() const = 0;
  /// Forgets all states but those marked, which get new names, and all transitions. Answers the new
  /// names by the old ones; `no_state` for what is forgotten. O(states).
  virtual std::vector<StateId> keep(const std::vector<bool>& is_kept) = 0;
  /// Takes over a state of another space of the same model and context, be its calls others.
  virtual StateId adopt(const StateSpace& other, StateId state) = 0;
};

/// One sequence of calls, taken from the initial state on, in one state that is changed in place: a
/// million calls on a container of thousands need no state twice.
class Replay {
 public:
  virtual ~Replay() = default;
  /// Takes the call; false where it is not legal. That ends the replay, unless the call is one that
  /// never changes the state (Model::updates), which leaves it as it was in any case.
  virtual bool step(const ModelCall& call) = 0;
};

/// Stateless and thread-safe.
class Model {
 public:
  virtual ~Model() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;
  virtual std::span<const ModelFunction> functions() const = 0;
  virtual ModelNotes notes() const = 0;
  virtual bool by_process() const = 0;
  /// Whether an answer decides the state that its call leaves (a lock's token, an id). Otherwise an
  /// answer only says which state the call found, and the call leaves the same state as one whose
  /// answer is not known.
  virtual bool answers_decide() const = 0;
  virtual Value initial_value(const Value& given) const = 0;
  /// Normalizes a call whose function the model knows; answers why it does not fit, or "".
  virtual std::string admit(ModelCall& call, const ModelContext& context) const = 0;
  /// Both arguments outlive the answer.
  virtual std::unique_ptr<StateSpace> states(std::span<const ModelCall> calls,
                                             const ModelContext& context) const = 0;
  /// `context` outlives the answer.
  virtual std::unique_ptr<Replay> replay(const ModelContext& context) const = 0;

  /// Of a model whose state is one value that calls need or set, what the call does; else nothing.
  virtual std::optional<RegisterAccess> access(const ModelCall& call,
                                               const ModelContext& context) const = 0;
  /// Whether a call may change the state.
  virtual bool updates(const ModelCall& call, const ModelContext& context) const = 0;
  /// The value that a call is about, in a model whose values do not depend on each other: take a
  /// legal sequence, leave out all calls about the values of a set V, and of the calls whose answer
  /// is not known (Outcome::unknown) and that are about no value those that took effect on a value
  /// of V; then what is left is legal in the context with `left_out` = V. Each model that answers a
  /// value argues so beside it. Nothing for a call that stays whatever is left out.
  virtual std::optional<ValueId> subject(const ModelCall& call,
                                         const ModelContext& context) const = 0;
  /// Whether calls have subjects. In such a model a call whose answer is not known and that is
  /// about no value takes one value that was put before, as often as it was put, or does nothing.
  virtual bool has_subjects() const = 0;

  /// Whether an operation that fits takes part in the judgement at all (see the file's comment).
  bool counts(const ModelCall& call, const ModelContext& context) const;
};

using ModelRegistry = Registry<Model>;

/// The context of a history's calls, but for `initial_id`.
ModelContext context_of(const History& history, const Model& model, const CheckOptions& options);

/// The id of `initial` among the values that the calls mention, or `absent_value`; nil is always
/// ValueId::nil. O(calls).
ValueId find_initial(const Values& values, std::span<const ModelCall> calls, const Value& initial);

/// Memoizes the transitions of model `M`.
template <class M>
class StatesOf : public StateSpace {
 public:
  using State = typename M::State;

  StatesOf(std::span<const ModelCall> calls, const ModelContext& context)
      : calls_(calls), context_(context) {}

  StateId initial() override { return intern(M::initial(context_)); }

  std::vector<StateId> anywhere() override {
    std::vector<StateId> ids;
    if constexpr (requires { M::anywhere(calls_, context_); }) {
      for (State& state : M::anywhere(calls_, context_))
        ids.push_back(intern(std::move(state)));
    }
    return ids;
  }

  StateId step(StateId state, std::uint32_t kind) override {
    const std::uint64_t question = (std::uint64_t{state} << 32) | kind;
    const auto [at, is_new] = steps_.try_emplace(question, no_state);
    if (!is_new) return at->second;
    State after = states_[state];
    if (!M::step(after, calls_[kind], context_)) return no_state;
    const StateId answer = intern(std::move(after));
    steps_[question] = answer;
    return answer;
  }

  std::string describe(StateId state) const override {
    if constexpr (requires { M::describe(states_[state], context_); }) {
      return M::describe(states_[state], context_);
    } else {
      return "state " + std::to_string(state);
    }
  }

  std::size_t size() const override { return states_.size(); }

  std::size_t memory_bytes() const override {
    constexpr std::size_t transition_bytes = 24;
    return state_bytes_ + states_.size() * (sizeof(State) + 2 * sizeof(StateId)) +
           steps_.size() * transition_bytes;
  }

  std::size_t growth_bytes() const override {
    constexpr std::size_t slot_bytes = sizeof(std::uint64_t) + sizeof(std::uint64_t) + 1;
    std::size_t bytes = 0;
    if (steps_.size() >= steps_.max_load()) bytes += 2 * steps_.bucket_count() * slot_bytes;
    if (ids_.size() >= ids_.max_load()) bytes += 2 * ids_.bucket_count() * sizeof(StateId);
    if (states_.size() == states_.capacity()) bytes += 2 * states_.size() * sizeof(State);
    return bytes;
  }

  std::vector<StateId> keep(const std::vector<bool>& is_kept) override {
    std::vector<StateId> names(states_.size(), no_state);
    std::vector<State> kept;
    for (StateId state = 0; state < states_.size(); ++state) {
      if (!is_kept[state]) continue;
      names[state] = static_cast<StateId>(kept.size());
      kept.push_back(std::move(states_[state]));
    }
    steps_ = {};
    ids_.clear();
    states_.swap(kept);
    state_bytes_ = 0;
    for (StateId state = 0; state < states_.size(); ++state) {
      ids_.insert(state);
      state_bytes_ += elements_bytes(states_[state]);
    }
    return names;
  }

  StateId adopt(const StateSpace& other, StateId state) override {
    return intern(static_cast<const StatesOf&>(other).states_[state]);
  }

 private:
  /// Whether a state is a row of elements that are equal if their bytes are.
  static constexpr bool is_bytes = requires(const State& state) {
    requires std::has_unique_object_representations_v<std::remove_cvref_t<decltype(*state.data())>>;
  };

  /// States are looked up by what they are, and stored once.
  struct Hash {
    using is_transparent = void;
    const std::vector<State>* states;
    std::size_t operator()(const State& state) const {
      if constexpr (is_bytes) {
        return std::hash<std::string_view>()(std::string_view(
            reinterpret_cast<const char*>(state.data()), state.size() * sizeof(*state.data())));
      } else {
        return boost::hash<State>()(state);
      }
    }
    std::size_t operator()(StateId state) const { return (*this)((*states)[state]); }
  };
  struct Equal {
    using is_transparent = void;
    const std::vector<State>* states;
    bool operator()(const State& a, StateId b) const { return a == (*states)[b]; }
    bool operator()(StateId a, const State& b) const { return (*states)[a] == b; }
    bool operator()(StateId a, StateId b) const { return a == b; }
  };

  /// What a state holds besides itself.
  static std::size_t elements_bytes(const State& state) {
    if constexpr (requires { sizeof(*state.begin()) * state.size(); }) {
      return sizeof(*state.begin()) * state.size();
    } else {
      return 0;
    }
  }

  StateId intern(State state) {
    if (const auto found = ids_.find(state); found != ids_.end()) return *found;
    const auto id = static_cast<StateId>(states_.size());
    state_bytes_ += elements_bytes(state);
    states_.push_back(std::move(state));
    ids_.insert(id);
    return id;
  }

  std::span<const ModelCall> calls_;
  const ModelContext& context_;
  std::vector<State> states_;
  boost::unordered_flat_set<StateId, Hash, Equal> ids_{0, Hash{&states_}, Equal{&states_}};
  boost::unordered_flat_map<std::uint64_t, StateId> steps_;
  std::size_t state_bytes_ = 0;
};

template <class M>
class ReplayOf : public Replay {
 public:
  explicit ReplayOf(const ModelContext& context) : context_(context) {
    if constexpr (!requires { typename M::InPlace; }) state_ = M::initial(context);
  }
  bool step(const ModelCall& call) override { return M::step(state_, call, context_); }

 private:
  template <class T>
  struct StateOf {
    using type = typename T::State;
  };
  template <class T>
  requires requires { typename T::InPlace; }
  struct StateOf<T> {
    using type = typename T::InPlace;
  };

  const ModelContext& context_;
  typename StateOf<M>::type state_{};
};

template <class M>
class ModelOf : public Model {
 public:
  std::string_view name() const override { return M::name; }
  std::string_view description() const override { return M::description; }
  std::span<const ModelFunction> functions() const override { return M::functions; }

  ModelNotes notes() const override {
    if constexpr (requires { M::notes; }) return M::notes;
    return {};
  }

  bool by_process() const override {
    if constexpr (requires { M::by_process; }) return M::by_process;
    return false;
  }

  bool answers_decide() const override {
    if constexpr (requires { M::answers_decide; }) return M::answers_decide;
    return false;
  }

  Value initial_value(const Value& given) const override {
    if constexpr (requires { M::initial_value(given); }) return M::initial_value(given);
    return given;
  }

  std::string admit(ModelCall& call, const ModelContext& context) const override {
    if constexpr (requires { M::admit(call, context); }) return M::admit(call, context);
    return "";
  }

  std::optional<RegisterAccess> access(const ModelCall& call,
                                       const ModelContext& context) const override {
    if constexpr (requires { M::access(call, context); }) return M::access(call, context);
    return std::nullopt;
  }

  bool updates(const ModelCall& call, const ModelContext& context) const override {
    const bool may = call.outcome != Outcome::fail && M::functions[call.function].updates;
    if constexpr (requires { M::observes_only(call, context); }) {
      return may && !(call.outcome == Outcome::ok && M::observes_only(call, context));
    }
    return may;
  }

  std::optional<ValueId> subject(const ModelCall& call,
                                 const ModelContext& context) const override {
    if constexpr (requires { M::subject(call, context); }) return M::subject(call, context);
    return std::nullopt;
  }

  bool has_subjects() const override {
    return requires(const ModelCall& call, const ModelContext& context) {
      M::subject(call, context);
    };
  }

  std::unique_ptr<StateSpace> states(std::span<const ModelCall> calls,
                                     const ModelContext& context) const override {
    return std::make_unique<StatesOf<M>>(calls, context);
  }

  std::unique_ptr<Replay> replay(const ModelContext& context) const override {
    return std::make_unique<ReplayOf<M>>(context);
  }
};

}  // namespace gauntlet
