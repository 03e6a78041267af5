#include "nemesis/machine_clock.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <sstream>
#include <thread>

#include "base/wall_clock.hpp"
#include "harness/control/owner.hpp"
#include "nemesis/wording.hpp"

namespace gauntlet {

namespace {

constexpr std::chrono::seconds call_timeout{30};  // the agent may have to be uploaded first
constexpr Nanos seen_ns_min = 200 * nanos_per_microsecond;  ///< less may be the agent's tolerance
constexpr Nanos slack_ns = 10 * nanos_per_millisecond;      ///< for clocks that go apart

Nanos up_now() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return std::int64_t{time.tv_sec} * nanos_per_second + time.tv_nsec;
}

/// "+3600.0002 s, give or take 3.1 ms"
std::string reading_text(Nanos ns, Nanos within_ns) {
  return fmt::format("{:+.4f} s, give or take {:.1f} ms", static_cast<double>(ns) / 1e9,
                     static_cast<double>(within_ns) / 1e6);
}

}  // namespace

Result<MachineReading> read_machine(AgentLinks& agents, Node& node) {
  Result<std::string> told = failure(ErrorKind::transport, "");
  MachineReading reading;
  Nanos wall_ns = 0, up_ns = 0;
  // The first question may have to start the agent first.
  for (int attempt = 0; attempt < 2; ++attempt) {
    wall_ns = wall_now();
    up_ns = up_now();
    told = agents.call(node, {"machine-clock", "look"}, Deadline::after(call_timeout));
    if (!told) return told.error();
    reading.within_ns = (up_now() - up_ns) / 2 + 1;
    if (reading.within_ns < slack_ns) break;
  }
  std::istringstream words(*told);
  Nanos its_up_ns = 0, its_wall_ns = 0;
  words >> reading.boot >> its_up_ns >> its_wall_ns >> reading.off_ns;
  // Bounded, so that differences of what a node claims do not overflow.
  constexpr Nanos most = std::numeric_limits<Nanos>::max() / 4;
  const bool is_sound = words && its_up_ns >= 0 && its_up_ns < most && its_wall_ns > -most &&
                        its_wall_ns < most && reading.off_ns > -most && reading.off_ns < most;
  if (!is_sound) return failure(ErrorKind::remote, node.name() + ": the agent tells no time");
  std::getline(words >> std::ws, reading.refusal);
  reading.up_ahead_ns = its_up_ns - (up_ns + reading.within_ns);
  reading.ahead_ns = its_wall_ns - (wall_ns + reading.within_ns);
  return reading;
}

std::string controller_boot() {
  return Owner::self("").boot;
}

std::optional<std::string> machines_refusal(const std::map<std::string, MachineReading>& readings,
                                            const std::string& controller_boot) {
  if (controller_boot.empty()) return "the kernel of the controller is not known";
  std::map<std::string, std::string> by_boot;
  for (const auto& [name, reading] : readings) {
    if (!reading.refusal.empty()) return fmt::format("{}: {}", name, reading.refusal);
    if (reading.boot.empty()) return fmt::format("{}: its kernel is not known", name);
    // Some containers are shown a boot id of their own, but nobody's time since boot is the same.
    const bool is_as_old = std::abs(reading.up_ahead_ns) <= reading.within_ns + 10 * slack_ns;
    if (reading.boot == controller_boot || is_as_old)
      return fmt::format("{} may have the kernel, and so the clock, of the controller", name);
    const auto [other, is_new] = by_boot.try_emplace(reading.boot, name);
    if (!is_new)
      return fmt::format("{} and {} have one kernel, and so one clock", other->second, name);
  }
  return std::nullopt;
}

