#include "harness/control/host_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "harness/control/text.hpp"

namespace gauntlet {
namespace {

Error misfit(std::string_view text, std::string_view why) {
  return failure(ErrorKind::usage, fmt::format("'{}' is no host: {}", one_line(text, 100), why),
                 "write it as user@host:port, an IPv6 address in brackets");
}

bool fits_user(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_.@+").find(c) != std::string_view::npos;
}

bool fits_host(char c) {
  // The last two are for IPv6: groups and zone.
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_.:%").find(c) != std::string_view::npos;
}

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (code != std::errc() || end != text.data() + text.size() || port < 1 || port > 65535)
    return std::nullopt;
  return port;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

Result<HostSpec> parse_host(std::string_view text) {
  HostSpec spec;
  std::string_view rest = text;
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    spec.user = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    if (spec.user.empty() || spec.user[0] == '-' ||
        !std::all_of(spec.user.begin(), spec.user.end(), fits_user))
      return misfit(text, "the user's name does not fit");
  }
  std::optional<std::string_view> port;
  if (!rest.empty() && rest.front() == '[') {
    const auto close = rest.find(']');
    if (close == std::string_view::npos) return misfit(text, "']' is missing");
    spec.host = rest.substr(1, close - 1);
    if (spec.host.find(':') == std::string::npos)
      return misfit(text, "only an IPv6 address stands in brackets");
    rest.remove_prefix(close + 1);
    if (!rest.empty() && rest.front() != ':') return misfit(text, "':' and a port must follow ']'");
    if (!rest.empty()) port = rest.substr(1);
  } else {
    const auto colon = rest.find(':');
    // Several colons without brackets are an IPv6 address.
    const bool has_port = colon != std::string_view::npos && rest.rfind(':') == colon;
    spec.host = has_port ? rest.substr(0, colon) : rest;
    if (has_port) port = rest.substr(colon + 1);
  }
  if (port) {
    const auto number = parse_port(*port);
    if (!number) return misfit(text, "the port is not a number from 1 to 65535");
    spec.port = *number;
  }
  if (spec.host.empty()) return misfit(text, "the host's name is missing");
  if (spec.host[0] == '-' || !std::all_of(spec.host.begin(), spec.host.end(), fits_host))
    return misfit(text, "the host's name does not fit");
  return spec;
}

Result<std::vector<HostSpec>> parse_nodes_file(const std::string& path, std::string_view content) {
  std::vector<HostSpec> hosts;
  for (int line = 1; !content.empty(); ++line) {
    const auto newline = content.find('\n');
    std::string_view text = content.substr(0, newline);
    content = newline == std::string_view::npos ? "" : content.substr(newline + 1);
    text = trimmed(text.substr(0, text.find('#')));
    if (text.empty()) continue;
    auto host = parse_host(text);
    if (!host)
      return failure(ErrorKind::input, fmt::format("{}:{}: {}", path, line, host.error().what),
                     host.error().remedy);
    hosts.push_back(std::move(*host));
  }
  if (hosts.empty())
    return failure(ErrorKind::input, path + ":1: no host in this nodes file",
                   "write one a line, as user@host:port");
  return hosts;
}

Result<std::vector<HostSpec>> read_nodes_file(const std::string& path) {
  std::ifstream file(path);
  const std::string content((std::istreambuf_iterator<char>(file)), {});
  if (!file)
    return failure(ErrorKind::input, fmt::format("{}: the nodes file cannot be read: {}", path,
                                                 std::strerror(errno)));
  return parse_nodes_file(path, content);
}

}  // namespace gauntlet
