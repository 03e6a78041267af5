// The verdicts on the published histories of registers: what their authors' checkers say, and ours.
// The corpora lie in GAUNTLET_CORPUS or in ../shared/histories beside the source.

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "checker/checker.hpp"
#include "history/json_value.hpp"
#include "history/reader.hpp"

using namespace gauntlet;

namespace {

std::string corpus_path() {
  const char* const given = std::getenv("GAUNTLET_CORPUS");
  return given != nullptr ? given : std::string(GAUNTLET_SOURCE_DIR) + "/../shared/histories";
}

std::string entry_text(const Value& entry, std::string_view name) {
  const Value* value = entry.find(name);
  return value != nullptr && value->is_string() ? value->string() : "";
}

}  // namespace

TEST_CASE("published register histories get their known verdicts") {
  const std::string corpus = corpus_path();
  if (!std::filesystem::exists(corpus + "/manifest.json")) {
    MESSAGE("skipped: no corpora at ", corpus, "; name them with GAUNTLET_CORPUS");
    return;
  }
  const auto manifest = read_json_file(corpus + "/manifest.json");
  REQUIRE(manifest.has_value());
  const Checker* checker = CheckerRegistry::instance().find("linearizable");
  std::size_t judged = 0;
  for (const Value& entry : manifest->items()) {
    const std::string file = entry_text(entry, "file");
    const std::string model = entry_text(entry, "model");
    if (!file.starts_with("linearizable/") || (model != "register" && model != "cas-register")) {
      continue;
    }
    CAPTURE(file);
    const auto read = read_history(corpus + "/" + file);
    REQUIRE(read.has_value());
    CheckOptions options;
    options.model = model;
    if (const Value* initial = entry.find("initial")) options.initial = *initial;
    // In Knossos's histories a read of nil says that the value is not known.
    if (file.find("/knossos/") != std::string::npos) options.nil_read = NilRead::any;
    options.budget.deadline = Deadline::after(std::chrono::seconds(30));
    const Verdict verdict = checker->check(read->history, options);
    CHECK(to_string(verdict.validity) == entry_text(entry, "expected"));
    ++judged;
    for (const Anomaly& anomaly : verdict.anomalies)
      CHECK(anomaly.verified_by != "");
  }
  CHECK(judged >= 100);
}

TEST_CASE("published histories of sets and locks get their known verdicts") {
  const std::string corpus = corpus_path();
  if (!std::filesystem::exists(corpus + "/manifest.json")) {
    MESSAGE("skipped: no corpora at ", corpus, "; name them with GAUNTLET_CORPUS");
    return;
  }
  const auto manifest = read_json_file(corpus + "/manifest.json");
  REQUIRE(manifest.has_value());
  std::size_t judged = 0;
  for (const Value& entry : manifest->items()) {
    const std::string file = entry_text(entry, "file");
    CheckOptions options;
    options.model = entry_text(entry, "model");
    if (!file.starts_with("other/") || (options.model != "set" && options.model != "mutex")) {
      continue;
    }
    CAPTURE(file);
    const auto read = read_history(corpus + "/" + file);
    REQUIRE(read.has_value());
    const Verdict verdict =
        CheckerRegistry::instance().find("linearizable")->check(read->history, options);
    CHECK(to_string(verdict.validity) == entry_text(entry, "expected"));
    ++judged;
  }
  CHECK(judged >= 3);
}
