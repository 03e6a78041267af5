#include "nemesis/netem.hpp"

#include <fmt/format.h>

#include <sstream>

#include "base/assert.hpp"
#include "nemesis/addresses.hpp"
#include "nemesis/words.hpp"

namespace gauntlet {

namespace {

constexpr std::string_view name_prefix = "gauntlet_";
/// Of a probe that was cut off it stays, and whoever looks for netem finds it.
constexpr std::string_view probe_device = "g-prob-00000000";

/// "g-dela-" of "gauntlet_delay_": names of devices have 15 characters at most.
std::string device_prefix(std::string_view prefix) {
  GAUNTLET_ASSERT(prefix.starts_with(name_prefix));
  return fmt::format("g-{}-", prefix.substr(name_prefix.size(), 4));
}

std::string device_of(const Netem& netem) {
  return device_prefix(netem.name) + netem.name.substr(netem.name.rfind('_') + 1);
}

// `ours` prints our devices. `take_out DEVICE` takes the rules that lead to it first. Rules without
// a filter are of one that was cut off: there were none before it.
constexpr std::string_view preamble = R"sh(PATH=$PATH:/usr/sbin:/sbin
ours() { for one in /sys/class/net/g-????-????????; do [ -e $one ] && echo ${one##*/}; done; }
count() { [ ! -e /sys/class/net/$1 ] || tc -s qdisc show dev $1; }
take_out() {
  [ -e /sys/class/net/$1 ] || return 0
  for one in /sys/class/net/*; do
    link=${one##*/}
    tc qdisc show dev $link | grep -q '^qdisc ingress ' || continue
    filters=$(tc filter show dev $link ingress)
    case $filters in
      *"device $1)"*|"") tc qdisc del dev $link ingress || return 1;;
    esac
  done
  ip link delete dev $1
}
)sh";

}  // namespace

std::string netem_script(const Netem& netem) {
  const std::string device = device_of(netem);
  std::string script = fmt::format(
      "{0}no() {{ echo \"$1\" >&2; take_out {1}; exit 1; }}\n"
      "take_out {1} || exit 1\n"
      "take_out {3}\n"
      "[ ! \"$(ours)\" ] || {{ echo \"netem is at work already\" >&2; exit 1; }}\n"
      "modprobe ifb numifbs=0 2>/dev/null\n"
      "ip link add {1} type ifb || {{ echo 'there is no ifb' >&2; exit 1; }}\n"
      "tc qdisc add dev {1} root netem limit 100000 {2} || no 'the kernel has no netem'\n"
      "ip link set dev {1} up || no 'the device does not come up'\n"
      "hooked=' '\n"
      "hook() {{\n"
      "  case $hooked in *\" $1 \"*) return;; esac\n"
      "  tc qdisc show dev $1 | grep -Eq '^qdisc (ingress|clsact) ' && "
      "no \"$1 has rules for incoming packets of its own\"\n"
      "  tc qdisc add dev $1 ingress || no \"$1 takes no rules for incoming packets\"\n"
      "  hooked=\"$hooked$1 \"\n"
      "}}\n",
      preamble, device, netem.words, probe_device);
  for (const std::string& address : netem.addresses) {
    GAUNTLET_ASSERT(canonical_address(address) == address);
    const bool ipv6 = address.find(':') != std::string::npos;
    script += fmt::format(
        "link=$(ip -o route get {0} | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')\n"
        "[ \"$link\" ] || no 'there is no route to {0}'\n"
        "hook $link\n"
        "tc filter add dev $link ingress protocol {1} prio {2} u32 match {3} src {0}/{4} "
        "action mirred egress redirect dev {5} || no 'the filter is not taken'\n",
        address, ipv6 ? "ipv6" : "ip", ipv6 ? 2 : 1, ipv6 ? "ip6" : "ip", ipv6 ? 128 : 32, device);
  }
  return script + "count " + device + "\n";
}

std::string netem_counters_script(const Netem& netem) {
  return fmt::format("{}count {}\n", preamble, device_of(netem));
}

std::string undo_netem_script(const Netem& netem) {
  return fmt::format("{0}count {1}\ntake_out {1}\n", preamble, device_of(netem));
}

std::string list_netems_script() {
  return fmt::format("{}ours\nexit 0\n", preamble);
}

std::string netems_of(std::string_view prefix, std::string_view printed) {
  std::string found;
  while (!printed.empty()) {
    const std::string_view line = take_until(printed, '\n');
    if (!line.starts_with(device_prefix(prefix)) && line != probe_device) continue;
    found += fmt::format("{}netem by {}", found.empty() ? "" : ", ", line);
  }
  return found;
}

std::string remove_netems_script(std::string_view prefix) {
  return fmt::format(
      "{}failed=0\n"
      "for device in $(ours); do\n"
      "  case $device in {}|{}*) take_out $device || failed=1;; esac\n"
      "done\n"
      "exit $failed\n",
      preamble, probe_device, device_prefix(prefix));
}

std::string probe_netem_script() {
  return fmt::format(
      "{0}modprobe ifb numifbs=0 2>/dev/null\n"
      "take_out {1}\n"
      "ip link add {1} type ifb || exit 1\n"
      "tc qdisc add dev {1} root netem delay 1ms\n"
      "has=$?\n"
      "take_out {1}\n"
      "exit $has\n",
      preamble, probe_device);
}

NetemCounters parse_netem_counters(std::string_view printed) {
  NetemCounters counters;
  std::istringstream words{std::string(printed)};
  for (std::string word; words >> word;) {
    if (word == "netem") counters.in_place = true;
    std::string bytes, unit;
    if (word == "Sent") words >> bytes >> unit >> counters.passed;
    if (word == "(dropped") words >> counters.lost;
  }
  return counters;
}

}  // namespace gauntlet
