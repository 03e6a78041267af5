// IPv4 subnets: which are taken on this machine, which one a cluster may have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gauntlet {

struct Subnet {
  std::uint32_t base = 0;  ///< host byte order, host bits zero
  int bits = 0;            ///< of the prefix, 1 to 30

  /// "10.213.0.0/24"; nullopt for anything else, also for host bits that are set.
  static std::optional<Subnet> parse(std::string_view text);
  std::string to_string() const;
  bool overlaps(const Subnet& other) const;
  /// Number of addresses, network and broadcast included.
  std::uint32_t size() const { return std::uint32_t{1} << (32 - bits); }
  /// The n-th address as text; n < size().
  std::string address(std::uint32_t n) const;
};

struct TakenSubnet {
  Subnet subnet;
  std::string by;  ///< "a route of eth0"
};

/// Of this machine's IPv4 routes (but the default one) and addresses. Docker's bridges are among
/// them.
std::vector<TakenSubnet> taken_subnets();

/// The text of /proc/net/route as subnets; lines that do not fit are left out.
std::vector<TakenSubnet> parse_routes(std::string_view proc_net_route);

}  // namespace gauntlet
