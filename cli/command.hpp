// The contract of a subcommand: one file in cli/ each, registered on its last line:
//   GAUNTLET_REGISTER(SubCommand, CheckCommand);
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/registry.hpp"
#include "cli/settings.hpp"

namespace gauntlet {

/// Stateless; `run` is called once a process.
class SubCommand {
 public:
  virtual ~SubCommand() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;
  /// How the positional arguments are shown in the usage line, "DATABASE" or "HISTORY..."; and how
  /// many there are.
  virtual std::string_view positionals() const { return ""; }
  /// One word for CLI11's usage line: the first of `positionals`, without dots and brackets.
  std::string positional_name() const {
    std::string_view all = positionals();
    if (all.starts_with('[')) all.remove_prefix(1);
    return std::string(all.substr(0, all.find_first_of(" .[|]")));
  }
  virtual std::size_t positionals_min() const { return 0; }
  virtual std::size_t positionals_max() const { return 0; }
  /// Names of the table's options that it takes.
  virtual std::vector<std::string_view> options() const = 0;
  /// Whether options of databases and workloads may be given too.
  virtual bool takes_unit_options() const { return false; }
  /// Text below the options in --help.
  virtual std::string footer() const { return ""; }

  /// Results go to stdout, everything else to stderr. An error is printed by the caller, as one
  /// line.
  virtual Result<ExitCode> run(Settings& settings) const = 0;
};

}  // namespace gauntlet