Result<std::map<std::string, MachineBefore>> machines_before(const FaultContext& context,
                                                             const NodeNames& names) {
  if (context.cluster->machines() != nullptr)
    return failure(ErrorKind::usage, "the nodes are containers, which have their host's clock");
  if (context.agents == nullptr)
    return failure(ErrorKind::resource, "no program of ours runs on the nodes");
  const auto nodes = context.cluster->nodes();
  const auto told = on_each<MachineReading>(
      nodes, [&](Node& node) { return read_machine(*context.agents, node); });
  std::map<std::string, MachineReading> readings;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!told[i]) {
      return failure(ErrorKind::remote, fmt::format("whose clock a machine has is not known: {}",
                                                    told_of(nodes[i]->name(), told[i].error())));
    }
    readings.emplace(nodes[i]->name(), *told[i]);
  }
  if (const auto why = machines_refusal(readings, controller_boot()))
    return failure(ErrorKind::usage, "no clock of a machine is set: " + *why);
  std::map<std::string, MachineBefore> machines;
  for (const auto& name : names) {
    const MachineReading& reading = readings.at(name);
    machines[name] = {reading.boot, reading.ahead_ns - reading.off_ns, reading.within_ns};
  }
  return machines;
}

Value to_value(const std::map<std::string, MachineBefore>& machines) {
  Value value = Value::map({});
  for (const auto& [name, before] : machines) {
    value.set(name, Value::map({{"boot", before.boot},
                                {"ahead_ns", before.ahead_ns},
                                {"within_ns", before.within_ns}}));
  }
  return value;
}

std::map<std::string, MachineBefore> machines_from(const Value* value) {
  std::map<std::string, MachineBefore> machines;
  if (value == nullptr || !value->is_map()) return machines;
  for (const auto& [name, entry] : value->entries()) {
    const Value* const boot = entry.find("boot");
    const Value* const ahead = entry.find("ahead_ns");
    const Value* const within = entry.find("within_ns");
    const bool is_sound = boot != nullptr && boot->is_string() && ahead != nullptr &&
                          ahead->is_integer() && within != nullptr && within->is_integer();
    if (is_sound) machines[name] = {boot->string(), ahead->integer(), within->integer()};
  }
  return machines;
}

FaultOutcome prove_off(AgentLinks& agents, Node& node, const MachineBefore& before) {
  const auto deadline = Deadline::after(std::chrono::seconds(2));
  while (true) {
    const auto reading = read_machine(agents, node);
    if (!reading) return {false, told_of(node.name(), reading.error()), {}};
    const Nanos seen_ns = reading->ahead_ns - before.ahead_ns;
    const Nanos within_ns = reading->within_ns + before.within_ns;
    const bool is_off = std::abs(reading->off_ns) >= seen_ns_min;
    if (!is_off && !deadline.passed()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    const bool agrees = std::abs(seen_ns - reading->off_ns) <= within_ns + slack_ns;
    return {
        is_off && agrees,
        fmt::format("read back {:+.4f} s, by the controller's clock {}",
                    static_cast<double>(reading->off_ns) / 1e9, reading_text(seen_ns, within_ns)),
        {}};
  }
}

Result<std::string> prove_right(AgentLinks& agents, Node& node, const MachineBefore& before) {
  auto reading = read_machine(agents, node);
  if (!reading) return reading.error();
  const auto difference_ns = [&] { return reading->ahead_ns - before.ahead_ns; };
  const auto within_ns = [&] { return reading->within_ns + before.within_ns; };
  std::string how;
  if (reading->boot != before.boot) {
    how = ", started again since";
    if (std::abs(difference_ns()) > within_ns() + slack_ns) {
      if (reading->boot == controller_boot())
        return failure(ErrorKind::remote, node.name() + " has the controller's kernel now");
      const auto set =
          agents.call(node, {"machine-clock", "step", std::to_string(-difference_ns())},
                      Deadline::after(call_timeout));
      if (!set) return set.error();
      reading = read_machine(agents, node);
      if (!reading) return reading.error();
      how += " and set by the controller's clock";
    }
  }
  return fmt::format("{} differs from before by {}{}", node.name(),
                     reading_text(difference_ns(), within_ns()), how);
}

}  // namespace gauntlet
