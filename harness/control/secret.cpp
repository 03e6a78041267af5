#include "harness/control/secret.hpp"

#include <libssh/libssh.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace gauntlet {

Result<std::string> read_secret(const char* variable, const std::string& question, bool ask) {
  if (const char* value = std::getenv(variable)) return std::string(value);
  if (!ask) return std::string();
  if (isatty(STDIN_FILENO) == 0)
    return failure(ErrorKind::usage, "there is no terminal to ask for a password at",
                   std::string("set ") + variable);
  std::array<char, 512> typed{};
  if (ssh_getpass((question + ": ").c_str(), typed.data(), typed.size(), 0, 0) != 0)
    return failure(ErrorKind::usage, "no password was typed");
  const std::string secret = typed.data();
  typed.fill('\0');
  return secret;
}

}  // namespace gauntlet
