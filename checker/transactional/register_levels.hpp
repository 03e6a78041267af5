// The levels that are decided on registers, by their names in the table of consistency models.
#pragma once

#include <span>
#include <string_view>

#include "checker/transactional/polygraph.hpp"

namespace gauntlet {

struct NamedLevel {
  std::string_view name;
  OrderLevel level;
};

/// Strongest first.
std::span<const NamedLevel> register_levels();
/// nullptr where there is none of that name.
const NamedLevel* find_register_level(std::string_view name);

}  // namespace gauntlet
