#include "checker/catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "checker/linearizable/algorithm.hpp"
#include "checker/models/model.hpp"

namespace gauntlet {

namespace {

std::vector<const PartAlgorithm*> algorithms() {
  auto all = PartAlgorithmRegistry::instance().all();
  std::stable_sort(all.begin(), all.end(),
                   [](const auto* a, const auto* b) { return a->rank() < b->rank(); });
  return all;
}

bool may_apply(const PartAlgorithm& algorithm, const Model& model) {
  if (algorithm.rank() >= rank_by_name_only) return false;
  const auto models = algorithm.facts().models;
  return models.empty() || std::find(models.begin(), models.end(), model.name()) != models.end();
}

std::string_view fate_unknown(const ModelFunction& function) {
  return function.updates ? "takes effect at any later time, or never" : "left out";
}

void append_model(std::string& text, const Model& model) {
  text += fmt::format("\n### {}\n\n", model.name());
  text += "| function | argument | answers | if its fate is unknown |\n|---|---|---|---|\n";
  for (const ModelFunction& function : model.functions()) {
    text += fmt::format("| `{}` | {} | {} | {} |\n", function.name, function.argument,
                        function.answer, fate_unknown(function));
  }
  const ModelNotes notes = model.notes();
  text += fmt::format("\n* Initial value: {}.\n", notes.initial);
  if (!notes.callers.empty()) text += fmt::format("* Callers: {}.\n", notes.callers);
  if (!notes.fates.empty()) text += fmt::format("* {}\n", notes.fates);
  std::vector<std::string> names;
  for (const PartAlgorithm* algorithm : algorithms()) {
    if (!may_apply(*algorithm, model)) continue;
    names.push_back(fmt::format("[{0}](linearizability.md#{0})", algorithm->name()));
  }
  text += fmt::format("* Judged by: {}.\n", fmt::join(names, ", "));
}

void append_fact(std::string& text, std::string_view name, std::string_view fact) {
  if (!fact.empty())
    text += fmt::format("* {}: {}{}\n", name, fact, fact.ends_with('.') ? "" : ".");
}

std::string models_of(const std::vector<std::string_view>& models) {
  return models.empty() ? "any" : fmt::format("{}", fmt::join(models, ", "));
}

}  // namespace

std::string models_markdown() {
  std::string text = "| model | what it is |\n|---|---|\n";
  const auto models = ModelRegistry::instance().all();
  for (const Model* model : models)
    text += fmt::format("| [{0}](#{0}) | {1} |\n", model->name(), model->description());
  for (const Model* model : models)
    append_model(text, *model);
  return text;
}

std::string algorithms_markdown() {
  std::string text = "| algorithm | models | what it is |\n|---|---|---|\n";
  for (const AlgorithmSummary& summary : algorithm_summaries()) {
    text += fmt::format("| [{0}](#{0}) | {1} | {2} |\n", summary.name, models_of(summary.models),
                        summary.description);
  }
  for (const PartAlgorithm* algorithm : algorithms()) {
    const AlgorithmFacts facts = algorithm->facts();
    text += fmt::format("\n### {}\n\n{}\n\n", algorithm->name(), facts.idea);
    append_fact(text, "Models", models_of(facts.models));
    append_fact(text, "Conditions, checked", facts.conditions);
    append_fact(text, "Guarantee", facts.guarantee);
    append_fact(text, "Cost", facts.cost);
    append_fact(text, "Source", facts.source);
  }
  return text;
}

std::vector<AlgorithmSummary> algorithm_summaries() {
  std::vector<AlgorithmSummary> result;
  for (const PartAlgorithm* algorithm : algorithms())
    result.push_back({algorithm->name(), algorithm->description(), algorithm->facts().models});
  return result;
}

}  // namespace gauntlet
