// Who holds something that only one run may hold: enough to name it, and to see whether it lives.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gauntlet {

/// A process, told from every other one that ever has its pid.
struct Owner {
  std::string run;   ///< what the holder is doing, for people
  std::string host;  ///< its host's name
  int pid = 0;
  std::string start;          ///< its start time in clock ticks since boot
  std::string boot;           ///< the kernel's boot id
  std::string pid_namespace;  ///< pids mean nothing across these
  std::string since;          ///< UTC time

  /// This process.
  static Owner self(std::string run);

  /// One line of JSON, and back; nullopt for what was not written by `to_json`.
  std::string to_json() const;
  static std::optional<Owner> from_json(std::string_view text);

  /// True only if it certainly has ended: on this machine, since its boot, there is no such
  /// process.
  bool certainly_dead() const;

  /// "run x (pid 12 on host h, since 2026-01-31T12:00:00Z)".
  std::string to_string() const;
};

}  // namespace gauntlet
