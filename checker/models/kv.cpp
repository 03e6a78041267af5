// The value of one key: get, put, and append, which extends a string. A key that is absent and one
// that holds the empty string are not told apart. The history's keys tell the objects apart.
// Without appends each key is a register.
#include "checker/models/model.hpp"

namespace gauntlet {
namespace {

struct KeyValue {
  static constexpr std::string_view name = "kv";
  static constexpr std::string_view description = "one value a key: get, put, append to a string";
  static constexpr std::array functions{
      ModelFunction{"get", true, false, "", "the value; nil where the key is absent"},
      ModelFunction{"put", false, true, "the value"},
      ModelFunction{"append", false, true, "a string, put behind what is there"}};
  static constexpr ModelNotes notes{
      "nil for every key, or `--init`; the empty string counts as nil",
      "With `--nil-read any` a get that answers nil says nothing and is left out."};
  enum Function { get, put, append };

  /// "s" and a string as it is, or "j" and any other value as JSON; empty for nil.
  using State = std::string;

  /// The empty string is nil, here and in calls.
  static Value initial_value(const Value& given) {
    return given.is_string() && given.string().empty() ? Value() : given;
  }

  static State initial(const ModelContext& context) {
    const Value& value = context.initial;
    if (value.is_nil()) return "";
    return value.is_string() ? "s" + value.string() : "j" + to_json(value);
  }

  static std::string admit(ModelCall& call, const ModelContext& context) {
    ValueId& value = call.function == get ? call.output : call.input;
    (call.function == get ? call.input : call.output) = ValueId::nil;
    const bool is_string = context.values.kind(value) == Value::Kind::string;
    if (is_string && context.values.as_string(value).empty()) value = ValueId::nil;
    if (call.function == append && !is_string) {
      return "append needs a string, got " + context.values.to_text(call.input, 60);
    }
    return "";
  }

  static bool step(State& state, const ModelCall& call, const ModelContext& context) {
    if (call.function == get) return is_text(state, call.output, context);
    if (call.function == put || state.empty()) {
      state = text(call.input, context);
    } else if (state[0] != 's') {
      return false;
    } else if (call.input != ValueId::nil) {
      state += context.values.as_string(call.input);
    }
    return true;
  }

  static std::optional<RegisterAccess> access(const ModelCall& call, const ModelContext&) {
    if (call.function == append) return std::nullopt;
    if (call.function == get) return RegisterAccess{call.output, std::nullopt};
    return RegisterAccess{std::nullopt, call.input};
  }

  static std::string describe(const State& state, const ModelContext&) {
    if (state.empty()) return "null";
    return state[0] == 's' ? to_json(Value(state.substr(1))) : state.substr(1);
  }

 private:
  /// Whether `text` would answer `state`, without making it.
  static bool is_text(std::string_view state, ValueId id, const ModelContext& context) {
    if (id == ValueId::nil) return state.empty();
    if (context.values.kind(id) != Value::Kind::string) return state == text(id, context);
    return state.starts_with('s') && state.substr(1) == context.values.as_string(id);
  }

  static std::string text(ValueId id, const ModelContext& context) {
    if (id == ValueId::nil) return "";
    if (context.values.kind(id) == Value::Kind::string) {
      return "s" + std::string(context.values.as_string(id));
    }
    return "j" + to_json(context.values.to_value(id));
  }
};

GAUNTLET_REGISTER(Model, ModelOf<KeyValue>);

}  // namespace
}  // namespace gauntlet
