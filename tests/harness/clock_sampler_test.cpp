// Clocks of nodes, sampled while a run goes on, and read back.
#include "harness/run/clock_sampler.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <thread>

#include "harness/run/clock_samples.hpp"
#include "tests/fake_database.hpp"
#include "tests/result_printing.hpp"
#include "tests/temporary_folder.hpp"

using namespace gauntlet;

namespace {

class DatedNode : public Node {
 public:
  explicit DatedNode(std::string name) : name_(std::move(name)) {}
  const std::string& name() const override { return name_; }
  const std::string& address() const override { return name_; }
  Result<CommandResult> run(const Command&) override {
    CommandResult result;
    result.exit_code = 0;
    result.output = "1000000000\n";  // in 1970
    return result;
  }
  Result<void> upload(std::string_view, const std::string&, int, bool) override { return {}; }
  Result<void> download(const std::string&, const std::string&, std::size_t, bool) override {
    return {};
  }

 private:
  std::string name_;
};

class ThreeNodes : public Cluster {
 public:
  std::string_view provider() const override { return "fake"; }
  std::vector<Node*> nodes() const override { return {&ahead_, &dead_, &silent_}; }

 private:
  mutable DatedNode ahead_{"ahead"}, dead_{"dead"}, silent_{"silent"};
};

/// Tells a time that is five minutes ahead, or fails, or does not tell.
class ClockDatabase : public FakeDatabase {
 public:
  Result<std::optional<ClockReading>> clock(Node& node) override {
    if (node.name() == "dead") return failure(ErrorKind::transport, "connection \"refused\"\n");
    if (node.name() == "silent") return std::optional<ClockReading>();
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::optional<ClockReading>(
        {std::chrono::nanoseconds(now).count() + 300 * nanos_per_second, 7});
  }
};

}  // namespace

TEST_CASE("clocks are sampled from the run's start on, each node by itself") {
  const TemporaryFolder folder;
  const std::string path = folder.path("clocks.jsonl");
  ThreeNodes cluster;
  ClockDatabase database;
  auto sampler = ClockSampler::create(path, cluster, database, std::chrono::milliseconds(5));
  REQUIRE(sampler);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(read_clock_samples(path)->empty());  // the run has not begun
  Operation first;
  first.time_ns = 10 * nanos_per_second;
  (*sampler)->on_event(first);
  (*sampler)->on_event(Operation{});
  const auto deadline = Deadline::after(std::chrono::seconds(10));
  std::vector<NodeClock> clocks;
  const auto enough = [&] {
    clocks = *read_clock_samples(path);
    return clocks.size() == 3 && std::ranges::all_of(clocks, [](const NodeClock& clock) {
             return clock.samples.size() + clock.unanswered >= 2;
           });
  };
  while (!enough() && !deadline.passed())
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  (*sampler)->finish();
  REQUIRE(enough());
  for (const NodeClock& clock : clocks) {
    CAPTURE(clock.node);
    CHECK(clock.samples.empty() == (clock.node == "dead"));
    CHECK((clock.unanswered > 0) == (clock.node == "dead"));
    CHECK(clock.of_database == (clock.node == "ahead"));
    for (const ClockSample& sample : clock.samples) {
      CHECK(sample.at_ns >= 10 * nanos_per_second);
      CHECK(sample.at_ns < 30 * nanos_per_second);
      CHECK(sample.within_ns >= (clock.of_database ? 7 : 0));
      const Nanos off_ns = sample.offset_ns - 300 * nanos_per_second;
      if (clock.of_database) {
        CHECK(std::abs(off_ns) <= sample.within_ns + nanos_per_millisecond);
      } else {
        CHECK(sample.offset_ns < -nanos_per_second * 1'000'000'000);
      }
    }
  }
  CHECK(ClockSampler::create(path, cluster, database, std::chrono::seconds(1)).has_error());
}

TEST_CASE("what is no sample in a file of clocks is left out") {
  const TemporaryFolder folder;
  const std::string path = folder.path("clocks.jsonl");
  CHECK(read_clock_samples(path).has_error());
  std::ofstream(path)
      << "{\"time\":1,\"node\":\"n1\",\"of\":\"database\",\"offset\":-5,\"within\":2}\n"
         "nonsense\n[]\n{\"time\":\"x\",\"node\":\"n1\",\"offset\":1,\"within\":1}\n"
         "{\"time\":2,\"node\":7}\n{\"time\":3,\"node\":\"n1\",\"offset\":1.5}\n"
         "{\"time\":4,\"node\":\"n2\",\"error\":\"gone\"}\n{\"time\":5,\"no";
  const auto clocks = read_clock_samples(path);
  REQUIRE(clocks);
  REQUIRE(clocks->size() == 2);
  CHECK(clocks->front().samples.size() == 1);
  CHECK(clocks->front().samples.front().offset_ns == -5);
  CHECK(clocks->back().unanswered == 1);
}
