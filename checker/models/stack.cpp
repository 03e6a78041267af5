// A stack, last in, first out: push(v) and pop, which answers a value, or nil where the stack is
// empty. A crashed pop takes whatever is on top.
#include "checker/models/model.hpp"

namespace gauntlet {
namespace {

struct Stack {
  static constexpr std::string_view name = "stack";
  static constexpr std::string_view description = "last in, first out: push, pop";
  static constexpr std::array functions{
      ModelFunction{"push", false, true, "the value, not nil"},
      ModelFunction{"pop", true, true, "", "the value; nil where there was none"}};
  static constexpr ModelNotes notes{
      "empty",
      "A `fail` of pop did not happen, and does not say that there was nothing. A pop whose fate "
      "is unknown takes "
      "what is on top at some time after it began, whatever that is, or nothing."};
  using State = std::vector<ValueId>;

  static State initial(const ModelContext&) { return {}; }

  static std::string admit(ModelCall& call, const ModelContext&) {
    (call.function == 0 ? call.output : call.input) = ValueId::nil;
    const bool fits = call.function == 1 || call.input != ValueId::nil;
    return fits ? "" : "a stack holds no nil: pop answers it where there is nothing";
  }

  static bool step(State& state, const ModelCall& call, const ModelContext&) {
    if (call.function == 0) {
      state.push_back(call.input);
      return true;
    }
    if (call.outcome == Outcome::ok) {
      const bool fits = state.empty() ? call.output == ValueId::nil : state.back() == call.output;
      if (!fits) return false;
    }
    if (!state.empty()) state.pop_back();
    return true;
  }

  /// Leaving out the calls about the values of V filters the stack: where w was on top, it still
  /// is; where nothing was there, nothing is. A pop that crashed and took a value of V goes, too.
  static std::optional<ValueId> subject(const ModelCall& call, const ModelContext&) {
    if (call.function == 0) return call.input;
    if (call.outcome != Outcome::ok || call.output == ValueId::nil) return std::nullopt;
    return call.output;
  }

  /// Answering that there is nothing changes nothing.
  static bool observes_only(const ModelCall& call, const ModelContext&) {
    return call.function == 1 && call.output == ValueId::nil;
  }

  static std::string describe(const State& state, const ModelContext& context) {
    return list_text(state, context);
  }
};

GAUNTLET_REGISTER(Model, ModelOf<Stack>);

}  // namespace
}  // namespace gauntlet
