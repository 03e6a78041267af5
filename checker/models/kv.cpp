// The value of one key: get, put, and append, which extends a string (an absent one is empty). The
// history's keys tell the objects apart. Without appends each key is a register.
#include "checker/models/model.hpp"

namespace gauntlet {
namespace {

struct KeyValue {
  static constexpr std::string_view name = "kv";
  static constexpr std::string_view description = "one value a key: get, put, append to a string";
  static constexpr std::array functions{ModelFunction{"get", true, false},
                                        ModelFunction{"put", false, true},
                                        ModelFunction{"append", false, true}};
  enum Function { get, put, append };

  /// "s" and a string as it is, or "j" and any other value as JSON.
  using State = std::string;

  static State initial(const ModelContext& context) {
    const Value& value = context.initial;
    return value.is_string() ? "s" + value.string() : "j" + to_json(value);
  }

  static std::string admit(ModelCall& call, const ModelContext& context) {
    if (call.function == get) {
      call.input = ValueId::nil;
      return "";
    }
    call.output = ValueId::nil;
    if (call.function == append && context.values.kind(call.input) != Value::Kind::string) {
      return "append needs a string, got " + context.values.to_text(call.input, 60);
    }
    return "";
  }

  static bool step(State& state, const ModelCall& call, const ModelContext& context) {
    if (call.function == get) return state == text(call.output, context);
    const std::string value = text(call.input, context);
    if (call.function == put || state == "jnull") {
      state = value;
      return true;
    }
    if (state[0] != 's') return false;
    state.append(value, 1);
    return true;
  }

  static std::optional<RegisterAccess> access(const ModelCall& call, const ModelContext&) {
    if (call.function == append) return std::nullopt;
    if (call.function == get) return RegisterAccess{call.output, std::nullopt};
    return RegisterAccess{std::nullopt, call.input};
  }

 private:
  static std::string text(ValueId id, const ModelContext& context) {
    if (context.values.kind(id) == Value::Kind::string) {
      return "s" + std::string(context.values.as_string(id));
    }
    return "j" + to_json(context.values.to_value(id));
  }
};

GAUNTLET_REGISTER(Model, ModelOf<KeyValue>);

}  // namespace
}  // namespace gauntlet
