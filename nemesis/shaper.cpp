#include "nemesis/shaper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/assert.hpp"
#include "nemesis/addresses.hpp"

namespace gauntlet {

namespace {

constexpr int classes_each = 64;
constexpr int injections_max = 0xfff0 / classes_each;  // class numbers have 16 bits

// The handle is ours by its number. `shaped` prints the interfaces that have it.
constexpr std::string_view preamble = R"(PATH=$PATH:/usr/sbin:/sbin
shaped() { tc qdisc show | sed -n 's/^qdisc htb 6a75: dev \([^ ]*\) root.*/\1/p'; }
)";

/// Where an address's packets leave, and what they are to a filter.
struct Way {
  std::string_view protocol, match;
  int priority, length;
};

Way way_of(const std::string& address, int class_number) {
  const bool ipv6 = address.find(':') != std::string::npos;
  // Filters of one priority are of one protocol.
  return ipv6 ? Way{"ipv6", "ip6", 2 * (class_number / classes_each) + 2, 128}
              : Way{"ip", "ip", 2 * (class_number / classes_each) + 1, 32};
}

std::string removal(const Shaper& shaper) {
  const int number = shaper.first_class / classes_each;
  std::string script = fmt::format(
      "for dev in $(shaped); do\n"
      "  tc filter del dev $dev parent 6a75: prio {} 2>/dev/null\n"
      "  tc filter del dev $dev parent 6a75: prio {} 2>/dev/null\n",
      2 * number + 1, 2 * number + 2);
  for (std::size_t i = 0; i < shaper.addresses.size(); ++i) {
    script += fmt::format("  tc class del dev $dev classid 6a75:{:x} 2>/dev/null\n",
                          shaper.first_class + static_cast<int>(i));
  }
  return script;
}

constexpr std::string_view print_all = "for dev in $(shaped); do tc -s class show dev $dev; done\n";

}  // namespace

int draw_first_class(Random& random) {
  return classes_each * static_cast<int>(1 + random.below(injections_max - 1));
}

bool is_first_class(std::int64_t number) {
  return number % classes_each == 0 && number >= classes_each &&
         number < static_cast<std::int64_t>(injections_max) * classes_each;
}

std::string shape_script(const Shaper& shaper) {
  GAUNTLET_ASSERT(is_first_class(shaper.first_class));
  std::string script(preamble);
  if (shaper.addresses.size() > classes_each)
    return "echo 'more than 64 addresses cannot be shaped' >&2; exit 1\n";
  script += removal(shaper) + "done\n";
  // The kernel gives a link without a queue length one when it gets its first discipline.
  script +=
      "lengths() {\n"
      "  for one in /sys/class/net/*; do echo \"${one##*/} $(cat $one/tx_queue_len)\"; done\n"
      "}\n"
      "before=$(lengths)\n"
      "restore_lengths() {\n"
      "  echo \"$before\" | while read link length; do\n"
      "    [ \"$(cat /sys/class/net/$link/tx_queue_len)\" = \"$length\" ] ||\n"
      "      ip link set dev $link txqueuelen $length\n"
      "  done\n"
      "}\n"
      "trap restore_lengths EXIT\n";
  script +=
      "root() {\n"
      "  case $(tc qdisc show dev $1 root) in\n"
      "    'qdisc htb 6a75: '*) ;;\n"
      "    *' 0: '*|'') tc qdisc add dev $1 root handle 6a75: htb || exit 1;;\n"
      "    *) echo \"$1 has a queueing discipline of its own\" >&2; exit 1;;\n"
      "  esac\n"
      "}\n";
  for (std::size_t i = 0; i < shaper.addresses.size(); ++i) {
    const std::string& address = shaper.addresses[i];
    GAUNTLET_ASSERT(canonical_address(address) == address);
    const int class_number = shaper.first_class + static_cast<int>(i);
    const Way way = way_of(address, class_number);
    // A burst of 2 ms at the rate, but of some packets at least: large ones are 64 kB.
    const auto burst_bytes =
        std::max<std::int64_t>(16'000, static_cast<std::int64_t>(shaper.bits_per_second / 4000));
    script += fmt::format(
        "dev=$(ip -o route get {0} | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')\n"
        "[ \"$dev\" ] || {{ echo 'there is no route to {0}' >&2; exit 1; }}\n"
        "root $dev\n"
        "tc class add dev $dev parent 6a75: classid 6a75:{1:x} htb rate {2}bit burst {3} "
        "quantum 1514 || exit 1\n"
        "tc qdisc add dev $dev parent 6a75:{1:x} pfifo limit 1000 || exit 1\n"
        "tc filter add dev $dev parent 6a75: protocol {4} prio {5} u32 match {6} dst {0}/{7} "
        "flowid 6a75:{1:x} || exit 1\n",
        address, class_number, static_cast<std::int64_t>(shaper.bits_per_second), burst_bytes,
        way.protocol, way.priority, way.match, way.length);
  }
  return script + std::string(print_all) + "exit 0\n";
}

std::string shaper_counters_script(const Shaper&) {
  return fmt::format("{}{}exit 0\n", preamble, print_all);
}

std::string undo_shape_script(const Shaper& shaper) {
  std::string script = fmt::format("{}{}{}", preamble, print_all, removal(shaper));
  return script +
         "  [ \"$(tc class show dev $dev)\" ] || tc qdisc del dev $dev root || exit 1\n"
         "done\n" +
         fmt::format(
             "for dev in $(shaped); do\n"
             "  ! tc class show dev $dev classid 6a75:{:x} | grep -q . || exit 1\n"
             "done\n",
             shaper.first_class);
}

std::string list_shapers_script() {
  return fmt::format("{}for dev in $(shaped); do echo \"shaper on $dev\"; done\nexit 0\n",
                     preamble);
}

std::string remove_shapers_script() {
  return fmt::format("{}for dev in $(shaped); do tc qdisc del dev $dev root || exit 1; done\n",
                     preamble);
}

std::string probe_shaper_script() {
  // On the loopback interface, whose own discipline is none; shaping without classes changes
  // nothing.
  return fmt::format(
      "{}case $(tc qdisc show dev lo root) in\n"
      "  'qdisc htb 6a75: '*) exit 0;;\n"
      "  *' 0: '*|'') ;;\n"
      "  *) exit 0;;\n"
      "esac\n"
      "tc qdisc add dev lo root handle 6a75: htb || exit 1\n"
      "tc qdisc del dev lo root\n",
      preamble);
}

std::vector<std::int64_t> parse_shaper_counters(const Shaper& shaper, std::string_view output) {
  std::vector<std::int64_t> packets;
  std::istringstream lines{std::string(output)};
  bool ours = false;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word, kind, handle;
    if (!(words >> word)) continue;
    if (word == "class" && words >> kind >> handle && handle.starts_with("6a75:")) {
      int number = -1;
      std::from_chars(handle.data() + 5, handle.data() + handle.size(), number, 16);
      ours = number >= shaper.first_class &&
             number < shaper.first_class + static_cast<int>(shaper.addresses.size());
    }
    std::int64_t bytes = 0, count = 0;
    if (ours && word == "Sent" && words >> bytes >> word >> count) {
      packets.push_back(count);
      ours = false;
    }
  }
  return packets;
}

}  // namespace gauntlet
