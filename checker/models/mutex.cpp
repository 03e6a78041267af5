// Locks.
//
// mutex: acquire and release, whoever calls. reentrant-mutex: the holder may acquire again and must
// release as often; the caller is the process, or the entry "client" of the value where it is a
// map. fenced-mutex: acquire answers a token, each greater than all before; 0 and nil mean none.
// semaphore: acquire and release of n permits (1 where there is no value), as many as the initial
// value says (1 where there is none).
#include <algorithm>
#include <limits>

#include "checker/models/model.hpp"

namespace gauntlet {
namespace {

/// Who calls: a process outlives no crash, so clients that note their own name are told apart
/// better.
Process caller(const ModelCall& call, const ModelContext& context) {
  const ValueId client = context.values.entry(call.input, "client");
  return client != ValueId::nil && context.values.is_integer(client)
             ? static_cast<Process>(context.values.as_integer(client))
             : call.process;
}

std::string admit_lock(ModelCall& call) {
  call.input = call.output = ValueId::nil;
  if (call.outcome == Outcome::unknown) call.outcome = Outcome::ok;
  return "";
}

constexpr std::string_view lock_fates =
    "An acquire or release whose fate is unknown takes effect where it is possible, at any time "
    "after it began, or never. A `fail` did not happen, and does not say that the lock was held.";
constexpr std::string_view lock_callers =
    "the process, or the integer `client` of the invocation's value where that is a map: a process "
    "ends with a crash, a client need not";

struct Mutex {
  static constexpr std::string_view name = "mutex";
  static constexpr std::string_view description = "a lock: acquire, release";
  static constexpr std::array functions{ModelFunction{"acquire", true, true},
                                        ModelFunction{"release", true, true}};
  static constexpr ModelNotes notes{"free", lock_fates, "anybody may release"};
  using State = bool;
  static State initial(const ModelContext&) { return false; }
  static std::string admit(ModelCall& call, const ModelContext&) { return admit_lock(call); }
  static bool step(State& held, const ModelCall& call, const ModelContext&) {
    const bool acquires = call.function == 0;
    if (held == acquires) return false;
    held = acquires;
    return true;
  }
  static std::array<State, 2> anywhere(std::span<const ModelCall>, const ModelContext&) {
    return {false, true};
  }
  static std::string describe(const State& held, const ModelContext&) {
    return held ? "held" : "free";
  }
};

struct ReentrantMutex {
  static constexpr std::string_view name = "reentrant-mutex";
  static constexpr std::string_view description = "a lock that its holder may acquire again";
  static constexpr std::array functions = Mutex::functions;
  static constexpr bool by_process = true;
  static constexpr ModelNotes notes{"free", lock_fates, lock_callers};
  using State = std::pair<Process, std::int32_t>;  ///< holder, how often
  static State initial(const ModelContext&) { return {0, 0}; }
  static std::string admit(ModelCall& call, const ModelContext& context) {
    call.process = caller(call, context);
    return admit_lock(call);
  }
  static bool step(State& state, const ModelCall& call, const ModelContext&) {
    const bool is_holder = state.second > 0 && state.first == call.process;
    if (call.function == 0) {
      if (state.second > 0 && !is_holder) return false;
      state = {call.process, state.second + 1};
      return true;
    }
    if (!is_holder) return false;
    if (--state.second == 0) state.first = 0;
    return true;
  }
  /// Free, held by nobody of these, or held by one of them, up to as often as it could release it.
  static std::vector<State> anywhere(std::span<const ModelCall> calls, const ModelContext&) {
    std::vector<State> states{{0, 0}};
    Process nobody = 0;
    for (const ModelCall& call : calls) {
      for (std::int32_t count = 1; count <= anywhere_calls_max + 1; ++count)
        states.push_back({call.process, count});
      nobody = std::max(nobody, call.process + 1);
    }
    states.push_back({nobody, 1});
    return states;
  }
  static std::string describe(const State& state, const ModelContext&) {
    if (state.second == 0) return "free";
    return "held by " + std::to_string(state.first) +
           (state.second == 1 ? "" : ", " + std::to_string(state.second) + " times");
  }
};

struct FencedMutex {
  static constexpr std::string_view name = "fenced-mutex";
  static constexpr std::string_view description = "a lock whose acquisitions have growing tokens";
  static constexpr std::array functions{
      ModelFunction{
          "acquire", true, true, "",
          "a token, or a map with the entry `fence`: greater than all before; 0 and nil are none"},
      ModelFunction{"release", true, true}};
  static constexpr bool by_process = true;
  static constexpr ModelNotes notes{"free, no token given out", lock_fates, lock_callers};
  static constexpr bool answers_decide = true;  ///< the token
  struct State {
    bool held = false;
    Process holder = 0;
    std::int64_t fence = 0;
    friend bool operator==(const State&, const State&) = default;
    friend std::size_t hash_value(const State& state) {
      std::size_t seed = state.held;
      boost::hash_combine(seed, state.holder);
      boost::hash_combine(seed, state.fence);
      return seed;
    }
  };
  static State initial(const ModelContext&) { return {}; }
  static std::string admit(ModelCall& call, const ModelContext& context) {
    call.process = caller(call, context);
    const Values& values = context.values;
    ValueId fence = call.output;
    if (const ValueId entry = values.entry(fence, "fence"); entry != ValueId::nil) fence = entry;
    call.input = ValueId::nil;
    call.output = call.function == 0 && values.is_integer(fence) ? fence : ValueId::nil;
    if (call.outcome == Outcome::unknown) call.outcome = Outcome::ok;
    return "";
  }
  static bool step(State& state, const ModelCall& call, const ModelContext& context) {
    if (call.function == 1) {
      if (!state.held || state.holder != call.process) return false;
      state.held = false;
      state.holder = 0;
      return true;
    }
    if (state.held) return false;
    const std::int64_t fence =
        call.output == ValueId::nil ? 0 : context.values.as_integer(call.output);
    if (fence != 0 && fence <= state.fence) return false;
    state = {true, call.process, fence == 0 ? state.fence : fence};
    return true;
  }
  /// Free, or held by one of these or by nobody of them; a lower token allows more.
  static std::vector<State> anywhere(std::span<const ModelCall> calls, const ModelContext&) {
    constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
    std::vector<State> states{{false, 0, lowest}};
    Process nobody = 0;
    for (const ModelCall& call : calls) {
      states.push_back({true, call.process, lowest});
      nobody = std::max(nobody, call.process + 1);
    }
    states.push_back({true, nobody, lowest});
    return states;
  }
  static std::string describe(const State& state, const ModelContext&) {
    const std::string token = state.fence == std::numeric_limits<std::int64_t>::min()
                                  ? ""
                                  : ", the greatest token so far is " + std::to_string(state.fence);
    return (state.held ? "held by " + std::to_string(state.holder) : "free") + token;
  }
};

struct Semaphore {
  static constexpr std::string_view name = "semaphore";
  static constexpr std::string_view description = "permits: acquire(n), release(n)";
  static constexpr std::array functions{
      ModelFunction{"acquire", true, true, "how many permits; nil is 1"},
      ModelFunction{"release", true, true, "how many permits; nil is 1"}};
  static constexpr ModelNotes notes{"1 permit, or as many as `--init` says; never more are free",
                                    lock_fates};
  using State = std::int64_t;  ///< permits left
  static std::int64_t permits(const ModelContext& context) {
    return context.initial.is_integer() ? context.initial.integer() : 1;
  }
  static State initial(const ModelContext& context) { return permits(context); }
  static std::string admit(ModelCall& call, const ModelContext& context) {
    call.output = ValueId::nil;
    if (call.outcome == Outcome::unknown) call.outcome = Outcome::ok;
    const bool fits = call.input == ValueId::nil || (context.values.is_integer(call.input) &&
                                                     context.values.as_integer(call.input) > 0);
    return fits ? "" : "permits are counted, got " + context.values.to_text(call.input, 60);
  }
  static bool step(State& left, const ModelCall& call, const ModelContext& context) {
    const std::int64_t count =
        call.input == ValueId::nil ? 1 : context.values.as_integer(call.input);
    if (call.function == 0 ? count > left : count > permits(context) - left) return false;
    left += call.function == 0 ? -count : count;
    return true;
  }
  static std::vector<State> anywhere(std::span<const ModelCall>, const ModelContext& context) {
    constexpr std::int64_t permits_most = 64;  // beyond that there are too many to try
    std::vector<State> states;
    for (State left = 0; left <= permits(context) && permits(context) <= permits_most; ++left)
      states.push_back(left);
    return states;
  }
  static std::string describe(const State& left, const ModelContext&) {
    return std::to_string(left) + (left == 1 ? " permit left" : " permits left");
  }
};

GAUNTLET_REGISTER(Model, ModelOf<Mutex>);
GAUNTLET_REGISTER(Model, ModelOf<ReentrantMutex>);
GAUNTLET_REGISTER(Model, ModelOf<FencedMutex>);

GAUNTLET_REGISTER(Model, ModelOf<Semaphore>);

}  // namespace
}  // namespace gauntlet
