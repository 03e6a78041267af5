// What is registered says what it is: the documentation is made of it (tests/cli/docs_test.cpp).

#include "checker/catalogue.hpp"

#include <doctest/doctest.h>

#include "checker/linearizable/algorithm.hpp"
#include "checker/models/model.hpp"

using namespace gauntlet;

TEST_CASE("every model says where it starts") {
  for (const Model* model : ModelRegistry::instance().all()) {
    CAPTURE(model->name());
    CHECK(!model->description().empty());
    CHECK(!model->notes().initial.empty());
    CHECK(!model->functions().empty());
  }
}

TEST_CASE("every algorithm says what it does, where, how surely, at what cost, after whom") {
  for (const PartAlgorithm* algorithm : PartAlgorithmRegistry::instance().all()) {
    CAPTURE(algorithm->name());
    const AlgorithmFacts facts = algorithm->facts();
    CHECK(!facts.idea.empty());
    CHECK(!facts.conditions.empty());
    CHECK(!facts.guarantee.empty());
    CHECK(!facts.cost.empty());
    CHECK(!facts.source.empty());
    for (const std::string_view model : facts.models)
      CHECK(ModelRegistry::instance().find(model) != nullptr);
  }
}

TEST_CASE("algorithms are listed as they are asked, with the general search for every model") {
  const auto summaries = algorithm_summaries();
  const auto position = [&](std::string_view name) {
    for (std::size_t i = 0; i < summaries.size(); ++i) {
      if (summaries[i].name == name) return i;
    }
    return summaries.size();
  };
  CHECK(position("zones") < position("register"));
  CHECK(position("register") < position("general"));
  CHECK(position("general") < position("depth"));
  CHECK(position("depth") < summaries.size());
  const std::string text = models_markdown();
  for (const Model* model : ModelRegistry::instance().all()) {
    const std::size_t section = text.find("\n### " + std::string(model->name()) + "\n");
    REQUIRE(section != std::string::npos);
    const std::size_t judged = text.find("* Judged by: ", section);
    const std::string line = text.substr(judged, text.find('\n', judged) - judged);
    CHECK(line.find("(linearizability.md#general)") != std::string::npos);
    CHECK(
        (line.find("#zones") != std::string::npos) ==
        (model->name() == "register" || model->name() == "cas-register" || model->name() == "kv"));
  }
}
