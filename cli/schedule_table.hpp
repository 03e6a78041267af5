// The tables [[schedule]] of a configuration file, as the text of --schedule.
//
//   [[schedule]]
//   at = "5s"
//   do = "inject"          # or "heal"; by default inject
//   fault = "partition"    # of a heal: what is healed; all if it is left out
//   shape = "halves"       # any other key is a parameter of the fault
#pragma once

#include <string>

#include "base/error.hpp"
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace gauntlet {

/// "FILE:line:column".
std::string toml_place(const std::string& path, const toml::source_region& region);

/// What parse_schedule reads. Errors name file, line and column, and suggest.
Result<std::string> schedule_text(const std::string& path, const toml::node& tables);

}  // namespace gauntlet
