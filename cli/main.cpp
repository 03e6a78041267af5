// The program: finds the subcommand, parses its flags with the option table, prints errors as one
// line.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <deque>
#include <exception>
#include <optional>

#include "base/suggest.hpp"
#include "cli/command.hpp"
#include "cli/signals.hpp"

namespace gauntlet {
namespace {

constexpr const char* version_text = "gauntlet 0.1.0";

int exit_with(const Error& error) {
  fmt::print(stderr, "gauntlet: {}\n", error.to_string());
  return static_cast<int>(exit_code_of(error));
}

/// Where CLI11 puts what it parsed for one subcommand.
struct Parsed {
  const SubCommand* command = nullptr;
  CLI::App* app = nullptr;
  std::vector<std::string> positionals;
  std::vector<std::string> unit_options;  ///< of databases and workloads, taken out before parsing
  std::map<std::string, std::vector<std::string>> values;
  std::map<std::string, bool> flags;
};

void add_options(Parsed& parsed) {
  for (const auto name : parsed.command->options()) {
    const OptionSpec* spec = find_option(name);
    GAUNTLET_ASSERT(spec != nullptr);
    const std::string key(name);
    const std::string flag = "--" + key;
    std::string description(spec->description);
    if (!spec->default_value.empty() && spec->kind != OptionKind::flag) {
      description += fmt::format(" [{}]", spec->default_value);
    }
    CLI::Option* option = nullptr;
    if (spec->kind == OptionKind::flag) {
      option = parsed.app->add_flag(flag, parsed.flags[key], description);
    } else {
      option = parsed.app->add_option(flag, parsed.values[key], description);
      option->type_name(std::string(spec->placeholder))->type_size(1)->allow_extra_args(false);
      option->expected(1);
      if (spec->kind == OptionKind::list) {
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      } else {
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
      }
    }
    option->group(std::string(spec->group));
  }
}

CommandLine command_line_of(const Parsed& parsed) {
  CommandLine line;
  line.positionals = parsed.positionals;
  for (const auto& [name, values] : parsed.values) {
    if (parsed.app->count("--" + name) == 0) continue;
    std::string joined;
    for (const auto& value : values)
      joined += (joined.empty() ? "" : ",") + value;
    line.flags[name] = joined;
  }
  for (const auto& [name, value] : parsed.flags) {
    if (parsed.app->count("--" + name) > 0) line.flags[name] = value ? "true" : "false";
  }
  line.extras = parsed.app->remaining();
  line.extras.insert(line.extras.end(), parsed.unit_options.begin(), parsed.unit_options.end());
  return line;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const auto* command : Registry<SubCommand>::instance().all()) {
    names.emplace_back(command->name());
  }
  return names;
}

Result<ExitCode> run_command(const Parsed& parsed) {
  const SubCommand& command = *parsed.command;
  const CommandLine line = command_line_of(parsed);
  if (!command.takes_unit_options() && !line.extras.empty()) {
    const std::string& word = line.extras.front();
    if (!word.starts_with("--")) {
      return failure(ErrorKind::usage, fmt::format("unexpected argument '{}'", word),
                     fmt::format("see gauntlet {} --help", command.name()));
    }
    std::vector<std::string> names;
    for (const auto name : command.options())
      names.push_back("--" + std::string(name));
    return failure(ErrorKind::usage, fmt::format("unknown option '{}'", word),
                   did_you_mean(word.substr(0, word.find('=')), names));
  }
  if (line.positionals.size() < command.positionals_min()) {
    return failure(ErrorKind::usage,
                   fmt::format("{} needs {}", command.name(), command.positionals()),
                   fmt::format("see gauntlet {} --help", command.name()));
  }
  if (line.positionals.size() > command.positionals_max()) {
    return failure(
        ErrorKind::usage,
        fmt::format("unexpected argument '{}'", line.positionals[command.positionals_max()]),
        fmt::format("see gauntlet {} --help", command.name()));
  }
  auto settings = Settings::resolve(line);
  if (!settings) return settings.error();
  return command.run(*settings);
}

/// Options that databases and workloads bring along are not CLI11's business: takes "--name value"
/// and
/// "--name=value" that the command's own options do not know out of `words`.
std::vector<std::string> take_unit_options(const SubCommand& command,
                                           std::vector<std::string>& words) {
  std::vector<std::string> taken;
  std::vector<std::string> kept;
  const auto known = command.options();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::string name = word.starts_with("--") ? word.substr(2, word.find('=') - 2) : "";
    const bool ours = name.empty() || name == "help" ||
                      std::find(known.begin(), known.end(), name) != known.end();
    if (ours) {
      kept.push_back(word);
      // The value of an option is not an option, whatever it looks like.
      const bool takes_value = !name.empty() && name != "help" &&
                               word.find('=') == std::string::npos &&
                               find_option(name)->kind != OptionKind::flag;
      if (takes_value && i + 1 < words.size()) kept.push_back(words[++i]);
      continue;
    }
    taken.push_back(word);
    const bool has_value = word.find('=') == std::string::npos && i + 1 < words.size() &&
                           !words[i + 1].starts_with("--");
    if (has_value) taken.push_back(words[++i]);
  }
  words = std::move(kept);
  return taken;
}

