// The contract of the agent's modules: what a node's own tools cannot do, one module a file.
//
// A module is registered on its file's last line:
//   GAUNTLET_REGISTER(agent::Module, Clock);
// It is asked by name, word by word, over the channel that serves the controller. What it changes
// on the node beyond its own process it notes in the journal (journal.hpp) before it acts, so that
// another process can undo it after this one was killed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/registry.hpp"

namespace gauntlet::agent {

/// One line. Not ok: why it was not done; then nothing is left half done.
struct Reply {
  bool ok = true;
  std::string text = {};
};

inline Reply refuse(std::string why) {
  return {false, std::move(why)};
}

/// All calls come from one thread. Each returns within a second or two: what goes on for longer
/// belongs into a thread of the module's own, which `heal` ends.
class Module {
 public:
  virtual ~Module() = default;
  virtual std::string_view name() const = 0;
  /// `words`: what comes behind the module's name; from a controller, but checked like anything.
  virtual Reply handle(const std::vector<std::string>& words) = 0;
  /// Undoes everything that this module has done on this node, by this process or another.
  /// Idempotent.
  virtual Reply heal() = 0;
  /// What of it is in place, whoever did it; empty if nothing.
  virtual std::string residue() = 0;
};

}  // namespace gauntlet::agent
