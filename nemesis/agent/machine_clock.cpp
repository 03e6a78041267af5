// Module machine-clock: the wall clock of the machine itself, for everything that runs there.
//
//   look                   "BOOT UP_NS WALL_NS OFF_NS WHY": this boot of its kernel, the time since
//                          then, the wall clock, how far that is put off; why it may not be (or
//                          nothing, where it may)
//   put NAME SHAPE A B     begins or replaces an injection of a shape (clock_shape.hpp)
//   take NAME              ends it
//   step NS                sets the clock right by a reckoning of the controller's
//
// It is set only on a machine of its own (own_machine.hpp). The controller has more reasons to say
// no, which one node alone cannot see.
#include "base/integer.hpp"
#include "nemesis/agent/machine_time.hpp"
#include "nemesis/agent/own_machine.hpp"

namespace gauntlet::agent {

namespace {

class MachineClock : public Module {
 public:
  std::string_view name() const override { return "machine-clock"; }

  Reply handle(const std::vector<std::string>& words) override {
    if (words.size() == 1 && words[0] == "look") return look();
    if (words.size() == 2 && words[0] == "take") return time_.take(words[1]);
    const bool puts = words.size() == 5 && words[0] == "put";
    const bool steps = words.size() == 2 && words[0] == "step";
    if (!puts && !steps) return refuse("machine-clock: look, put, take or step?");
    if (const std::string why = refusal(); !why.empty()) return refuse(why);
    return puts ? put(words) : step(words[1]);
  }
  Reply heal() override { return time_.restore(); }
  std::string residue() override { return MachineTime::residue(); }

 private:
  static std::string refusal() {
    return boot_id().empty() ? "its boot is not known" : no_machine_of_its_own(machine_facts());
  }

  Reply look() const {
    const WallClock& clock = machine_wall_clock();
    const std::int64_t up_ns = clock.boot_ns();
    const std::string why = refusal();
    return {true, boot_id() + " " + std::to_string(up_ns) + " " +
                      std::to_string(up_ns + clock.ahead_ns()) + " " +
                      std::to_string(time_.offset_ns()) + (why.empty() ? "" : " " + why)};
  }

  Reply put(const std::vector<std::string>& words) {
    std::string error;
    const auto shape =
        ClockShape::parse(words[2], words[3], words[4], ClockShape::Monotonic::now(), error);
    return shape ? time_.put(words[1], *shape) : refuse(error);
  }

  Reply step(const std::string& text) const {
    const auto ns = integer_from(text);
    if (!ns) return refuse("machine-clock: step by what?");
    if (time_.is_off()) return refuse("the clock is put off by a fault that is in place");
    const std::string failed = machine_wall_clock().step(*ns);
    return failed.empty() ? Reply{} : refuse(failed);
  }

  MachineTime time_{machine_wall_clock(), machine_time_daemons(), boot_id()};
};

}  // namespace

GAUNTLET_REGISTER(Module, MachineClock);

}  // namespace gauntlet::agent
