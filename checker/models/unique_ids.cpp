// A source of ids that never gives out one twice: generate answers an id.
#include <algorithm>

#include "checker/models/model.hpp"

namespace gauntlet {
namespace {

struct UniqueIds {
  static constexpr std::string_view name = "unique-ids";
  static constexpr std::string_view description = "no id twice: generate";
  static constexpr std::array functions{ModelFunction{"generate", true, true, "", "the id"}};
  static constexpr ModelNotes notes{
      "no id given out",
      "An id whose operation did not answer is not known, and counts for nothing."};
  static constexpr bool answers_decide = true;  ///< the id
  using State = std::vector<ValueId>;           ///< given out, ascending

  static State initial(const ModelContext&) { return {}; }
  static std::string admit(ModelCall& call, const ModelContext&) {
    call.input = ValueId::nil;
    return "";
  }
  static bool step(State& state, const ModelCall& call, const ModelContext&) {
    if (call.outcome != Outcome::ok) return true;  // nobody knows which
    const auto at = std::lower_bound(state.begin(), state.end(), call.output);
    if (at != state.end() && *at == call.output) return false;
    state.insert(at, call.output);
    return true;
  }

  using InPlace = ValueSet;
  static bool step(InPlace& given_out, const ModelCall& call, const ModelContext&) {
    return call.outcome != Outcome::ok || given_out.insert(call.output).second;
  }

  /// Whether an id is new depends on the calls that answered it and on nothing else.
  static std::optional<ValueId> subject(const ModelCall& call, const ModelContext&) {
    return call.outcome == Outcome::ok ? std::optional(call.output) : std::nullopt;
  }

  static std::string describe(const State& state, const ModelContext& context) {
    return list_text(state, context);
  }
};

GAUNTLET_REGISTER(Model, ModelOf<UniqueIds>);

}  // namespace
}  // namespace gauntlet
