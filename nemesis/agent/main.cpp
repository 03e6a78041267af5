// gauntlet-agent: what runs on a node for what the node's own tools cannot do.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/integer.hpp"
#include "nemesis/agent/damage/damage.hpp"
#include "nemesis/agent/disk/file_system.hpp"
#include "nemesis/agent/server.hpp"

int main(int argc, char** argv) {
  using namespace gauntlet::agent;
  const char* const action = argc > 1 ? argv[1] : "";
  const char* const operand = argc > 2 ? argv[2] : "";
  if (std::strcmp(action, "serve") == 0) {
    const auto lease_s = gauntlet::integer_from(operand).value_or(15);
    return serve(0, 1, std::chrono::seconds(std::clamp<std::int64_t>(lease_s, 1, 3600)));
  }
  if (std::strcmp(action, "heal") == 0) return heal(operand);
  if (std::strncmp(action, "disk", 4) == 0) return gauntlet::disk::disk_main(argc, argv);
  if (std::strcmp(action, "damage") == 0) return gauntlet::damage::damage_main(argc, argv);
  if (std::strcmp(action, "residue") == 0) return residue();
  std::fputs(
      "usage: gauntlet-agent serve [LEASE_SECONDS] | heal [MODULE] | residue |\n"
      "       disk ... | disk-command ... | damage ...\n",
      stderr);
  return 254;
}
