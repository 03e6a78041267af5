#include "checker/models/model.hpp"

#include <algorithm>

namespace gauntlet {

namespace {

bool same(const Values& values, ValueId id, const Value& value) {
  if (id == absent_value || values.kind(id) != value.kind()) return false;
  if (value.is_integer()) return values.as_integer(id) == value.integer();
  return values.to_value(id) == value;
}

/// Whether `value` is `id` or stands inside it: [from, to] of a compare-and-set, and deeper.
ValueId find_within(const Values& values, ValueId id, const Value& value) {
  if (same(values, id, value)) return id;
  if (values.kind(id) == Value::Kind::list) {
    for (const ValueId item : values.as_list(id)) {
      const ValueId found = find_within(values, item, value);
      if (found != absent_value) return found;
    }
  }
  return absent_value;
}

}  // namespace

bool Model::counts(const ModelCall& call, const ModelContext& context) const {
  const ModelFunction& function = functions()[call.function];
  switch (call.outcome) {
    case Outcome::ok:
      // A read that answered nil may mean that the client learned nothing.
      return !(context.nil_read == NilRead::any && !function.updates &&
               call.output == ValueId::nil);
    case Outcome::fail:
      return context.failed_cas == FailedCas::check && function.name == "cas";
    case Outcome::unknown:
      return function.updates;
  }
  return true;
}

std::string list_text(std::span<const ValueId> values, const ModelContext& context) {
  constexpr std::size_t shown_max = 8;
  std::string text = "[";
  for (std::size_t i = 0; i < std::min(values.size(), shown_max); ++i)
    text += (i == 0 ? "" : ", ") + context.values.to_text(values[i], 20);
  if (values.size() > shown_max) {
    text += ", and " + std::to_string(values.size() - shown_max) + " more";
  }
  return text + "]";
}

ModelContext context_of(const History& history, const Model& model, const CheckOptions& options) {
  return {history.values(), model.initial_value(options.initial),
          options.nil_read, options.failed_cas,
          ValueId::nil,     nullptr};
}

ValueId find_initial(const Values& values, std::span<const ModelCall> calls, const Value& initial) {
  if (initial.is_nil()) return ValueId::nil;
  for (const ModelCall& call : calls) {
    for (const ValueId id : {call.input, call.output}) {
      const ValueId found = find_within(values, id, initial);
      if (found != absent_value) return found;
    }
  }
  return absent_value;
}

}  // namespace gauntlet
