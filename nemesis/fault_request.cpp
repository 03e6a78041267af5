// Reads what faults are asked for: "partition:shape=halves,kill:targets=one".
#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.hpp"
#include "nemesis/nemesis.hpp"

namespace gauntlet {

namespace {

/// Takes what is in front of the first `separator` off `text`.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

std::vector<std::string> known_faults() {
  std::vector<std::string> names;
  for (const Fault* fault : FaultRegistry::instance().all())
    names.emplace_back(fault->name());
  return names;
}

Result<void> set_parameter(const Fault& fault, std::string_view text, Value& parameters) {
  const std::size_t equals = text.find('=');
  const std::string name(text.substr(0, equals));
  std::vector<std::string> known;
  for (const auto& parameter : fault.parameters())
    known.push_back(parameter.name);
  if (std::ranges::count(known, name) == 0) {
    return failure(ErrorKind::usage,
                   fmt::format("fault {} has no parameter '{}'", fault.name(), name),
                   did_you_mean(name, known));
  }
  if (equals == std::string_view::npos) {
    return failure(ErrorKind::usage,
                   fmt::format("parameter {} of fault {} has no value", name, fault.name()),
                   fmt::format("write {}:{}=VALUE", fault.name(), name));
  }
  if (parameters.find(name) != nullptr) {
    return failure(ErrorKind::usage,
                   fmt::format("parameter {} of fault {} is given twice", name, fault.name()));
  }
  parameters.set(name, std::string(text.substr(equals + 1)));
  return {};
}

}  // namespace

Result<std::vector<FaultRequest>> parse_fault_requests(const std::string& text) {
  std::vector<FaultRequest> requests;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view part = take_until(rest, ',');
    const std::string name(take_until(part, ':'));
    const Fault* fault = FaultRegistry::instance().find(name);
    if (fault == nullptr) {
      return failure(ErrorKind::usage, fmt::format("no fault '{}'", name),
                     did_you_mean(name, known_faults()));
    }
    FaultRequest request{name, Value(Value::Map{})};
    while (!part.empty()) {
      const auto set = set_parameter(*fault, take_until(part, ':'), request.parameters);
      if (!set) return set.error();
    }
    requests.push_back(std::move(request));
  }
  if (const auto sound = check_fault_requests(requests, {}); !sound) return sound.error();
  return requests;
}

Result<void> check_fault_requests(const std::vector<FaultRequest>& requests,
                                  const std::vector<std::string>& nodes) {
  for (const auto& request : requests) {
    const Fault* fault = FaultRegistry::instance().find(request.name);
    GAUNTLET_ASSERT(fault != nullptr);
    const auto sound = fault->check(request.parameters, nodes);
    if (sound) continue;
    Error error = sound.error();
    error.what = fmt::format("fault {}: {}", request.name, error.what);
    return error;
  }
  return {};
}

}  // namespace gauntlet
