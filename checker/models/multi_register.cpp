// Several registers that are read and written together: txn [[f key value] ...], where f is read or
// write (r or w), done in turn and at once. The initial value is a map from key to value; a
// register that it does not mention is nil.
#include <algorithm>

#include "checker/models/model.hpp"

namespace gauntlet {
namespace {

struct MultiRegister {
  static constexpr std::string_view name = "multi-register";
  static constexpr std::string_view description = "registers accessed together: txn";
  static constexpr std::array functions{
      ModelFunction{"txn", true, true,
                    "[[f, key, value] ...], f read or write (r or w), done in turn and at once",
                    "the same, with what the reads answered"}};
  static constexpr ModelNotes notes{
      "nil, or what the map of `--init` says of a key",
      "Of a txn whose fate is unknown the reads say nothing, and the writes may take effect "
      "together at any time after it began, or never. With `--nil-read any` a read of nil says "
      "nothing."};
  /// By key, ascending; a register that has never been written is not listed.
  using State = std::vector<std::pair<ValueId, ValueId>>;

  static State initial(const ModelContext&) { return {}; }

  static std::string admit(ModelCall& call, const ModelContext& context) {
    const Values& values = context.values;
    // The completion holds what was written, too, and what was read besides.
    if (call.outcome == Outcome::ok && call.output != ValueId::nil) call.input = call.output;
    call.output = ValueId::nil;
    bool fits = values.is_list(call.input);
    for (std::size_t i = 0; fits && i < values.as_list(call.input).size(); ++i) {
      const ValueId access = values.as_list(call.input)[i];
      fits = values.is_list(access) && values.as_list(access).size() == 3 &&
             kind(values.as_list(access)[0], values) != Access::unknown;
    }
    return fits ? ""
                : "txn needs [[read or write, key, value] ...], got " +
                      values.to_text(call.input, 60);
  }

  static bool step(State& state, const ModelCall& call, const ModelContext& context) {
    const Values& values = context.values;
    for (const ValueId access : values.as_list(call.input)) {
      const auto parts = values.as_list(access);
      const auto at = std::lower_bound(state.begin(), state.end(), std::pair(parts[1], ValueId{}));
      const bool is_written = at != state.end() && at->first == parts[1];
      if (kind(parts[0], values) == Access::write) {
        if (is_written) {
          at->second = parts[2];
        } else {
          state.insert(at, {parts[1], parts[2]});
        }
        continue;
      }
      const bool says_nothing = call.outcome != Outcome::ok ||
                                (context.nil_read == NilRead::any && parts[2] == ValueId::nil);
      if (says_nothing) continue;
      if (is_written ? at->second != parts[2] : !is_initial(parts[1], parts[2], context)) {
        return false;
      }
    }
    return true;
  }

  static bool observes_only(const ModelCall& call, const ModelContext& context) {
    const auto accesses = context.values.as_list(call.input);
    return std::none_of(accesses.begin(), accesses.end(), [&](ValueId access) {
      return kind(context.values.as_list(access)[0], context.values) == Access::write;
    });
  }

  static std::string describe(const State& state, const ModelContext& context) {
    std::string text;
    for (const auto& [key, value] : state) {
      text += (text.empty() ? "{" : ", ") + context.values.to_text(key, 20) + ": " +
              context.values.to_text(value, 20);
    }
    return text.empty() ? "as it began" : text + "}";
  }

 private:
  enum class Access { read, write, unknown };

  static Access kind(ValueId f, const Values& values) {
    if (values.kind(f) != Value::Kind::string) return Access::unknown;
    const std::string_view text = values.as_string(f);
    if (text == "read" || text == "r") return Access::read;
    return text == "write" || text == "w" ? Access::write : Access::unknown;
  }

  static bool is_initial(ValueId key, ValueId value, const ModelContext& context) {
    const bool named = context.values.kind(key) == Value::Kind::string;
    const std::string key_name =
        named ? std::string(context.values.as_string(key)) : context.values.to_text(key);
    const Value* initial = context.initial.find(key_name);
    return context.values.to_value(value) == (initial == nullptr ? Value() : *initial);
  }
};

GAUNTLET_REGISTER(Model, ModelOf<MultiRegister>);

}  // namespace
}  // namespace gauntlet
