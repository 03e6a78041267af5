#include "harness/control/ssh_login.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "harness/control/dial.hpp"
#include "harness/control/node.hpp"

namespace gauntlet {
namespace {

/// "ssh-ed25519 SHA256:..." of the key that the host showed.
std::string host_key_text(ssh_session session) {
  ssh_key shown = nullptr;
  if (ssh_get_server_publickey(session, &shown) != SSH_OK) return "(no key)";
  const SshKeyHandle key(shown);
  std::string text = ssh_key_type_to_char(ssh_key_type(key.get()));
  unsigned char* hash = nullptr;
  std::size_t size = 0;
  if (ssh_get_publickey_hash(key.get(), SSH_PUBLICKEY_HASH_SHA256, &hash, &size) != SSH_OK)
    return text;
  if (char* printed = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size)) {
    text += std::string(" ") + printed;
    ssh_string_free_char(printed);
  }
  ssh_clean_pubkey_hash(&hash);
  return text;
}

/// The host as known_hosts spells it.
std::string known_hosts_name(const SshTarget& target) {
  return target.port == 22 ? target.host : fmt::format("[{}]:{}", target.host, target.port);
}

std::string login_text(const SshTarget& target) {
  return target.user + "@" + endpoint_text(target.host, target.port);
}

/// What a try to log in with one means came to.
enum class Attempt { accepted, refused, broken };

Attempt attempt_of(int answer) {
  if (answer == SSH_AUTH_SUCCESS) return Attempt::accepted;
  return answer == SSH_AUTH_DENIED || answer == SSH_AUTH_PARTIAL ? Attempt::refused
                                                                 : Attempt::broken;
}

/// Many hosts ask for the password as a "keyboard-interactive" question.
int answer_questions(ssh_session session, const std::string& password, const SshRepeat& repeat) {
  constexpr int rounds_max = 4;
  int answer = SSH_AUTH_INFO;
  for (int round = 0; round < rounds_max && answer == SSH_AUTH_INFO; ++round) {
    answer = repeat([&] { return ssh_userauth_kbdint(session, nullptr, nullptr); });
    if (answer != SSH_AUTH_INFO) break;
    const int prompts = ssh_userauth_kbdint_getnprompts(session);
    for (int i = 0; i < prompts; ++i)
      ssh_userauth_kbdint_setanswer(session, static_cast<unsigned>(i), password.c_str());
  }
  return answer == SSH_AUTH_INFO ? SSH_AUTH_DENIED : answer;
}

Attempt try_password(ssh_session session, const std::string& password, const SshRepeat& repeat) {
  const auto plain =
      attempt_of(repeat([&] { return ssh_userauth_password(session, nullptr, password.c_str()); }));
  if (plain != Attempt::refused) return plain;
  if ((ssh_userauth_list(session, nullptr) & SSH_AUTH_METHOD_INTERACTIVE) == 0) return plain;
  return attempt_of(answer_questions(session, password, repeat));
}

Result<Attempt> try_key(ssh_session session, const std::string& path, const SshRepeat& repeat) {
  ssh_key imported = nullptr;
  if (ssh_pki_import_privkey_file(path.c_str(), nullptr, nullptr, nullptr, &imported) != SSH_OK)
    return failure(ErrorKind::remote, "the private key " + path + " cannot be read",
                   "check the path; a key with a passphrase has to be in ssh-agent");
  const SshKeyHandle key(imported);
  return attempt_of(repeat([&] { return ssh_userauth_publickey(session, nullptr, key.get()); }));
}

Error broken(ssh_session session, const SshTarget& target) {
  const std::string why = ssh_get_error(session);
  const bool refused = why.find("Too many authentication failures") != std::string::npos;
  return failure(refused ? ErrorKind::remote : ErrorKind::transport,
                 fmt::format("{}: login to {} broke off: {}", target.name, login_text(target),
                             why.empty() ? "no answer" : why),
                 refused ? "name the right key with --identity" : "");
}

}  // namespace

Result<void> check_host_key(ssh_session session, const SshTarget& target) {
  const std::string host = known_hosts_name(target);
  const std::string file = shell_quote(target.known_hosts_file);
  switch (ssh_session_is_known_server(session)) {
    case SSH_KNOWN_HOSTS_OK:
      return {};
    case SSH_KNOWN_HOSTS_CHANGED:
    case SSH_KNOWN_HOSTS_OTHER:
      return failure(
          ErrorKind::remote,
          fmt::format("{}: the host key of {} is not the one that {} has for it: it shows {}",
                      target.name, host, target.known_hosts_file, host_key_text(session)),
          fmt::format("somebody may be in between; if the host was set up anew: ssh-keygen -R {} "
                      "-f {}, then add its new key",
                      shell_quote(host), file));
    case SSH_KNOWN_HOSTS_UNKNOWN:
    case SSH_KNOWN_HOSTS_NOT_FOUND:
      return failure(
          ErrorKind::remote,
          fmt::format("{}: the host key of {} is unknown: it shows {}, and {} has none for it",
                      target.name, host, host_key_text(session), target.known_hosts_file),
          fmt::format("compare the fingerprint with the host's, then: ssh-keyscan -p {} {} >> {}",
                      target.port, shell_quote(target.host), file));
    case SSH_KNOWN_HOSTS_ERROR:
      break;
  }
  return failure(ErrorKind::remote, fmt::format("{}: the host key of {} cannot be checked: {}",
                                                target.name, host, ssh_get_error(session)));
}

Result<void> log_in(ssh_session session, const SshTarget& target, const SshRepeat& repeat) {
  std::vector<std::string> tried;
  for (const std::string& path : target.identity_files) {
    const auto attempt = try_key(session, path, repeat);
    if (!attempt) return attempt.error();
    if (*attempt == Attempt::accepted) return {};
    if (*attempt == Attempt::broken) return broken(session, target);
    tried.push_back("key " + path);
  }
  if (target.agent) {
    const int answer = repeat([&] { return ssh_userauth_agent(session, nullptr); });
    if (answer == SSH_AUTH_SUCCESS) return {};
    // No agent, or one without keys, is an "error" as well.
    if (ssh_is_connected(session) == 0) return broken(session, target);
    tried.push_back("ssh-agent");
  }
  if (!target.password.empty()) {
    const Attempt attempt = try_password(session, target.password, repeat);
    if (attempt == Attempt::accepted) return {};
    if (attempt == Attempt::broken) return broken(session, target);
    tried.push_back("password");
  }
  if (tried.empty()) tried.push_back("nothing, there is no key and no password");
  return failure(ErrorKind::remote,
                 fmt::format("{}: {} refuses the login; tried: {}", target.name, login_text(target),
                             fmt::join(tried, ", ")),
                 target.password.empty()
                     ? "check the user, and that its authorized_keys there has the public key"
                     : "check the user and the password");
}

}  // namespace gauntlet