int main_of(int argc, char** argv) {
  CLI::App app("Tests distributed databases against the consistency that they claim", "gauntlet");
  app.set_version_flag("--version", version_text);
  app.footer(
      "Exit codes: 0 valid, 1 anomaly found, 2 unknown, 3 could not be set up, 130 interrupted,\n"
      "254 bad usage, 255 internal error. 'gauntlet COMMAND --help' shows a command's options.");
  std::deque<Parsed> commands;
  for (const auto* command : Registry<SubCommand>::instance().all()) {
    Parsed& parsed = commands.emplace_back();
    parsed.command = command;
    parsed.app =
        app.add_subcommand(std::string(command->name()), std::string(command->description()));
    parsed.app->footer(command->footer());
    parsed.app->allow_extras();
    if (command->positionals_max() > 0) {
      parsed.app->add_option(std::string(command->positional_name()), parsed.positionals,
                             std::string(command->positionals()));
    }
    add_options(parsed);
  }
  if (argc < 2) {
    fmt::print(stderr, "{}", app.help());
    return static_cast<int>(ExitCode::usage);
  }
  const std::string first = argv[1];
  if (!first.starts_with("-") && Registry<SubCommand>::instance().find(first) == nullptr) {
    return exit_with(failure(ErrorKind::usage, fmt::format("unknown command '{}'", first),
                             did_you_mean(first, command_names())));
  }
  std::vector<std::string> words(argv + 1, argv + argc);
  for (auto& parsed : commands) {
    if (parsed.command->name() == first && parsed.command->takes_unit_options()) {
      parsed.unit_options = take_unit_options(*parsed.command, words);
    }
  }
  try {
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    app.parse(std::move(words));
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::string what = error.what();
    for (char& c : what) {
      if (c == '\n') c = ' ';
    }
    return exit_with(failure(ErrorKind::usage, what, "see --help"));
  }
  for (const auto& parsed : commands) {
    if (!parsed.app->parsed()) continue;
    const auto result = run_command(parsed);
    if (!result) return exit_with(result.error());
    return static_cast<int>(*result);
  }
  return exit_with(failure(ErrorKind::usage, "no command given", "see gauntlet --help"));
}

}  // namespace
}  // namespace gauntlet

int main(int argc, char** argv) {
  try {
    gauntlet::install_signal_handlers();
    return gauntlet::main_of(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "gauntlet: internal error: {}; please report it with the command line\n",
               error.what());
    return static_cast<int>(gauntlet::ExitCode::internal);
  }
}
