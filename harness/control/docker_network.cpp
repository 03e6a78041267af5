#include "harness/control/docker_network.hpp"

#include <fmt/format.h>

#include "harness/control/docker_client.hpp"

namespace gauntlet {
namespace {

constexpr Subnet range{(10U << 24) | (213U << 16), 16};
constexpr int default_bits = 24;

const TakenSubnet* user_of(const Subnet& subnet, const std::vector<TakenSubnet>& taken) {
  for (const TakenSubnet& other : taken) {
    if (subnet.overlaps(other.subnet)) return &other;
  }
  return nullptr;
}

Result<void> create(const std::string& name, const std::string& label, const Subnet& subnet) {
  const auto made = docker({"network", "create", "--internal", "--driver", "bridge", "--subnet",
                            subnet.to_string(), "--gateway", subnet.address(1), "--label",
                            "gauntlet=1", "--label", label, name});
  if (!made) return made.error();
  return {};
}

/// Docker's refusal of a subnet that another of its networks has.
bool taken_in_docker(const Error& error) {
  return error.what.find("overlaps with other one") != std::string::npos;
}

Error conflict(const Subnet& subnet, const std::string& user) {
  return failure(ErrorKind::conflict,
                 fmt::format("the subnet {} is in use by {}", subnet.to_string(), user),
                 "choose another, or none to have a free one chosen");
}

Result<Subnet> make_wanted(const std::string& name, const std::string& label,
                           const std::string& wanted, std::uint32_t addresses) {
  const auto subnet = Subnet::parse(wanted);
  if (!subnet)
    return failure(ErrorKind::usage, fmt::format("'{}' is no IPv4 subnet", wanted),
                   "write it as in 10.213.7.0/24");
  if (subnet->size() <= addresses)
    return failure(ErrorKind::usage, fmt::format("the subnet {} is too small", wanted),
                   fmt::format("choose one of more than {} addresses", addresses));
  if (const auto taken = taken_subnets(); const TakenSubnet* user = user_of(*subnet, taken))
    return conflict(*subnet, user->by);
  const auto made = create(name, label, *subnet);
  if (made) return *subnet;
  return taken_in_docker(made.error()) ? conflict(*subnet, "another Docker network") : made.error();
}

}  // namespace

Result<Subnet> make_network(const std::string& name, const std::string& label,
                            const std::string& wanted, std::uint32_t addresses) {
  if (!wanted.empty()) return make_wanted(name, label, wanted, addresses);
  const auto taken = taken_subnets();
  constexpr std::uint32_t step = std::uint32_t{1} << (32 - default_bits);
  for (std::uint32_t at = 0; at < range.size(); at += step) {
    const Subnet subnet{range.base + at, default_bits};
    if (user_of(subnet, taken) != nullptr) continue;
    const auto made = create(name, label, subnet);
    if (made) return subnet;
    // Somebody else may have taken it since we looked.
    if (!taken_in_docker(made.error())) return made.error();
  }
  return failure(ErrorKind::conflict, "no subnet is free in " + range.to_string(),
                 "take clusters down with `gauntlet nodes down`, or choose a subnet");
}

Result<void> remove_network(const std::string& name) {
  const auto removed = docker({"network", "rm", name});
  if (removed || removed.error().what.find("No such network") != std::string::npos ||
      removed.error().what.find("not found") != std::string::npos)
    return {};
  return removed.error();
}

}  // namespace gauntlet
