// libssh's objects, freed by themselves.
#pragma once

#include <libssh/libssh.h>

#include <memory>

namespace gauntlet {

template <auto Free>
struct FreedBy {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using SshKeyHandle = std::unique_ptr<ssh_key_struct, FreedBy<ssh_key_free>>;
using SshSessionHandle = std::unique_ptr<ssh_session_struct, FreedBy<ssh_free>>;
using SshChannelHandle = std::unique_ptr<ssh_channel_struct, FreedBy<ssh_channel_free>>;
using SshEventHandle = std::unique_ptr<ssh_event_struct, FreedBy<ssh_event_free>>;

}  // namespace gauntlet
