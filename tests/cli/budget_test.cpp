// What `gauntlet check` does when time or memory runs out: it says unknown, keeps the verdicts that
// it has, and stays within its limits. Memory is measured in a process of its own, since the peak
// of a process never goes down.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/clock.hpp"
#include "history/json_value.hpp"
#include "tests/cli/program.hpp"

using namespace gauntlet;

namespace {

constexpr std::int64_t mebibyte = 1 << 20;

/// A history as text, event by event.
class Written {
 public:
  void add(const char* type, int process, const std::string& f, const std::string& value,
           const std::string& key = "") {
    text_ += fmt::format(R"({{"index":{},"type":"{}","process":{},"f":"{}","value":{})", events_++,
                         type, process, f, value);
    text_ += key.empty() ? "}\n" : fmt::format(R"(,"key":"{}"}})", key) + "\n";
  }
  const std::string& text() const { return text_; }
  void save(const std::string& path) const { std::ofstream(path) << text_; }

  /// 24 appends at once, and a read that lacks one of them: 24! orders, and none fits.
  void add_hopeless(const std::string& key = "") {
    constexpr int appends = 24;
    for (int i = 0; i < appends; ++i)
      add("invoke", i, "append", std::to_string(i), key);
    for (int i = 0; i < appends; ++i)
      add("ok", i, "append", std::to_string(i), key);
    std::string items;
    for (int i = 1; i < appends; ++i)
      items += (i > 1 ? "," : "") + std::to_string(i);
    add("invoke", 0, "read", "null", key);
    add("ok", 0, "read", "[" + items + "]", key);
  }
  /// Two appends and a read, each by itself; the read sees both, or the first only.
  void add_easy(const std::string& key, bool is_valid) {
    for (const char* value : {"1", "2"}) {
      add("invoke", 0, "append", value, key);
      add("ok", 0, "append", value, key);
    }
    add("invoke", 0, "read", "null", key);
    add("ok", 0, "read", is_valid ? "[1,2]" : "[1]", key);
  }

 private:
  std::string text_;
  std::size_t events_ = 0;
};

struct Checked {
  int exit_code;
  Value line;
  std::string text(const char* name) const { return line.find(name)->string(); }
  std::int64_t peak_bytes() const { return line.find("peak_memory_bytes")->integer(); }
};

Checked check(const std::string& path, std::vector<std::string> options) {
  options.insert(options.begin(), {"check", path, "--json"});
  const auto result = gauntlet::gauntlet(options, std::chrono::seconds(120));
  CAPTURE(result.error_output);
  const auto line = parse_json(result.output, "stdout");
  REQUIRE(line.has_value());
  return {result.exit_code, *line};
}

/// Sanitizers take memory of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool measures_memory = false;
#else
constexpr bool measures_memory = true;
#endif

}  // namespace

TEST_CASE("a search that needs more than the memory limit is unknown and stays within it") {
  if (!measures_memory) return;
  const Scratch scratch;
  const std::string file = scratch.path("history.jsonl");
  Written history;
  history.add_hopeless();
  history.save(file);
  for (const char* threads : {"1", "2"}) {
    const Checked checked = check(file, {"--model", "list", "--memory-limit", "100M",
                                         "--time-limit", "60s", "--threads", threads});
    CHECK(checked.exit_code == 2);
    CHECK(*checked.line.find("valid") == Value("unknown"));
    CHECK(checked.text("reason").starts_with("the memory limit was reached"));
    CHECK(checked.peak_bytes() < 110 * mebibyte);
    CHECK(checked.peak_bytes() > 50 * mebibyte);  // it did try
  }
}

TEST_CASE("a history that does not fit the memory limit is unknown, whatever its format") {
  if (!measures_memory) return;
  const Scratch scratch;
  Written history;
  for (int i = 0; i < 400'000; ++i) {
    history.add("invoke", 0, "write", std::to_string(i % 5));
    history.add("ok", 0, "write", std::to_string(i % 5));
  }
  history.save(scratch.path("lines.jsonl"));
  std::string array = "[" + history.text();
  for (std::size_t at = array.find("}\n{"); at != std::string::npos; at = array.find("}\n{", at))
    array[at + 1] = ',';
  std::ofstream(scratch.path("array.json")) << array << "]";
  std::string edn = history.text();
  std::replace(edn.begin(), edn.end(), ':', ' ');
  std::ofstream(scratch.path("history.edn")) << edn;
  for (const char* name : {"lines.jsonl", "array.json", "history.edn"}) {
    CAPTURE(name);
    const std::string format = std::string(name).ends_with(".edn") ? "edn" : "detect";
    const Checked checked = check(
        scratch.path(name), {"--model", "register", "--format", format, "--memory-limit", "20M"});
    CAPTURE(checked.text("reason"));
    CHECK(checked.exit_code == 2);
    CHECK(*checked.line.find("valid") == Value("unknown"));
    CHECK(checked.text("reason").find("memory") != std::string::npos);
    CHECK(checked.peak_bytes() < 22 * mebibyte);
  }
}

TEST_CASE("the time limit holds while reading and while searching") {
  const Scratch scratch;
  const std::string hopeless = scratch.path("hopeless.jsonl");
  const std::string pipe = scratch.path("long.jsonl");
  Written history;
  history.add_hopeless();
  history.save(hopeless);
  const Nanos began_ns = monotonic_now();
  const Checked searched = check(hopeless, {"--model", "list", "--time-limit", "300ms"});
  CHECK(searched.exit_code == 2);
  CHECK(searched.text("reason").starts_with("the time limit was reached"));
  CHECK(searched.text("reason").find("an order exists up to operation") != std::string::npos);
  CHECK(monotonic_now() - began_ns < 20 * nanos_per_second);  // with a busy machine in mind

  Written lines;
  for (int i = 0; i < 200'000; ++i) {
    lines.add("invoke", 0, "write", "1");
    lines.add("ok", 0, "write", "1");
  }
  lines.save(pipe);
  const Checked read = check(pipe, {"--model", "register", "--time-limit", "10ms"});
  CHECK(read.exit_code == 2);
  CHECK(read.text("reason").find("the time limit was reached") != std::string::npos);
}

TEST_CASE("the verdicts on the keys that were finished are kept") {
  const Scratch scratch;
  const std::string file = scratch.path("history.jsonl");
  Written history;
  history.add_easy("good", true);
  history.add_hopeless("hopeless");
  history.save(file);
  const std::vector<std::string> options = {"--model", "list", "--time-limit", "500ms"};
  Checked checked = check(file, options);
  CHECK(checked.exit_code == 2);
  REQUIRE(checked.line.find("parts")->items().size() == 2);
  CHECK(*checked.line.find("parts")->items()[0].find("valid") == Value("unknown"));
  CHECK(*checked.line.find("parts")->items()[1].find("valid") == Value(true));
  CHECK(checked.line.find("parts")->items()[0].find("reason")->string().find(
            "an order exists up") != std::string::npos);

  history.add_easy("bad", false);
  history.save(file);
  checked = check(file, options);
  CHECK(checked.exit_code == 1);
  REQUIRE(checked.line.find("parts")->items().size() == 3);
  CHECK(*checked.line.find("parts")->items()[0].find("valid") == Value(false));
  CHECK(checked.line.find("anomalies")->items().size() == 1);
}
