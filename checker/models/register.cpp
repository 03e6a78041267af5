// A register that holds one value: read answers it, write replaces it.
#include "checker/models/model.hpp"

namespace gauntlet {
namespace {

struct Register {
  static constexpr std::string_view name = "register";
  static constexpr std::string_view description = "one value: read, write";
  static constexpr std::array functions{ModelFunction{"read", true, false, "", "the value"},
                                        ModelFunction{"write", false, true, "the value"}};
  static constexpr ModelNotes notes{
      "nil, or `--init`",
      "With `--nil-read any` a read that answers nil says nothing and is left out."};
  using State = ValueId;

  static State initial(const ModelContext& context) { return context.initial_id; }

  static std::string admit(ModelCall& call, const ModelContext&) {
    if (call.function == 0) {
      call.input = ValueId::nil;  // some clients note what they expect; it says nothing
    } else {
      call.output = ValueId::nil;
    }
    return "";
  }

  static bool step(State& state, const ModelCall& call, const ModelContext&) {
    if (call.function == 0) return state == call.output;
    state = call.input;
    return true;
  }

  static RegisterAccess access(const ModelCall& call, const ModelContext&) {
    if (call.function == 0) return {call.output, std::nullopt};
    return {std::nullopt, call.input};
  }

  static std::string describe(const State& state, const ModelContext& context) {
    return state == absent_value ? to_json(context.initial) : context.values.to_text(state, 60);
  }
};

GAUNTLET_REGISTER(Model, ModelOf<Register>);

}  // namespace
}  // namespace gauntlet
