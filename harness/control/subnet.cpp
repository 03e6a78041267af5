#include "harness/control/subnet.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <sys/socket.h>

#include <bit>
#include <charconv>
#include <fstream>
#include <memory>
#include <sstream>

namespace gauntlet {
namespace {

std::uint32_t mask_of(int bits) {
  return bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits);
}

Subnet subnet_of(std::uint32_t address, std::uint32_t mask) {
  return {address & mask, std::popcount(mask)};
}

}  // namespace

std::optional<Subnet> Subnet::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text.substr(0, slash)).c_str(), &address) != 1)
    return std::nullopt;
  Subnet subnet{ntohl(address.s_addr), 0};
  const std::string_view bits = text.substr(slash + 1);
  const auto [end, code] = std::from_chars(bits.data(), bits.data() + bits.size(), subnet.bits);
  if (code != std::errc() || end != bits.data() + bits.size()) return std::nullopt;
  if (subnet.bits < 1 || subnet.bits > 30) return std::nullopt;
  if ((subnet.base & ~mask_of(subnet.bits)) != 0) return std::nullopt;
  return subnet;
}

std::string Subnet::to_string() const {
  return fmt::format("{}/{}", address(0), bits);
}

bool Subnet::overlaps(const Subnet& other) const {
  const std::uint32_t mask = mask_of(bits < other.bits ? bits : other.bits);
  return (base & mask) == (other.base & mask);
}

std::string Subnet::address(std::uint32_t n) const {
  const std::uint32_t a = base + n;
  return fmt::format("{}.{}.{}.{}", a >> 24, (a >> 16) & 255, (a >> 8) & 255, a & 255);
}

std::vector<TakenSubnet> parse_routes(std::string_view proc_net_route) {
  std::vector<TakenSubnet> taken;
  std::istringstream lines{std::string(proc_net_route)};
  std::string line;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string interface, gateway, flags, references, use, metric;
    std::uint32_t destination = 0, mask = 0;  // in network byte order
    fields >> interface >> std::hex >> destination >> gateway >> flags >> references >> use >>
        metric >> mask;
    if (fields && mask != 0)
      taken.push_back({subnet_of(ntohl(destination), ntohl(mask)), "a route of " + interface});
  }
  return taken;
}

std::vector<TakenSubnet> taken_subnets() {
  std::ifstream file("/proc/net/route");
  std::vector<TakenSubnet> taken =
      parse_routes(std::string(std::istreambuf_iterator<char>(file), {}));
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return taken;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, freeifaddrs);
  for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || i->ifa_netmask == nullptr || i->ifa_addr->sa_family != AF_INET)
      continue;
    const auto address = [](const sockaddr* a) {
      return ntohl(reinterpret_cast<const sockaddr_in*>(a)->sin_addr.s_addr);
    };
    taken.push_back({subnet_of(address(i->ifa_addr), address(i->ifa_netmask)),
                     std::string("an address of ") + i->ifa_name});
  }
  return taken;
}

}  // namespace gauntlet
