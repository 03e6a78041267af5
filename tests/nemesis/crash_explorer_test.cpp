// What a database shows on crash states, judged against what a record says it had acknowledged.
#include "nemesis/crash/crash_explorer.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/nemesis/fakes.hpp"
#include "tests/result_printing.hpp"

using namespace gauntlet;
using namespace gauntlet::crash;

namespace {

/// A set, as it is read after each start.
class SetDatabase : public FakeDatabase {
 public:
  struct Start {
    Value::List elements;
    std::optional<Error> error = std::nullopt;
  };
  class SetClient : public Client {
   public:
    explicit SetClient(Value::List elements) : elements_(std::move(elements)) {}
    void invoke(Operation& operation, Deadline) override {
      operation.type = OperationType::ok;
      operation.value = Value(elements_);
    }

   private:
    Value::List elements_;
  };

  std::vector<std::string> functions() const override { return {"read", "add"}; }
  Result<void> await_ready(Deadline) override {
    now = starts.empty() ? Start{} : starts.front();
    if (!starts.empty()) starts.erase(starts.begin());
    return now.error ? Result<void>(*now.error) : Result<void>();
  }
  Result<ClientPtr> open_client(Node&, Deadline) override {
    return std::make_unique<SetClient>(now.elements);
  }

  std::vector<Start> starts;  ///< what the next ones show; then nothing is there
  Start now;
};

struct Bench {
  /// Explores the end of the record (and, by `points`, more), after a base that holds nothing.
  Result<Exploration> explore(std::vector<SetDatabase::Start> starts,
                              const std::vector<CrashPoint>& points = {{9, "whole", 0, 5}}) {
    database.starts = std::move(starts);
    database.starts.insert(database.starts.begin(), base);
    node.answer = [this](const std::string& script) -> std::string {
      if (script.find("disk-replay") == std::string::npos) return " ";
      const std::size_t at = script.find("--to ") + 5;
      const auto end = script.find_first_not_of("0123456789", at);
      return fmt::format("state {:0>16} bytes 1 files 1 names 0\nfile log 1 pages\n",
                         same_states ? "0" : script.substr(at, end - at));
    };
    ExplorerOptions options;
    options.function = "add";
    options.states_max = 10;
    CrashExplorer explorer(node, database, {"/data"}, index, options);
    return explorer.explore(points);
  }
  Trial trial(std::vector<SetDatabase::Start> starts) {
    auto exploration = explore(std::move(starts));
    REQUIRE(exploration);
    REQUIRE(exploration->trials.size() == 1);
    return exploration->trials.front();
  }

  FakeNode node{"n1", "10.0.0.1"};
  SetDatabase database;
  SetDatabase::Start base;
  bool same_states = false;
  /// 0 is acknowledged by 6, 1 is begun at 7 and acknowledged by 9, 2 begins at 11.
  RecordIndex index = *parse_record_index(
      "3 mark invoke\\x200\n5 fsync log\n6 mark ok\\x200\n7 mark invoke\\x201\n9 mark ok\\x201\n"
      "10 fsync log\n11 mark invoke\\x202\n12 end\n");
};

Error ended() {
  return failure(ErrorKind::remote, "it has ended");
}

}  // namespace

TEST_CASE("a state is judged by what was acknowledged and what had begun") {
  Bench bench;
  // The state stands for the points 5 to 9: all acknowledged by 9, and none that began after 5.
  CHECK(bench.trial({{{0, 1}}, {{0, 1}}}).outcome == Outcome::invents);
  bench.index.marks[2].entry = 4;  // 1 begins before the fsync
  CHECK(bench.trial({{{0, 1}}}).outcome == Outcome::holds);
  const Trial lost = bench.trial({{{1}}, {{1}}});
  CHECK(lost.outcome == Outcome::loses);
  CHECK(lost.missing == std::vector<std::int64_t>{0});
  CHECK(lost.acknowledged == 2);
  CHECK(lost.sync == "fsync log");
  CHECK(lost.undurable == std::vector<std::string>{"file log 1 pages"});
  const Trial invented = bench.trial({{{0, 1, 2}}, {{0, 1, 2}}});
  CHECK(invented.outcome == Outcome::invents);
  CHECK(invented.unexpected == std::vector<std::int64_t>{2});
  CHECK(bench.trial({{{0, 1, 1}}, {{0, 1, 1}}}).why == "the set has 1 twice");
}

TEST_CASE("a finding is tried twice, and is none if the second start shows something else") {
  Bench bench;
  bench.index.marks[2].entry = 4;
  const Trial trial = bench.trial({{{0}}, {{0, 1}}});
  CHECK(trial.outcome == Outcome::unknown);
  CHECK(trial.why == "two starts on the same state showed different things");
  // A second start of which nothing is known confirms nothing, even where nothing was found.
  const Error late = failure(ErrorKind::timeout, "late");
  CHECK(bench.trial({{{}}, {{}, late}}).outcome == Outcome::unknown);
  CHECK(bench.trial({{{}}, {{}}}).outcome == Outcome::loses);
  CHECK(bench.trial({{{0, 1, 1}}, {{0, 1}}}).outcome == Outcome::unknown);
}

TEST_CASE("a database that ends refuses a state; one that is only late leaves it unknown") {
  Bench bench;
  CHECK(bench.trial({{{}, ended()}, {{}, ended()}}).outcome == Outcome::refuses);
  const Error late = failure(ErrorKind::timeout, "late");
  CHECK(bench.trial({{{}, late}}).outcome == Outcome::unknown);
  // Where it does not start on its own data afterwards, it is not the state's fault.
  CHECK(bench.trial({{{}, ended()}, {{}, ended()}, {{}, ended()}}).outcome == Outcome::unknown);
  bench.base.error = ended();
  CHECK_FALSE(bench.explore({}));
}

TEST_CASE("equal states are started once and judged for each of their points") {
  Bench bench;
  bench.same_states = true;
  const auto exploration =
      bench.explore({{{0}}}, {{6, "pages", 1, 6}, {5, "pages", 2, 5}, {9, "pages", 3, 9}});
  REQUIRE(exploration);
  REQUIRE(exploration->trials.size() == 3);
  CHECK(exploration->states == 1);
  CHECK(exploration->trials[0].started);
  CHECK_FALSE(exploration->trials[2].started);
  CHECK(exploration->trials[0].outcome == Outcome::holds);
  CHECK(exploration->trials[1].outcome == Outcome::holds);
  CHECK(exploration->trials[2].missing == std::vector<std::int64_t>{1});
}

TEST_CASE("nothing bad says something only where something was at stake") {
  Bench bench;
  bench.index.marks[2].entry = 4;
  CHECK(bench.explore({{{0, 1}}})->doubt() == "");
  CHECK(bench.explore({}, {{4, "whole", 0, 0}})->doubt() ==
        "no operation was acknowledged before any of the crashes");
  CHECK(bench.explore({}, {})->doubt() == "no crash state was tried");
  bench.node.down = true;
  CHECK_FALSE(bench.explore({}));
}
