// The histories in tests/regressions/checker/, judged by every algorithm that applies, by the
// oracle, and by the checker as a whole: see regression.hpp for what a file holds.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "history/json_value.hpp"
#include "history/reader.hpp"
#include "regression.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

struct Regression {
  Value header;
  History history;

  std::string text(std::string_view name) const {
    const Value* entry = header.find(name);
    return entry != nullptr && entry->is_string() ? entry->string() : "";
  }
};

Regression load(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string first;
  std::getline(file, first);
  std::ostringstream rest;
  rest << file.rdbuf();
  auto header = parse_json(first, path.filename().string());
  REQUIRE(header.has_value());
  auto read = parse_history(rest.str(), path.filename().string());
  REQUIRE(read.has_value());
  return {*header, std::move(read->history)};
}

void judge(const Regression& regression) {
  const std::string name = regression.text("model");
  const Model* model = ModelRegistry::instance().find(name);
  REQUIRE(model != nullptr);
  CheckOptions options;
  options.model = name;
  if (const Value* initial = regression.header.find("initial")) options.initial = *initial;
  if (regression.text("failed_cas") == "check") options.failed_cas = FailedCas::check;
  REQUIRE(regression.header.find("valid") != nullptr);
  const bool valid = regression.header.find("valid")->boolean();
  const History& history = regression.history;

  const OracleAnswer expected = ModelOracle(history, *model, options).judge();
  CHECK(expected.valid == valid);
  if (!valid) {
    REQUIRE(regression.header.find("place") != nullptr);
    CHECK(Value(std::int64_t{expected.place}) == *regression.header.find("place"));
  }
  const Agreement agreement = agreement_on(history, *model, options);
  CHECK(agreement.problem == "");
  CHECK(!agreement.judged.empty());
  const Verdict verdict = CheckerRegistry::instance().find("linearizable")->check(history, options);
  CHECK(verdict.validity == (valid ? Validity::valid : Validity::invalid));
  for (const Anomaly& anomaly : verdict.anomalies)
    CHECK(anomaly.verified_by != "");
}

}  // namespace

TEST_CASE("histories that were judged wrongly once are judged rightly") {
  const std::filesystem::path folder = GAUNTLET_SOURCE_DIR "/tests/regressions/checker";
  REQUIRE(std::filesystem::exists(folder));
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".jsonl") continue;
    CAPTURE(entry.path().filename().string());
    judge(load(entry.path()));
    ++files;
  }
  CHECK(files >= 1);
}
