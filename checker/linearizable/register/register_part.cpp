#include "checker/linearizable/register/register_part.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

namespace gauntlet {

namespace {

bool needs_value(RegisterOp kind) {
  return kind == RegisterOp::read || kind == RegisterOp::cas;
}
bool sets_value(RegisterOp kind) {
  return kind == RegisterOp::write || kind == RegisterOp::cas;
}

/// See compile_register; positions are in `events`.
void leave_out_useless_crashed(RegisterPart& part, const std::vector<PartEvent>& events) {
  std::vector<std::uint32_t> last_need(part.values, 0);  // last return of a live one that needs it
  std::vector<std::uint32_t> crashed_needs(part.values, 0);
  struct Crashed {
    OpId op;
    std::uint32_t invoked;
  };
  std::vector<Crashed> crashed;
  for (std::uint32_t e = 0; e < events.size(); ++e) {
    if (events[e].returns) continue;
    const RegisterOperation& operation = part.operations[events[e].op];
    if (operation.kind == RegisterOp::differ) return;  // it may need any value
    if (operation.kind == RegisterOp::none) continue;
    if (operation.returns == never_returns) {
      crashed.push_back({events[e].op, e});
      if (operation.kind == RegisterOp::cas) ++crashed_needs[operation.from];
    } else if (needs_value(operation.kind)) {
      last_need[operation.from] = std::max(last_need[operation.from], operation.returns);
    }
  }
  for (bool progress = true; progress;) {
    progress = false;
    std::erase_if(crashed, [&](const Crashed& c) {
      RegisterOperation& operation = part.operations[c.op];
      if (crashed_needs[operation.to] > 0 || last_need[operation.to] > c.invoked) return false;
      if (operation.kind == RegisterOp::cas) --crashed_needs[operation.from];
      operation.kind = RegisterOp::none;
      progress = true;
      return true;
    });
  }
}

/// Completes a part whose operations have kind and values: leaves out, numbers lanes, and takes
/// over those of `events` that remain; `origin`, if any, receives their positions.
void assemble(RegisterPart& part, const std::vector<PartEvent>& events,
              std::vector<std::uint32_t>* origin) {
  for (RegisterOperation& operation : part.operations)
    operation.returns = never_returns;
  for (std::uint32_t e = 0; e < events.size(); ++e) {
    if (events[e].returns) part.operations[events[e].op].returns = e;
  }
  for (RegisterOperation& operation : part.operations) {
    if (operation.kind == RegisterOp::cas && operation.from == operation.to) {
      operation.kind = RegisterOp::read;
    }
    if (operation.returns == never_returns && !sets_value(operation.kind)) {
      operation.kind = RegisterOp::none;
    }
  }
  leave_out_useless_crashed(part, events);

  boost::unordered_flat_map<std::uint64_t, std::uint32_t> lanes;
  std::size_t pending = 0;
  for (std::uint32_t e = 0; e < events.size(); ++e) {
    RegisterOperation& operation = part.operations[events[e].op];
    if (operation.kind == RegisterOp::none) continue;
    if (events[e].returns) {
      operation.returns = static_cast<std::uint32_t>(part.events.size());
      --pending;
    } else if (operation.returns != never_returns) {
      part.pending_max = std::max(part.pending_max, ++pending);
    } else {
      const bool is_cas = operation.kind == RegisterOp::cas;
      const std::uint64_t name =
          std::uint64_t{is_cas ? operation.from : part.values} << 32 | operation.to;
      const auto [at, is_new] =
          lanes.try_emplace(name, static_cast<std::uint32_t>(part.lanes.size()));
      if (is_new) part.lanes.push_back({is_cas, operation.from, operation.to});
      operation.lane = at->second;
      ++part.lanes[operation.lane].members;
    }
    part.events.push_back(events[e]);
    if (origin != nullptr) origin->push_back(e);
  }
}

}  // namespace

bool is_register(const Part& part) {
  return !part.starts_anywhere &&
         std::all_of(part.kinds.begin(), part.kinds.end(), [&](const ModelCall& call) {
           return part.model->access(call, *part.context).has_value();
         });
}

RegisterPart compile_register(const Part& part) {
  RegisterPart result;
  boost::unordered_flat_map<ValueId, std::uint32_t> values;
  const auto value_of = [&](ValueId id) {
    const auto [at, is_new] = values.try_emplace(id, result.values);
    result.values += is_new;
    return at->second;
  };
  result.initial = value_of(part.context->initial_id);
  std::vector<RegisterOperation> kinds;
  for (const ModelCall& call : part.kinds) {
    const RegisterAccess access = *part.model->access(call, *part.context);
    RegisterOperation& kind = kinds.emplace_back(RegisterOperation{RegisterOp::write, 0, 0});
    if (access.needs) kind.from = kind.to = value_of(*access.needs);
    if (access.sets) kind.to = value_of(*access.sets);
    if (!access.needs) kind.from = kind.to;
    if (access.needs) kind.kind = access.sets ? RegisterOp::cas : RegisterOp::read;
    if (access.excludes) kind.kind = RegisterOp::differ;
  }
  result.operations.reserve(part.operations.size());
  result.events.reserve(part.events.size());
  for (const PartOperation& operation : part.operations)
    result.operations.push_back(kinds[operation.kind]);
  assemble(result, part.events, nullptr);
  return result;
}

RegisterPart project(const RegisterPart& part, const std::vector<std::uint32_t>& kept,
                     std::vector<std::uint32_t>& origin) {
  constexpr std::uint32_t rest = 0;
  std::vector<std::uint32_t> renamed(part.values, rest);
  RegisterPart result;
  result.values = 1;
  for (const std::uint32_t value : kept)
    renamed[value] = result.values++;
  result.initial = renamed[part.initial];
  result.operations = part.operations;
  for (RegisterOperation& operation : result.operations) {
    operation.from = renamed[operation.from];
    operation.to = renamed[operation.to];
    if (operation.kind == RegisterOp::differ && operation.from == rest) {
      operation.kind = RegisterOp::none;  // the rest holds other values, too
    }
  }
  origin.clear();
  assemble(result, part.events, &origin);
  return result;
}

}  // namespace gauntlet
