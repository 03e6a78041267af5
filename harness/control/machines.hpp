// What a provider can do to the machines of nodes from outside, whether they answer or not.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "harness/control/node.hpp"

namespace gauntlet {

enum class MachineState { running, paused, off };

struct MachineStatus {
  MachineState state = MachineState::off;
  std::string started_at;  ///< when it was started last, in the provider's words
};

/// How much memory a machine may use, in bytes; 0: as much as there is.
struct MemoryLimit {
  std::int64_t memory = 0;
  std::int64_t with_swap = 0;  ///< memory and swap together

  bool operator==(const MemoryLimit&) const = default;
};

struct MemoryLimits {
  MemoryLimit now;
  MemoryLimit usual;  ///< with which the machine was made
};

/// Acts on the machines of one cluster, never on another. Thread-safe. Each call is idempotent,
/// tells the node whether it is away, takes about 0.1 s and 30 s at most, and fails with
/// ErrorKind::remote where the provider refuses.
class Machines {
 public:
  virtual ~Machines() = default;
  virtual Result<MachineStatus> status(Node& node) = 0;
  /// All its processes stand still, those of our sessions as well, until `resume`.
  virtual Result<void> pause(Node& node) = 0;
  virtual Result<void> resume(Node& node) = 0;
  /// As if its power failed, but files are as they were written. A paused one is turned off, too.
  virtual Result<void> turn_off(Node& node) = 0;
  /// Returns once it runs; its sshd may not answer yet. Its address stays the same.
  virtual Result<void> turn_on(Node& node) = 0;
  virtual Result<MemoryLimits> memory_limits(Node& node) = 0;
  virtual Result<void> limit_memory(Node& node, const MemoryLimit& limit) = 0;
};

}  // namespace gauntlet
