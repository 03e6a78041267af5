// A set: add(v), remove(v), contains(v) and read, which answers all members in any order.
//
// An `ok` remove found the value, unless it answers false, which says that it did not; an add that
// answers true or false says whether the value was new. Other answers of add say nothing. contains
// is called with v or [v, nil] and answers true or false, or [v, true or false].
#include <algorithm>

#include "checker/models/model.hpp"

namespace gauntlet {
namespace {

template <bool grows_only>
struct SetOf {
  static constexpr std::string_view name = grows_only ? "grow-only-set" : "set";
  static constexpr std::string_view description = grows_only
                                                      ? "a set that only grows: add, contains, read"
                                                      : "a set: add, remove, contains, read";
  static constexpr std::array<ModelFunction, grows_only ? 3 : 4> functions = [] {
    std::array<ModelFunction, grows_only ? 3 : 4> all{
        ModelFunction{"add", true, true, "the value",
                      "true if it was new, false if not; anything else says nothing"},
        ModelFunction{"contains", true, false, "the value, or [value, nil]",
                      "true or false, or [value, true or false]"},
        ModelFunction{"read", true, false, "", "a list of all members, in any order"}};
    if constexpr (!grows_only) {
      all[3] = {"remove", true, true, "the value",
                "false if it was absent; anything else: it was there"};
    }
    return all;
  }();
  enum Function { add, contains, read, remove };

  static constexpr ModelNotes notes{
      "empty", grows_only ? ""
                          : "A `fail` of remove did not happen, and does not say that the value "
                            "was absent. A remove whose fate is unknown may take effect at any "
                            "time after it began, whether the value is there or not."};
  using State = std::vector<ValueId>;  ///< ascending

  static State initial(const ModelContext&) { return {}; }

  static std::string admit(ModelCall& call, const ModelContext& context) {
    const Values& values = context.values;
    if (call.function == read) {
      call.input = ValueId::nil;
      if (call.outcome != Outcome::ok || values.is_list(call.output)) return "";
      return "a set's read needs a list, got " + values.to_text(call.output, 60);
    }
    const bool is_pair = values.is_list(call.output) && values.as_list(call.output).size() == 2;
    if (call.function == contains) {
      if (values.is_list(call.input) && values.as_list(call.input).size() == 2) {
        call.input = values.as_list(call.input)[0];
      }
      if (is_pair) call.output = values.as_list(call.output)[1];
    }
    const bool answers = values.kind(call.output) == Value::Kind::boolean;
    if (call.function == contains && call.outcome == Outcome::ok && !answers) {
      return "contains answers true or false, got " + values.to_text(call.output, 60);
    }
    if (!answers) call.output = ValueId::nil;
    return "";
  }

  static bool step(State& state, const ModelCall& call, const ModelContext& context) {
    const Values& values = context.values;
    if (call.function == read) {
      const auto all = values.as_list(call.output);
      State members;
      std::copy_if(all.begin(), all.end(), std::back_inserter(members),
                   [&](ValueId member) { return !context.is_left_out(member); });
      std::sort(members.begin(), members.end());
      members.erase(std::unique(members.begin(), members.end()), members.end());
      return members == state;
    }
    const auto at = std::lower_bound(state.begin(), state.end(), call.input);
    const bool is_member = at != state.end() && *at == call.input;
    const bool answers = call.output != ValueId::nil;
    const bool answer = answers && values.as_boolean(call.output);
    switch (call.function) {
      case add:
        if (answers && answer == is_member) return false;
        if (!is_member) state.insert(at, call.input);
        return true;
      case contains:
        return answer == is_member;
      default:
        if (call.outcome == Outcome::ok && is_member != (!answers || answer)) return false;
        if (is_member) state.erase(at);
        return true;
    }
  }

  /// Whether a value is a member depends on the calls about it and on nothing else; a read of all
  /// is right about those that remain.
  static std::optional<ValueId> subject(const ModelCall& call, const ModelContext&) {
    return call.function == read ? std::nullopt : std::optional(call.input);
  }

  /// An add of what is a member, a remove of what is none: both answer false.
  static bool observes_only(const ModelCall& call, const ModelContext& context) {
    return call.output != ValueId::nil && !context.values.as_boolean(call.output);
  }

  static std::string describe(const State& state, const ModelContext& context) {
    return list_text(state, context);
  }
};

using Set = SetOf<false>;
using GrowOnlySet = SetOf<true>;

GAUNTLET_REGISTER(Model, ModelOf<GrowOnlySet>);

GAUNTLET_REGISTER(Model, ModelOf<Set>);

}  // namespace
}  // namespace gauntlet
