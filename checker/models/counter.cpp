// A counter: add(n), which may be negative, and read.
#include "checker/models/model.hpp"

namespace gauntlet {
namespace {

struct Counter {
  static constexpr std::string_view name = "counter";
  static constexpr std::string_view description = "a sum: add, read";
  static constexpr std::array functions{
      ModelFunction{"add", false, true, "an integer, which may be negative"},
      ModelFunction{"read", true, false, "", "the sum"}};
  static constexpr ModelNotes notes{"0, or `--init`", "Sums wrap around at 64 bits."};
  using State = std::int64_t;

  static State initial(const ModelContext& context) {
    return context.initial.is_integer() ? context.initial.integer() : 0;
  }

  static std::string admit(ModelCall& call, const ModelContext& context) {
    (call.function == 0 ? call.output : call.input) = ValueId::nil;
    if (call.function == 1 && call.outcome != Outcome::ok) return "";
    const ValueId number = call.function == 0 ? call.input : call.output;
    if (context.values.is_integer(number)) return "";
    return "a counter needs integers, got " + context.values.to_text(number, 60);
  }

  static bool step(State& state, const ModelCall& call, const ModelContext& context) {
    if (call.function == 1) return state == context.values.as_integer(call.output);
    // Wraps rather than overflows: two histories agree on the sums or they do not.
    state = static_cast<State>(static_cast<std::uint64_t>(state) +
                               static_cast<std::uint64_t>(context.values.as_integer(call.input)));
    return true;
  }

  static std::string describe(const State& state, const ModelContext&) {
    return std::to_string(state);
  }
};

GAUNTLET_REGISTER(Model, ModelOf<Counter>);

}  // namespace
}  // namespace gauntlet
