// Hosts as the user names them: user@host:port, on the command line or in a nodes file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace gauntlet {

struct HostSpec {
  std::string user;  ///< empty: not said
  std::string host;  ///< a name or an address, an IPv6 one without its brackets
  int port = 22;
};

/// "host", "user@host", "host:port", "user@host:port"; an IPv6 address stands in brackets if a port
/// follows, and may do so always. `usage` says what does not fit.
Result<HostSpec> parse_host(std::string_view text);

/// A host a line; "#" starts a comment, empty lines are skipped. `input` errors start with
/// "path:line:".
Result<std::vector<HostSpec>> parse_nodes_file(const std::string& path, std::string_view content);
Result<std::vector<HostSpec>> read_nodes_file(const std::string& path);

}  // namespace gauntlet
