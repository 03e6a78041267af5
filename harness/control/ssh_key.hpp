// The key pair of this installation, with which the controller logs in to the nodes that it makes.
#pragma once

#include <string>

#include "base/error.hpp"

namespace gauntlet {

struct KeyPair {
  std::string private_key_file;  ///< an absolute path, mode 0600
  std::string public_key;        ///< "ssh-ed25519 AAAA... gauntlet", as in authorized_keys
};

/// The pair in ssh/id_ed25519 of the state directory, made on first use. Safe against several
/// processes that make it at once: one of them wins and all use its key.
Result<KeyPair> installation_key();

/// Whether a private key can be used: it is there, ours to read, and has no passphrase. `usage`
/// says what is wrong.
Result<void> check_private_key(const std::string& path);

}  // namespace gauntlet
