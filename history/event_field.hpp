// The fields that an event has in every format that names them.
#pragma once

#include <string_view>

namespace gauntlet {

/// As bits, so that a reader can note which it has seen.
enum EventField : unsigned {
  no_field = 0,
  type_field = 1,
  process_field = 2,
  f_field = 4,
  value_field = 8,
  key_field = 16,
  time_field = 32,
  index_field = 64,
  node_field = 128,
  error_field = 256,
};

/// `no_field` for a name that means nothing to us.
constexpr EventField event_field_named(std::string_view name) {
  struct Named {
    std::string_view name;
    EventField field;
  };
  constexpr Named fields[] = {
      {"type", type_field},   {"process", process_field}, {"f", f_field},
      {"value", value_field}, {"key", key_field},         {"time", time_field},
      {"index", index_field}, {"node", node_field},       {"error", error_field}};
  for (const Named& known : fields) {
    if (known.name == name) return known.field;
  }
  return no_field;
}

}  // namespace gauntlet
