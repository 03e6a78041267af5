// A register with compare-and-set: cas [from, to] succeeds where the value is `from` and makes it
// `to`. A failed one did not happen; whether it also proves that the value differed is the caller's
// choice (FailedCas), since many clients report as failed what they never sent.
#include "checker/models/model.hpp"

namespace gauntlet {
namespace {

struct CasRegister {
  static constexpr std::string_view name = "cas-register";
  static constexpr std::string_view description = "one value: read, write, cas [from, to]";
  static constexpr std::array functions{
      ModelFunction{"read", true, false, "", "the value"},
      ModelFunction{"write", false, true, "the value"},
      ModelFunction{"cas", true, true, "[from, to]",
                    "nothing: that it is `ok` says that the value was `from`"}};
  static constexpr ModelNotes notes{
      "nil, or `--init`",
      "A `fail` of cas did not happen; with `--failed-cas check` it also says that the value was "
      "not "
      "`from` at some moment of the operation. A cas whose fate is unknown takes effect where the "
      "value is `from`, or never. With `--nil-read any` a read that answers nil says nothing and "
      "is "
      "left out."};
  using State = ValueId;

  static State initial(const ModelContext& context) { return context.initial_id; }

  static std::string admit(ModelCall& call, const ModelContext& context) {
    if (call.function == 0) {
      call.input = ValueId::nil;
      return "";
    }
    call.output = ValueId::nil;
    const bool is_pair =
        context.values.is_list(call.input) && context.values.as_list(call.input).size() == 2;
    if (call.function == 2 && !is_pair) {
      return "a cas needs [from, to], got " + context.values.to_text(call.input, 60);
    }
    // A crashed one that finds another value changes nothing, which is the same as not happening.
    if (call.outcome == Outcome::unknown) call.outcome = Outcome::ok;
    return "";
  }

  static bool step(State& state, const ModelCall& call, const ModelContext& context) {
    if (call.function == 0) return state == call.output;
    if (call.function == 1) {
      state = call.input;
      return true;
    }
    const auto pair = context.values.as_list(call.input);
    if (call.outcome == Outcome::fail) return state != pair[0];
    if (state != pair[0]) return false;
    state = pair[1];
    return true;
  }

  static RegisterAccess access(const ModelCall& call, const ModelContext& context) {
    if (call.function == 0) return {call.output, std::nullopt};
    if (call.function == 1) return {std::nullopt, call.input};
    const auto pair = context.values.as_list(call.input);
    if (call.outcome == Outcome::fail) return {pair[0], std::nullopt, true};
    return {pair[0], pair[1]};
  }

  static std::string describe(const State& state, const ModelContext& context) {
    return state == absent_value ? to_json(context.initial) : context.values.to_text(state, 60);
  }
};

GAUNTLET_REGISTER(Model, ModelOf<CasRegister>);

}  // namespace
}  // namespace gauntlet
