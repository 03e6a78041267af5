// Options from a TOML file: [test] holds those of the table, [database] and [workload] those of the
// chosen database and workload, each [[schedule]] what the nemesis does at a time.

#include <fmt/format.h>

#include <filesystem>
#include <sstream>

#include "base/suggest.hpp"
#include "cli/schedule_table.hpp"
#include "cli/settings.hpp"

namespace gauntlet {

namespace {

/// The node's value as an option's text; nullopt for what no option can hold.
std::optional<std::string> option_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* real = node.as_floating_point()) return fmt::format("{}", real->get());
  if (const auto* array = node.as_array()) {
    std::string joined;
    for (const auto& item : *array) {
      const auto text = option_text(item);
      if (!text || item.is_array()) return std::nullopt;
      joined += (joined.empty() ? "" : ",") + *text;
    }
    return joined;
  }
  return std::nullopt;
}

std::vector<std::string> option_names() {
  std::vector<std::string> names;
  for (const auto& spec : option_table())
    names.emplace_back(spec.name);
  return names;
}

}  // namespace

Result<std::map<std::string, Setting, std::less<>>> read_config_file(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    return failure(ErrorKind::usage, fmt::format("{}: no such file", path),
                   "give --config the path of a TOML file");
  }
  const toml::parse_result parsed = toml::parse_file(path);
  if (!parsed) {
    return failure(ErrorKind::input,
                   fmt::format("{}: {}", toml_place(path, parsed.error().source()),
                               parsed.error().description()),
                   "correct the TOML there");
  }
  std::map<std::string, Setting, std::less<>> result;
  for (const auto& [section_key, section_node] : parsed.table()) {
    const std::string section(section_key.str());
    if (section == "schedule") {
      auto text = schedule_text(path, section_node);
      if (!text) return text.error();
      const std::string where = toml_place(path, section_key.source());
      if (const auto* test = parsed.table().get_as<toml::table>("test");
          test != nullptr && test->contains("schedule")) {
        return failure(ErrorKind::input, where + ": schedule is given twice",
                       "leave out [[schedule]] or the key schedule of [test]");
      }
      result["test.schedule"] = Setting{std::move(*text), where};
      continue;
    }
    const auto* table = section_node.as_table();
    if (table == nullptr || (section != "test" && section != "database" && section != "workload")) {
      return failure(ErrorKind::input,
                     fmt::format("{}: unknown {} '{}'", toml_place(path, section_key.source()),
                                 table == nullptr ? "key" : "table", section),
                     "the tables are [test], [database], [workload] and [[schedule]]");
    }
    for (const auto& [key, node] : *table) {
      const std::string name(key.str());
      const auto text = option_text(node);
      const std::string where = toml_place(path, key.source());
      if (!text) {
        return failure(ErrorKind::input, fmt::format("{}: '{}' cannot hold that", where, name),
                       "give a string, a number, true or false, or a list of strings");
      }
      if (section == "test") {
        const OptionSpec* spec = find_option(name);
        if (spec == nullptr) {
          return failure(ErrorKind::input, fmt::format("{}: unknown key '{}'", where, name),
                         did_you_mean(name, option_names()));
        }
        if (const auto why = misfit(*spec, *text)) {
          return failure(ErrorKind::input, fmt::format("{}: {} = {}: {}", where, name, *text, *why),
                         "correct the value");
        }
      }
      result[section + "." + name] = Setting{*text, where};
    }
  }
  return result;
}

}  // namespace gauntlet
