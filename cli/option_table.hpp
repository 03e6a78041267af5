// The one table of options: it feeds the parser, --help, the keys of the TOML file, the environment
// variables and the docs.
//
// An option NAME is the flag --NAME, the key NAME in the [test] table of a file given with
// --config, and the variable GAUNTLET_NAME (upper case, dashes become underscores). Options that a
// database or a workload brings along are not here: they come from the registries
// (cli/settings.hpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace gauntlet {

enum class OptionKind { flag, integer, duration, bytes, text, choice, list };

struct OptionSpec {
  std::string_view name;
  OptionKind kind;
  std::string_view default_value;  ///< "" for none
  std::string_view placeholder;    ///< what --help calls the value: "DURATION", "N", ...
  /// choice: "a|b|c"; integer: "min..max"; duration: the same in nanoseconds-free form "1ms..1h"
  std::string_view range;
  std::string_view group;        ///< heading in --help and the docs
  std::string_view description;  ///< one sentence without a full stop
};

/// In the order in which --help shows them.
const std::vector<OptionSpec>& option_table();

/// nullptr if there is none.
const OptionSpec* find_option(std::string_view name);

/// Why `value` does not fit the option; nullopt if it does.
std::optional<std::string> misfit(const OptionSpec& spec, std::string_view value);

/// GAUNTLET_TIME_LIMIT for time-limit.
std::string environment_name(std::string_view option);

/// The table as markdown, for docs/guide.md.
std::string options_markdown();

}  // namespace gauntlet
