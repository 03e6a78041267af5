#include "checker/transactional/register_levels.hpp"

#include <array>

namespace gauntlet {

std::span<const NamedLevel> register_levels() {
  static constexpr std::array levels = {
      NamedLevel{"strict-serializable", {Sight::serial, Timing::real_time}},
      NamedLevel{"strong-session-serializable", {Sight::serial, Timing::sessions}},
      NamedLevel{"serializable", {Sight::serial, Timing::none}},
      NamedLevel{"strong-snapshot-isolation", {Sight::snapshot, Timing::real_time}},
      NamedLevel{"strong-session-snapshot-isolation", {Sight::snapshot, Timing::sessions}},
      NamedLevel{"snapshot-isolation", {Sight::snapshot, Timing::none}},
      NamedLevel{"parallel-snapshot-isolation", {Sight::parallel, Timing::none}},
      NamedLevel{"prefix", {Sight::prefix, Timing::none}},
      NamedLevel{"strong-read-committed", {Sight::committed, Timing::real_time}},
      NamedLevel{"strong-session-read-committed", {Sight::committed, Timing::sessions}},
      NamedLevel{"read-committed", {Sight::committed, Timing::none}},
  };
  return levels;
}

const NamedLevel* find_register_level(std::string_view name) {
  for (const NamedLevel& level : register_levels()) {
    if (level.name == name) return &level;
  }
  return nullptr;
}

}  // namespace gauntlet
