// Reads what faults are asked for: "partition:shape=halves,kill:targets=one".
#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.hpp"
#include "nemesis/nemesis.hpp"
#include "nemesis/words.hpp"

namespace gauntlet {

namespace {

std::vector<std::string> known_faults() {
  std::vector<std::string> names;
  for (const Fault* fault : FaultRegistry::instance().all())
    names.emplace_back(fault->name());
  names.insert(names.end(), package_names().begin(), package_names().end());
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

Result<FaultRequest> parse_fault_request(std::string_view text) {
  const std::string name(take_until(text, ':'));
  const Fault* fault = FaultRegistry::instance().find(name);
  if (fault == nullptr) {
    return failure(ErrorKind::usage, fmt::format("no fault '{}'", name),
                   did_you_mean(name, known_faults()));
  }
  FaultRequest request{name, Value(Value::Map{}), ""};
  while (!text.empty()) {
    const auto set = set_parameter(*fault, take_until(text, ':'), request.parameters);
    if (!set) return set.error();
  }
  if (const auto sound = check_fault_requests({request}, {}); !sound) return sound.error();
  return request;
}

std::string to_text(const FaultRequest& request) {
  std::string text = request.name;
  for (const auto& [name, value] : request.parameters.entries())
    text += fmt::format(":{}={}", name, value.is_string() ? value.string() : to_json(value));
  return text;
}

Result<std::vector<FaultRequest>> parse_fault_requests(const std::string& text) {
  std::vector<FaultRequest> requests;
  std::vector<std::string> packages;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view part = take_until(rest, ',');
    const std::string name(part.substr(0, part.find(':')));
    if (std::ranges::count(package_names(), name) > 0) {
      if (name != part) {
        return failure(ErrorKind::usage, fmt::format("package {} takes no parameters", name),
                       "give them to its faults by name");
      }
      packages.push_back(name);
      continue;
    }
    auto request = parse_fault_request(part);
    if (!request) return request.error();
    requests.push_back(std::move(*request));
  }
  for (const auto& package : packages) {
    for (const Fault* fault : faults_of_package(package)) {
      const std::string name(fault->name());
      if (std::ranges::count(requests, name, &FaultRequest::name) > 0) continue;
      requests.push_back({name, Value(Value::Map{}), package});
    }
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
