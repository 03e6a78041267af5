// The settings of one call: every option's value, and where it came from.
//
// A flag goes over the environment, the environment over the file, the file over the default.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "cli/option_table.hpp"
#include "harness/run/database.hpp"

namespace gauntlet {

struct Setting {
  std::string value;
  std::string source;  ///< "default", "--rate", "GAUNTLET_RATE", "test.toml:3:1"
};

/// What the command line gave, before files and environment are looked at.
struct CommandLine {
  std::map<std::string, std::string, std::less<>>
      flags;  ///< by option name; lists joined by commas
  std::vector<std::string> positionals;
  std::vector<std::string> extras;  ///< flags that the table does not know, with their values
};

/// Read-only once it is resolved.
class Settings {
 public:
  /// Applies precedence and checks every value. Reads the environment and the file of --config.
  static Result<Settings> resolve(CommandLine line);

  /// Each requires an option of the table whose kind fits.
  const std::string& text(std::string_view name) const;
  bool flag(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  Nanos duration(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;
  bool given(std::string_view name) const;  ///< not from the default

  const std::vector<std::string>& positionals() const { return line_.positionals; }

  /// Values for the options that a database or workload (`section`) brings along, from the command
  /// line's extras, GAUNTLET_<SECTION>_<NAME>, and the file's [section] table. Marks what it used.
  Result<OptionValues> unit_options(std::string_view section,
                                    const std::vector<DatabaseOption>& options);
  /// An error with a suggestion if an extra flag or a key of the file was used by nobody.
  Result<void> all_used(const std::vector<std::string>& known) const;

  void set(std::string_view name, std::string value, std::string source);
  /// "name = value  # source" a line, for --print-config and the plan of a run.
  std::string to_text() const;
  const std::map<std::string, Setting, std::less<>>& all() const { return values_; }

 private:
  CommandLine line_;
  std::map<std::string, Setting, std::less<>> values_;
  /// Keys of the file's tables other than [test]: "database.read-consistency".
  std::map<std::string, Setting, std::less<>> file_units_;
  std::map<std::string, Setting, std::less<>> used_units_;
  std::vector<std::string> used_extras_;
};

/// Options of a TOML file, "test.rate" -> value with source "FILE:line:column". Unknown tables and
/// keys of [test] are errors with line, column and a suggestion.
Result<std::map<std::string, Setting, std::less<>>> read_config_file(const std::string& path);

}  // namespace gauntlet
