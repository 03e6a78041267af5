// A lock among the processes of this machine, which the kernel gives back when its holder dies.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "harness/control/owner.hpp"

namespace gauntlet {

/// How long to wait for a lock, and who may call that off.
struct LockWait {
  std::chrono::milliseconds time{0};        ///< 0: refuse at once
  const std::atomic<bool>* stop = nullptr;  ///< owned by the caller
};

/// Held until destruction, by flock. The file stays, with its last owner in it.
class FileLock {
 public:
  /// `conflict` names what is locked (`subject`) and who holds it.
  static Result<FileLock> acquire(const std::filesystem::path& path, const std::string& subject,
                                  const Owner& owner, const LockWait& wait);

 private:
  explicit FileLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace gauntlet
