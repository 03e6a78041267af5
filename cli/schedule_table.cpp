#include "cli/schedule_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/duration.hpp"
#include "base/suggest.hpp"
#include "nemesis/exact_schedule.hpp"

namespace gauntlet {

namespace {

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* real = node.as_floating_point()) return fmt::format("{}", real->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return std::nullopt;
}

Error at_place(const std::string& path, const toml::source_region& where, std::string what,
               std::string remedy) {
  return failure(ErrorKind::input, fmt::format("{}: {}", toml_place(path, where), what),
                 std::move(remedy));
}

/// Keys that this table may have: its own, and the parameters of its fault.
std::vector<std::string> keys_of(const std::string& fault) {
  std::vector<std::string> keys = {"at", "do", "fault"};
  if (const Fault* known = FaultRegistry::instance().find(fault)) {
    for (const auto& parameter : known->parameters())
      keys.push_back(parameter.name);
  }
  return keys;
}

struct Row {
  std::string at, verb = "inject", fault, parameters;
};

Result<Row> read_row(const std::string& path, const toml::table& table) {
  Row row;
  if (const auto* fault = table.get("fault")) row.fault = scalar_text(*fault).value_or("");
  const auto keys = keys_of(row.fault.substr(0, row.fault.find(':')));
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (std::ranges::count(keys, name) == 0) {
      return at_place(path, key.source(), fmt::format("unknown key '{}'", name),
                      did_you_mean(name, keys));
    }
    const auto text = scalar_text(node);
    const bool sound = text && text->find_first_of(";\n") == std::string::npos;
    if (!sound) {
      return at_place(path, node.source(), fmt::format("'{}' cannot hold that", name),
                      "give a string or a number");
    }
    if (name == "at") {
      row.at = *text;
    } else if (name == "do") {
      row.verb = *text;
    } else if (name != "fault") {
      row.parameters += fmt::format(":{}={}", name, *text);
    }
  }
  if (row.verb != "inject" && row.verb != "heal") {
    return at_place(path, table.get("do")->source(), fmt::format("cannot do '{}'", row.verb),
                    did_you_mean(row.verb, {"inject", "heal"}));
  }
  if (row.at.empty()) {
    return at_place(path, table.source(), "an act of the schedule has no time", "add at = \"5s\"");
  }
  return row;
}

/// The place in the table that an error is most likely about.
const toml::source_region& place_of(const toml::table& table, bool of_time) {
  const toml::node* node = table.get(of_time ? "at" : "fault");
  return node != nullptr ? node->source() : table.source();
}

}  // namespace

std::string toml_place(const std::string& path, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", path, region.begin.line, region.begin.column);
}

Result<std::string> schedule_text(const std::string& path, const toml::node& tables) {
  const auto* array = tables.as_array();
  std::vector<ScheduledAct> schedule;
  if (array == nullptr) {
    return at_place(path, tables.source(), "schedule is no list of tables",
                    "write [[schedule]] for each act");
  }
  for (const auto& item : *array) {
    const auto* table = item.as_table();
    if (table == nullptr) {
      return at_place(path, item.source(), "schedule is no list of tables",
                      "write [[schedule]] for each act");
    }
    const auto row = read_row(path, *table);
    if (!row) return row.error();
    const auto at = parse_duration(row->at);
    if (!at) {
      return at_place(path, place_of(*table, true), fmt::format("'{}' is no time", row->at),
                      "write 500ms, 20s or 5m");
    }
    auto act = parse_act(fmt::format("{} {}{}", row->verb, row->fault, row->parameters));
    if (!act) return at_place(path, place_of(*table, false), act.error().what, act.error().remedy);
    act->at_ns = *at;
    if (const auto follows = check_next(schedule, *act); !follows) {
      return at_place(path, place_of(*table, true), follows.error().what, follows.error().remedy);
    }
    schedule.push_back(std::move(*act));
  }
  return to_text(schedule);
}

}  // namespace gauntlet
