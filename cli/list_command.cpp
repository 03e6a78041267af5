// gauntlet list [databases|workloads|faults|models|consistency|algorithms|checkers|options]: what
// the registries and tables hold.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/suggest.hpp"
#include "checker/catalogue.hpp"
#include "checker/checker.hpp"
#include "checker/consistency_models.hpp"
#include "checker/models/model.hpp"
#include "cli/command.hpp"
#include "harness/run/database.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/fault.hpp"
#include "workloads/workload.hpp"

namespace gauntlet {
namespace {

struct Row {
  std::string name;
  std::string description;
  std::vector<std::string> details;  ///< indented lines: options, parameters
};

struct Section {
  std::string name;
  std::vector<Row> rows;
};

std::string option_line(const DatabaseOption& option) {
  std::string line = "--" + option.name;
  if (!option.choices.empty()) line += fmt::format(" {}", fmt::join(option.choices, "|"));
  if (!option.default_value.empty()) line += fmt::format(" [{}]", option.default_value);
  return line + ": " + option.description;
}

Section databases() {
  Section section{"databases", {}};
  for (const auto* factory : DatabaseRegistry::instance().all()) {
    const auto database = factory->make();
    Row row{std::string(database->name()), std::string(database->description()), {}};
    row.details.push_back(fmt::format("operations: {}", fmt::join(database->functions(), ", ")));
    for (const auto& option : database->options())
      row.details.push_back(option_line(option));
    section.rows.push_back(std::move(row));
  }
  return section;
}

Section workloads() {
  Section section{"workloads", {}};
  for (const auto* workload : WorkloadRegistry::instance().all()) {
    Row row{std::string(workload->name()), std::string(workload->description()), {}};
    row.details.push_back(fmt::format("operations: {}", fmt::join(workload->functions(), ", ")));
    for (const auto& option : workload->options())
      row.details.push_back(option_line(option));
    section.rows.push_back(std::move(row));
  }
  return section;
}

Section faults() {
  Section section{"faults", {}};
  for (const auto* fault : FaultRegistry::instance().all()) {
    Row row{std::string(fault->name()), std::string(fault->description()), {}};
    row.details.push_back(fmt::format("packages: {}", fmt::join(fault->packages(), ", ")));
    row.details.push_back(fmt::format("shown by: {}", fault->proof()));
    if (!fault->needs().empty()) row.details.push_back(fmt::format("needs: {}", fault->needs()));
    for (const auto& parameter : fault->parameters()) {
      row.details.push_back(fmt::format(
          "{}{}: {}", parameter.name,
          parameter.default_value.empty() ? "" : fmt::format(" [{}]", parameter.default_value),
          parameter.description));
    }
    section.rows.push_back(std::move(row));
  }
  return section;
}

Section checkers() {
  Section section{"checkers", {}};
  for (const auto* checker : CheckerRegistry::instance().all()) {
    section.rows.push_back({std::string(checker->name()), std::string(checker->description()), {}});
  }
  return section;
}

Section models() {
  Section section{"models", {}};
  for (const auto* model : Registry<Model>::instance().all()) {
    section.rows.push_back({std::string(model->name()), std::string(model->description()), {}});
  }
  return section;
}

/// A name that both parts of the table have gets a row in each.
Section consistency() {
  Section section{"consistency", {}};
  for (const Subject subject : {Subject::operations, Subject::transactions}) {
    for (const ConsistencyModel& model : consistency_models(subject)) {
      Row row{std::string(model.name), std::string(model.promise), {}};
      row.details.push_back(
          fmt::format("of: {}", subject == Subject::operations ? "operations" : "transactions"));
      if (!model.implies.empty())
        row.details.push_back(fmt::format("implies: {}", fmt::join(model.implies, ", ")));
      if (!model.forbids.empty())
        row.details.push_back(fmt::format("fails also with: {}", fmt::join(model.forbids, ", ")));
      row.details.push_back(fmt::format("source: {}", model.source));
      section.rows.push_back(std::move(row));
    }
  }
  return section;
}

Section algorithms() {
  Section section{"algorithms", {}};
  for (const auto& algorithm : algorithm_summaries()) {
    Row row{std::string(algorithm.name), std::string(algorithm.description), {}};
    if (!algorithm.models.empty()) {
      row.details.push_back(fmt::format("models: {}", fmt::join(algorithm.models, ", ")));
    }
    section.rows.push_back(std::move(row));
  }
  return section;
}

/// The part of a page of docs/ that is made from a registry or a table; empty where none is.
std::string markdown_of(std::string_view kind) {
  if (kind == "models") return models_markdown();
  if (kind == "consistency") return consistency_markdown();
  if (kind == "algorithms") return algorithms_markdown();
  if (kind == "faults") return faults_markdown();
  if (kind == "options") return options_markdown();
  return "";
}

Value to_value(const Section& section) {
  Value::List rows;
  for (const auto& row : section.rows) {
    Value::List details;
    for (const auto& detail : row.details)
      details.emplace_back(detail);
    rows.push_back(Value::map({{"name", row.name},
                               {"description", row.description},
                               {"details", Value(std::move(details))}}));
  }
  return Value(std::move(rows));
}

void print(const Section& section) {
  fmt::print("{}\n", section.name);
  std::size_t width = 0;
  for (const auto& row : section.rows)
    width = std::max(width, row.name.size());
  for (const auto& row : section.rows) {
    fmt::print("  {:<{}}  {}\n", row.name, width, row.description);
    for (const auto& detail : row.details)
      fmt::print("  {:<{}}    {}\n", "", width, detail);
  }
}

class ListCommand : public SubCommand {
 public:
  std::string_view name() const override { return "list"; }
  std::string_view description() const override {
    return "Show what there is: databases, workloads, faults, models, consistency models, "
           "algorithms, "
           "checkers";
  }
  std::string_view positionals() const override { return "[KIND]"; }
  std::size_t positionals_max() const override { return 1; }
  std::vector<std::string_view> options() const override { return {"json", "markdown"}; }

  Result<ExitCode> run(Settings& settings) const override {
    const std::vector<Section> sections = {databases(),   workloads(),  faults(),  models(),
                                           consistency(), algorithms(), checkers()};
    std::vector<std::string> kinds;
    kinds.reserve(sections.size() + 1);
    for (const auto& section : sections)
      kinds.push_back(section.name);
    kinds.push_back("options");
    const std::string wanted = settings.positionals().empty() ? "" : settings.positionals().front();
    if (settings.flag("markdown")) {
      const std::string text = markdown_of(wanted);
      if (text.empty()) {
        return failure(ErrorKind::usage, "--markdown needs a kind that docs/ has a page of",
                       "give models, consistency, algorithms, faults or options");
      }
      fmt::print("{}", text);
      return ExitCode::valid;
    }
    if (wanted == "options") {
      fmt::print("{}", options_markdown());
      return ExitCode::valid;
    }
    if (!wanted.empty() && std::find(kinds.begin(), kinds.end(), wanted) == kinds.end()) {
      return failure(ErrorKind::usage, fmt::format("there is no kind '{}'", wanted),
                     did_you_mean(wanted, kinds));
    }
    Value all = Value(Value::Map{});
    for (const auto& section : sections) {
      if (!wanted.empty() && section.name != wanted) continue;
      if (settings.flag("json")) {
        all.set(section.name, to_value(section));
      } else {
        print(section);
      }
    }
    if (settings.flag("json")) fmt::print("{}\n", to_json(all));
    return ExitCode::valid;
  }
};

}  // namespace

GAUNTLET_REGISTER(SubCommand, ListCommand);

}  // namespace gauntlet
