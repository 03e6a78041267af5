// Every history of the corpora reads, with the operations and crashed operations that its manifest
// states. The corpora lie in GAUNTLET_CORPUS or in ../shared/histories beside the source.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "history/json_value.hpp"
#include "history/reader.hpp"

namespace gauntlet {

namespace {

std::string corpus_path() {
  const char* const given = std::getenv("GAUNTLET_CORPUS");
  return given != nullptr ? given : GAUNTLET_SOURCE_DIR "/../shared/histories";
}

std::int64_t count_operations(const History& history, bool crashed_only) {
  std::int64_t count = 0;
  for (EventIndex i = 0; i < history.size(); ++i) {
    if (!history.is_client(i) || history.type(i) != OperationType::invoke) continue;
    const EventIndex end = history.partner(i);
    const bool crashed = end == no_event || history.type(end) == OperationType::info;
    count += crashed || !crashed_only ? 1 : 0;
  }
  return count;
}

HistoryFormat format_named(const std::string& name) {
  static const std::map<std::string, HistoryFormat> formats = {
      {"edn", HistoryFormat::edn},
      {"json", HistoryFormat::json_array},
      {"log", HistoryFormat::jepsen_log},
      {"txt", HistoryFormat::porcupine_kv}};
  const auto found = formats.find(name);
  return found == formats.end() ? HistoryFormat::detect : found->second;
}

}  // namespace

TEST_CASE("every history of the corpora reads and counts as its manifest says") {
  const std::string corpus = corpus_path();
  if (!std::filesystem::exists(corpus + "/manifest.json")) {
    MESSAGE("skipped: no corpora at ", corpus, "; name them with GAUNTLET_CORPUS");
    return;
  }
  const auto manifest = read_json_file(corpus + "/manifest.json");
  REQUIRE(manifest.has_value());
  int read_count = 0;
  for (const Value& entry : manifest->items()) {
    const std::string file = entry.find("file")->string();
    if (file.starts_with("transactional/")) continue;
    CAPTURE(file);
    const auto read = read_history(corpus + "/" + file);
    if (!read) FAIL_CHECK(read.error().to_string());
    if (!read) continue;
    CHECK(read->warnings.empty());
    CHECK(read->format == format_named(entry.find("format")->string()));
    CHECK(count_operations(read->history, false) == entry.find("operations")->integer());
    CHECK(count_operations(read->history, true) == entry.find("crashed")->integer());
    ++read_count;
  }
  CHECK(read_count > 100);
}

TEST_CASE("the histories of other checkers read, with as many transactions as they hold") {
  const std::string corpus = corpus_path() + "/transactional";
  if (!std::filesystem::exists(corpus)) {
    MESSAGE("skipped: no corpora at ", corpus, "; name them with GAUNTLET_CORPUS");
    return;
  }
  struct Expected {
    const char* path;
    HistoryFormat format;
    std::int64_t transactions;
  };
  using enum HistoryFormat;
  for (const Expected& expected :
       {Expected{"cobra/ser-violation/cock-G2", cobra_log, 446},
        {"cobra/ser-violation/yuga-G2-a", cobra_log, 37'190},
        {"cobra/one-shot-10k/chengRW-10000", cobra_log, 9'564},
        {"cobra/one-shot-10k/rubis-10000", cobra_log, 9'358},
        {"polysi/violations/dgraph/history.bincode", dbcop_bincode, 800},
        {"polysi/fig7/20_100_15_10000_0.5_uniform/hist-00001", dbcop_bincode, 2'000},
        {"polysi/fig8_9_10/25_400_8_10000_0.5_uniform/hist-00000", dbcop_bincode, 10'000},
        {"plume/bugs/antidote.txt", transaction_text, 120},
        {"plume/reproduce/Galera/4_25_1_15/00000.txt", transaction_text, 98},
        {"plume/testcase/text/tap-b.txt", transaction_text, 2},
        {"plume/testcase/elle/tap-n.edn", edn, 6}}) {
    CAPTURE(expected.path);
    const auto read = read_history(corpus + "/" + expected.path);
    if (!read) FAIL_CHECK(read.error().to_string());
    if (!read) continue;
    CHECK(read->warnings.empty());
    CHECK(read->format == expected.format);
    CHECK_FALSE(read->history.has_real_time());
    CHECK(count_operations(read->history, false) == expected.transactions);
  }
}

}  // namespace gauntlet
