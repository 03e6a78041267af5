#include "cli/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/assert.hpp"
#include "base/duration.hpp"
#include "base/suggest.hpp"

namespace gauntlet {

namespace {

/// "--name=value" or "--name" followed by its value.
struct ExtraFlag {
  std::string name;
  std::string value;
};

Result<std::vector<ExtraFlag>> split_extras(const std::vector<std::string>& extras) {
  std::vector<ExtraFlag> flags;
  for (std::size_t i = 0; i < extras.size(); ++i) {
    const std::string& word = extras[i];
    if (!word.starts_with("--") || word.size() < 3) {
      return failure(ErrorKind::usage, fmt::format("unexpected argument '{}'", word),
                     "see --help for what this command takes");
    }
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) {
      flags.push_back({word.substr(2, equals - 2), word.substr(equals + 1)});
    } else if (i + 1 < extras.size() && !extras[i + 1].starts_with("--")) {
      flags.push_back({word.substr(2), extras[i + 1]});
      ++i;
    } else {
      flags.push_back({word.substr(2), "true"});
    }
  }
  return flags;
}

Result<void> check_choice(const DatabaseOption& option, const Setting& setting) {
  const auto& choices = option.choices;
  if (choices.empty() ||
      std::find(choices.begin(), choices.end(), setting.value) != choices.end()) {
    return {};
  }
  return failure(
      ErrorKind::usage,
      fmt::format("{}: '{}' does not fit {}", setting.source, setting.value, option.name),
      fmt::format("expected one of {}", fmt::join(choices, ", ")));
}

}  // namespace

Result<Settings> Settings::resolve(CommandLine line) {
  Settings settings;
  std::map<std::string, Setting, std::less<>> file;
  const auto config_flag = line.flags.find("config");
  const char* config_variable = std::getenv("GAUNTLET_CONFIG");
  std::string config;
  if (config_flag != line.flags.end()) {
    config = config_flag->second;
  } else if (config_variable != nullptr) {
    config = config_variable;
  }
  if (!config.empty()) {
    auto read = read_config_file(config);
    if (!read) return read.error();
    file = std::move(*read);
  }
  for (const auto& spec : option_table()) {
    Setting setting{std::string(spec.default_value), "default"};
    const std::string name(spec.name);
    if (const auto found = file.find("test." + name); found != file.end()) setting = found->second;
    if (const char* variable = std::getenv(environment_name(name).c_str())) {
      setting = {variable, environment_name(name)};
    }
    if (const auto found = line.flags.find(name); found != line.flags.end()) {
      setting = {found->second, "--" + name};
    }
    if (const auto why = misfit(spec, setting.value)) {
      return failure(ErrorKind::usage,
                     fmt::format("{}: '{}' does not fit", setting.source, setting.value), *why);
    }
    settings.values_[name] = std::move(setting);
  }
  for (auto& [key, setting] : file) {
    if (!key.starts_with("test.")) settings.file_units_[key] = std::move(setting);
  }
  settings.line_ = std::move(line);
  return settings;
}

const std::string& Settings::text(std::string_view name) const {
  const auto found = values_.find(name);
  GAUNTLET_ASSERT(found != values_.end());
  return found->second.value;
}

bool Settings::flag(std::string_view name) const {
  return text(name) == "true";
}

std::int64_t Settings::integer(std::string_view name) const {
  return std::strtoll(text(name).c_str(), nullptr, 10);
}

Nanos Settings::duration(std::string_view name) const {
  const auto duration = parse_duration(text(name));
  GAUNTLET_ASSERT(duration.has_value());
  return *duration;
}

std::vector<std::string> Settings::list(std::string_view name) const {
  std::vector<std::string> items;
  const std::string& joined = text(name);
  for (std::size_t from = 0; from < joined.size();) {
    const std::size_t comma = std::min(joined.find(',', from), joined.size());
    if (comma > from) items.push_back(joined.substr(from, comma - from));
    from = comma + 1;
  }
  return items;
}

bool Settings::given(std::string_view name) const {
  const auto found = values_.find(name);
  GAUNTLET_ASSERT(found != values_.end());
  return found->second.source != "default";
}

Result<OptionValues> Settings::unit_options(std::string_view section,
                                            const std::vector<DatabaseOption>& options) {
  const auto extras = split_extras(line_.extras);
  if (!extras) return extras.error();
  OptionValues result;
  for (const auto& option : options) {
    Setting setting{option.default_value, "default"};
    const std::string qualified = fmt::format("{}.{}", section, option.name);
    if (const auto found = file_units_.find(qualified); found != file_units_.end()) {
      setting = found->second;
    }
    const std::string variable_name = environment_name(fmt::format("{}-{}", section, option.name));
    if (const char* variable = std::getenv(variable_name.c_str())) {
      setting = {variable, variable_name};
    }
    for (const auto& extra : *extras) {
      if (extra.name != option.name) continue;
      setting = {extra.value, "--" + option.name};
      used_extras_.push_back(extra.name);
    }
    const auto fits = check_choice(option, setting);
    if (!fits) return fits.error();
    result[option.name] = setting.value;
    used_units_[qualified] = setting;
  }
  return result;
}

Result<void> Settings::all_used(const std::vector<std::string>& known) const {
  const auto extras = split_extras(line_.extras);
  if (!extras) return extras.error();
  std::vector<std::string> candidates = known;
  for (const auto& spec : option_table())
    candidates.emplace_back(spec.name);
  for (const auto& extra : *extras) {
    if (std::find(used_extras_.begin(), used_extras_.end(), extra.name) != used_extras_.end()) {
      continue;
    }
    return failure(ErrorKind::usage, fmt::format("unknown option '--{}'", extra.name),
                   did_you_mean(extra.name, candidates));
  }
  for (const auto& [key, setting] : file_units_) {
    if (used_units_.contains(key)) continue;
    const std::string name = key.substr(key.find('.') + 1);
    return failure(ErrorKind::input, fmt::format("{}: unknown key '{}'", setting.source, name),
                   did_you_mean(name, known));
  }
  return {};
}

void Settings::set(std::string_view name, std::string value, std::string source) {
  GAUNTLET_ASSERT(find_option(name) != nullptr);
  values_[std::string(name)] = Setting{std::move(value), std::move(source)};
}

namespace {

/// A TOML basic string (TOML 1.0, "String").
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

std::string Settings::to_text() const {
  std::string out = "[test]\n";
  const auto line = [&](std::string_view name, const Setting& setting) {
    out += fmt::format("{:<40} # {}\n", fmt::format("{} = {}", name, toml_string(setting.value)),
                       setting.source);
  };
  for (const auto& spec : option_table())
    line(spec.name, values_.find(spec.name)->second);
  std::string section;
  for (const auto& [key, setting] : used_units_) {
    const std::string this_section = key.substr(0, key.find('.'));
    if (this_section != section) {
      section = this_section;
      out += fmt::format("\n[{}]\n", section);
    }
    line(key.substr(key.find('.') + 1), setting);
  }
  return out;
}

}  // namespace gauntlet
