#include "harness/control/ssh_key.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "harness/control/ssh_handles.hpp"
#include "harness/control/state_directory.hpp"

namespace gauntlet {
namespace {

Error broken(const std::string& path, const std::string& why) {
  return failure(ErrorKind::resource, "the key " + path + " " + why,
                 "remove it, and gauntlet makes a new one");
}

/// Writes a new private key to `path` unless there is one by then.
Result<void> make_key(const std::filesystem::path& path) {
  static std::atomic<int> count{0};
  const std::string temporary =
      path.string() + "." + std::to_string(getpid()) + "." + std::to_string(count.fetch_add(1));
  ssh_key generated = nullptr;
  if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &generated) != SSH_OK)
    return failure(ErrorKind::internal, "libssh cannot make an ed25519 key");
  const SshKeyHandle key(generated);
  // The folder is 0700, so that nobody sees the file before it has its mode.
  const bool written = ssh_pki_export_privkey_file(key.get(), nullptr, nullptr, nullptr,
                                                   temporary.c_str()) == SSH_OK &&
                       chmod(temporary.c_str(), 0600) == 0;
  const bool placed = written && (link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const int reason = errno;
  unlink(temporary.c_str());
  if (placed) return {};
  return failure(ErrorKind::resource,
                 "cannot write the key " + path.string() + ": " + std::strerror(reason));
}

}  // namespace

Result<KeyPair> installation_key() {
  const auto folder = private_directory("ssh");
  if (!folder) return folder.error();
  const std::filesystem::path path = *folder / "id_ed25519";
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (auto made = make_key(path); !made) return made.error();
    if (stat(path.c_str(), &status) != 0) return broken(path, "cannot be read");
  }
  if ((status.st_mode & 077) != 0)
    return failure(ErrorKind::resource, "the key " + path.string() + " can be read by others",
                   "chmod 600 " + path.string());

  ssh_key imported = nullptr;
  if (ssh_pki_import_privkey_file(path.c_str(), nullptr, nullptr, nullptr, &imported) != SSH_OK)
    return broken(path, "cannot be read as a private key");
  const SshKeyHandle key(imported);
  char* text = nullptr;
  if (ssh_pki_export_pubkey_base64(key.get(), &text) != SSH_OK)
    return broken(path, "has no public half");
  KeyPair pair{path.string(), "ssh-ed25519 " + std::string(text) + " gauntlet"};
  ssh_string_free_char(text);
  return pair;
}

Result<void> check_private_key(const std::string& path) {
  ssh_key imported = nullptr;
  const int answer = ssh_pki_import_privkey_file(path.c_str(), "", nullptr, nullptr, &imported);
  const SshKeyHandle key(imported);
  if (answer == SSH_OK) return {};
  if (access(path.c_str(), R_OK) != 0)
    return failure(ErrorKind::usage,
                   "the private key " + path + " cannot be read: " + std::strerror(errno));
  return failure(ErrorKind::usage, "the private key " + path + " has a passphrase, or is no key",
                 "add it to ssh-agent with ssh-add, and leave it out");
}

}  // namespace gauntlet
