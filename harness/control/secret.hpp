// Passwords: from the environment or typed, never from a command line, where everybody sees them.
#pragma once

#include <string>

#include "base/error.hpp"

namespace gauntlet {

inline constexpr const char* ssh_password_variable = "GAUNTLET_SSH_PASSWORD";
inline constexpr const char* sudo_password_variable = "GAUNTLET_SUDO_PASSWORD";

/// The value of the environment variable; without it, what the user types at the terminal when
/// asked `question`, unseen, if `ask`; else empty. `usage` when there is no terminal to ask at.
Result<std::string> read_secret(const char* variable, const std::string& question, bool ask);

}  // namespace gauntlet
