// Serves one controller over a pair of descriptors, and heals everything when it is gone.
#pragma once

#include <chrono>

namespace gauntlet::agent {

/// Answers requests (agent_wire.hpp) until the input ends, no line has come for `lease`, the output
/// is gone, or SIGTERM, SIGHUP or SIGINT came. Then, and whatever else ends it but SIGKILL, heals
/// all modules. Answers the exit code of the program. One a node at a time: waits up to five
/// seconds for another to end, and refuses then.
int serve(int input, int output, std::chrono::seconds lease);

/// Ends a serving agent, if one is there, and heals what is left by any: of one module, or of all
/// if it is empty. Prints what could not be healed; answers the exit code.
int heal(const char* module);

/// Prints what is in place: a line for each module that has something, "clock: ...".
int residue();

}  // namespace gauntlet::agent
