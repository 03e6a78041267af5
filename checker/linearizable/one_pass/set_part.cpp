#include "checker/linearizable/one_pass/set_part.hpp"

#include <algorithm>

namespace gauntlet {

namespace {

bool is_function(const Part& part, const ModelCall& call, std::string_view name) {
  return part.model->functions()[call.function].name == name;
}

}  // namespace

bool SetPart::has_unique_adds(const Part& part) {
  const std::string_view model = part.model->name();
  if (part.starts_anywhere || (model != "set" && model != "grow-only-set")) return false;
  boost::unordered_flat_set<ValueId> added;
  std::vector<bool> adds(part.kinds.size(), false);
  std::size_t kinds = 0, operations = 0;
  for (std::size_t i = 0; i < part.kinds.size(); ++i) {
    if (!is_function(part, part.kinds[i], "add")) continue;
    if (!added.insert(part.kinds[i].input).second) return false;
    adds[i] = true;
    ++kinds;
  }
  for (const PartOperation& operation : part.operations)
    operations += adds[operation.kind];
  return kinds == operations;
}

SetPart::SetPart(const Part& part) {
  for (const ModelCall& call : part.kinds) {
    if (is_function(part, call, "read")) {
      kinds.push_back({Role::read, 0});
      continue;
    }
    const auto [at, is_new] =
        numbers_.try_emplace(call.input, static_cast<std::uint32_t>(numbers_.size()));
    const bool answers = call.output != ValueId::nil;
    const bool found = answers && part.context->values.as_boolean(call.output);
    Role role = Role::add;
    if (is_function(part, call, "contains")) {
      role = found ? Role::needs : Role::lacks;
    } else if (is_function(part, call, "remove")) {
      role = answers && !found ? Role::lacks : Role::remove;
    } else if (answers && !found) {
      role = Role::impossible;
    }
    kinds.push_back({role, at->second});
  }
  values = numbers_.size();
}

bool SetPart::has(Role role) const {
  return std::any_of(kinds.begin(), kinds.end(),
                     [role](const Kind& kind) { return kind.role == role; });
}

std::uint32_t SetPart::number(ValueId value) const {
  const auto found = numbers_.find(value);
  return found == numbers_.end() ? static_cast<std::uint32_t>(values) : found->second;
}

}  // namespace gauntlet
