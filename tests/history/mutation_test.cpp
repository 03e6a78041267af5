// A fuzzer in small: mutations of valid inputs, the same on every run. The real ones are in
// tests/fuzz.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/random.hpp"
#include "tests/history/reading_invariants.hpp"

namespace gauntlet {

namespace {

constexpr std::string_view json_line_seeds[] = {
    R"({"index":0,"time":1234567890123,"type":"invoke","process":0,"f":"write","value":3})",
    R"({"index":1,"time":22,"type":"ok","process":0,"f":"cas","value":[1,-20],"key":7,"node":"n1"})",
    R"({"index":2,"time":23,"type":"info","process":12,"f":"txn","value":[["append",3,[1,2,"x"]],["r",4,null]],"error":"timed out"})",
    R"({"type":"fail","f":"read","process":2147483647,"value":null,"time":999999999999999999})",
    R"({"type": "info", "process": "nemesis", "f": "kill", "value": {"n1": true, "n2": [false, 1.5e3]}})",
    R"({"type":"ok","process":3,"f":"read","value":"\u00e9\ud83d\ude00\n<"})",
};

constexpr std::string_view edn_seed =
    "; comment\n[{:process 0, :type :invoke, :f :cas, :value [1 -2], :index 0, :time 17}\n"
    " #jepsen.history.Op{:process 0 :type :ok :f :cas :value [1 -2] :error [:socket \"a\\n\"]}\n"
    "{:process :nemesis, :type :info, :f :start, :value {\"n1\" #{:a \\b 3/4 7N ##Inf 1.5M}}}\n"
    "{:process 1, :type :info, :f :txn, :value [[:append 1 #inst \"x\"] #_ (x) [:r 2 nil]], :node "
    "\"n\\u00e9\", :exception #object[a.b$c__1 0x1f {:status :pending}]}]";

constexpr std::string_view log_seed =
    "INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 1\t:invoke\t:cas\t[1 2]\n"
    "INFO  jepsen.util - :nemesis\t:info\t:start\tnil\n"
    "INFO  jepsen.util - 0\t:ok\t:read\t4\nINFO  jepsen.util - 1\t:info\t:cas\t:timed-out\n";

constexpr std::string_view tokens[] = {"\"",
                                       "\\",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       "\n",
                                       "\r\n",
                                       "0",
                                       "-",
                                       "1e999",
                                       "null",
                                       "true",
                                       "#",
                                       "#{",
                                       "#_",
                                       "^",
                                       ";",
                                       "nil",
                                       ":type",
                                       "\xFF",
                                       "\xC3",
                                       "\"f\":",
                                       "\\u0",
                                       "\\ud",
                                       "()",
                                       "99999999999999999999",
                                       std::string_view("\0", 1)};

/// One to four small changes: a byte, a piece cut, doubled or moved, a token put in.
std::string mutated(std::string text, Random& random) {
  const auto changes = random.between(1, 4);
  for (std::int64_t i = 0; i < changes && !text.empty(); ++i) {
    const std::size_t at = random.below(text.size());
    const std::size_t length = random.below(std::min<std::size_t>(text.size() - at, 30) + 1);
    switch (random.below(6)) {
      case 0:
        text[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(random.below(text.size()), text.substr(at, length));
        break;
      case 3:
        text.insert(at, tokens[random.below(std::size(tokens))]);
        break;
      case 4:
        text.resize(at);
        break;
      default:
        text[at] = static_cast<char>(text[at] ^ (1 << random.below(7)));
        break;
    }
  }
  return text;
}

void check_mutations(const std::string& seed, HistoryFormat format, int count) {
  Random random(42);
  for (int i = 0; i < count; ++i) {
    const std::string text = mutated(seed, random);
    const std::string broken = broken_invariant(text, format);
    if (broken.empty()) continue;
    CAPTURE(text);
    FAIL_CHECK(broken);
  }
}

std::string joined_lines() {
  std::string lines;
  for (const std::string_view line : json_line_seeds)
    lines += std::string(line) + "\n";
  return lines;
}

}  // namespace

TEST_CASE("mutated histories keep the invariants of reading") {
  constexpr int count = 3000;
  std::string array = "[";
  for (const std::string_view line : json_line_seeds)
    array += (array.size() > 1 ? ", " : "") + std::string(line);
  array += "]";
  using enum HistoryFormat;
  check_mutations(joined_lines(), json_lines, count);
  check_mutations(array, json_array, count);
  check_mutations(std::string(edn_seed), edn, count);
  check_mutations(std::string(log_seed), jepsen_log, count);
  for (const std::string& seed :
       {joined_lines(), array, std::string(edn_seed), std::string(log_seed)}) {
    check_mutations(seed, detect, count / 4);
  }
}

TEST_CASE("mutated files of other checkers keep the invariants of reading") {
  constexpr int count = 5000;
  const std::string folder = GAUNTLET_SOURCE_DIR "/tests/fuzz/seeds/";
  using enum HistoryFormat;
  for (const auto& [name, format] : {std::pair{"cobra.log", cobra_log},
                                     {"dbcop.bincode", dbcop_bincode},
                                     {"plume.txt", transaction_text}}) {
    CAPTURE(name);
    std::ifstream in(folder + name, std::ios::binary);
    const std::string seed((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    REQUIRE_FALSE(seed.empty());
    check_mutations(seed, format, count);
    check_mutations(seed, detect, count / 4);
  }
}

TEST_CASE("what the fast parser takes, the full one takes alike") {
  Random random(43);
  for (const std::string_view seed : json_line_seeds) {
    for (int i = 0; i < 5000; ++i) {
      const std::string line = mutated(std::string(seed), random);
      const std::string difference = parser_difference(line);
      if (difference.empty()) continue;
      CAPTURE(line);
      FAIL_CHECK(difference);
    }
  }
}

TEST_CASE("inputs that once broke a reader keep the invariants") {
  const std::filesystem::path folder = GAUNTLET_SOURCE_DIR "/tests/regressions/history";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    CAPTURE(entry.path().string());
    using enum HistoryFormat;
    for (const HistoryFormat format : {detect, json_lines, json_array, edn, jepsen_log, cobra_log,
                                       dbcop_bincode, transaction_text})
      CHECK(broken_invariant(text, format) == "");
    CHECK(parser_difference(text) == "");
    ++files;
  }
  CHECK(files > 0);
}

}  // namespace gauntlet
