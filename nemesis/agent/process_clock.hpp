// The wall clock of one process, put off by an offset: see clock_stub.hpp.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace gauntlet::agent {

/// By how much the process's clock is off by our doing, ns; nullopt where it is as it was.
std::optional<std::int64_t> clock_offset_of(pid_t pid);
/// Whether clocks can be put off here: "" or why not.
std::string no_clocks();
/// Puts it off, or changes by how much: the first stops the process for a few hundred microseconds,
/// a change does not. Its children inherit it, programs that it executes do not. "" or why not.
std::string set_clock_offset(pid_t pid, std::int64_t offset_ns);
/// Puts back the code that the kernel gave it. "" or why not; "" for one that is gone.
std::string restore_clock(pid_t pid);

}  // namespace gauntlet::agent
