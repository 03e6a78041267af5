// A list that grows at its end: append(v), and read, which answers the whole list.
#include <algorithm>

#include "checker/models/model.hpp"

namespace gauntlet {
namespace {

struct AppendOnlyList {
  static constexpr std::string_view name = "list";
  static constexpr std::string_view description = "grows at its end: append, read";
  static constexpr std::array functions{
      ModelFunction{"append", false, true, "the value"},
      ModelFunction{"read", true, false, "", "the whole list; nil is the empty one"}};
  static constexpr ModelNotes notes{"empty", ""};
  using State = std::vector<ValueId>;

  static State initial(const ModelContext&) { return {}; }
  static std::string admit(ModelCall& call, const ModelContext& context) {
    (call.function == 0 ? call.output : call.input) = ValueId::nil;
    const bool fits = call.function == 0 || call.outcome != Outcome::ok ||
                      call.output == ValueId::nil || context.values.is_list(call.output);
    return fits ? "" : "a list's read needs a list, got " + context.values.to_text(call.output, 60);
  }
  static bool step(State& state, const ModelCall& call, const ModelContext& context) {
    if (call.function == 0) {
      state.push_back(call.input);
      return true;
    }
    if (call.output == ValueId::nil) return state.empty();
    auto at = state.begin();
    for (const ValueId item : context.values.as_list(call.output)) {
      if (context.is_left_out(item)) continue;
      if (at == state.end() || *at++ != item) return false;
    }
    return at == state.end();
  }

  /// Leaving out the appends of the values of V filters the list, and reads are read so.
  static std::optional<ValueId> subject(const ModelCall& call, const ModelContext&) {
    return call.function == 0 ? std::optional(call.input) : std::nullopt;
  }

  static std::string describe(const State& state, const ModelContext& context) {
    return list_text(state, context);
  }
};

GAUNTLET_REGISTER(Model, ModelOf<AppendOnlyList>);

}  // namespace
}  // namespace gauntlet
