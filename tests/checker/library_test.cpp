// The library's front: recordings and lists of operations become the histories that they mean.

#include "checker/library.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace gauntlet;

namespace {

Verdict check_timed(const char* model, const std::vector<TimedOperation>& operations) {
  return check(model, history_of(operations), {.initial = 0});
}

}  // namespace

TEST_CASE("a stale read in a recording is found and told") {
  Recording recording;
  recording.invoke(0, "write", 1);
  recording.ok(0);
  recording.invoke(1, "read");
  recording.ok(1, 0);
  const Verdict verdict = check("register", recording.finish(), {.initial = 0});
  CHECK(verdict.validity == Validity::invalid);
  REQUIRE(verdict.anomalies.size() == 1);
  CHECK(verdict.anomalies[0].verified_by != "");
  const std::string text = to_text(verdict);
  CHECK(text.starts_with("invalid (register): "));
  CHECK(text.find("stale read\n") != std::string::npos);
  CHECK(text.find(verdict.anomalies[0].explanation.front()) != std::string::npos);
}

TEST_CASE("what failed did not happen, what is indefinite or outstanding may have") {
  for (const int read : {1, 2, 3}) {
    Recording recording;
    recording.invoke(0, "write", 1);
    recording.fail(0);
    recording.invoke(0, "write", 2);
    recording.info(0);
    recording.invoke(1, "write", 3);
    recording.invoke(2, "read");
    recording.ok(2, read);
    const Verdict verdict = check("register", recording.finish(), {.initial = 0});
    CAPTURE(read);
    CHECK(verdict.validity == (read == 1 ? Validity::invalid : Validity::valid));
    CHECK(verdict.crashed == 2);
  }
}

TEST_CASE("keys tell objects apart") {
  Recording recording;
  recording.invoke(0, "write", 1, "a");
  recording.ok(0);
  recording.invoke(0, "write", 2, "b");
  recording.ok(0);
  recording.invoke(0, "read", {}, "a");
  recording.ok(0, 1);
  const Verdict verdict = check("register", recording.finish(), {.initial = 0});
  CHECK(verdict.validity == Validity::valid);
  CHECK(verdict.parts_total == 2);
}

TEST_CASE("what no client can do is an error, and its verdict unknown") {
  const auto reason = [](auto use) {
    Recording recording;
    use(recording);
    const auto history = recording.finish();
    REQUIRE(!history.has_value());
    CHECK(history.error().kind == ErrorKind::usage);
    const Verdict verdict = check("register", history);
    CHECK(verdict.validity == Validity::unknown);
    CHECK(verdict.reason == history.error().to_string());
    return verdict.reason;
  };
  CHECK(reason([](Recording& r) { r.ok(7, 1); }).find("process 7 completes") == 0);
  CHECK(reason([](Recording& r) { r.invoke(-1, "read"); }).find("process -1 invokes read") == 0);
  CHECK(reason([](Recording& r) {
          r.invoke(0, "read");
          r.invoke(0, "write", 1);
        }).find("still outstanding") != std::string::npos);
  CHECK(reason([](Recording& r) {
          r.invoke(0, "write", 1);
          r.info(0);
          r.invoke(0, "read");
        }).find("after its info") != std::string::npos);
}

TEST_CASE("a recording is empty once it was taken") {
  Recording recording;
  recording.invoke(0, "write", 1);
  REQUIRE(recording.finish().has_value());
  recording.invoke(0, "write", 2);
  const auto second = recording.finish();
  REQUIRE(second.has_value());
  CHECK(second->size() == 1);
}

TEST_CASE("threads may record at once") {
  Recording recording;
  std::mutex object;
  std::int64_t held = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (Process process = 0; process < 4; ++process) {
    threads.emplace_back([&, process] {
      for (std::int64_t i = 0; i < 200; ++i) {
        const bool reads = i % 2 == 0;
        const std::int64_t value = std::int64_t{process} * 1000 + i;
        recording.invoke(process, reads ? "read" : "write", reads ? Value() : Value(value));
        std::int64_t answer = value;
        {
          const std::lock_guard lock(object);
          (reads ? answer : held) = reads ? held : value;
        }
        recording.ok(process, answer);
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  const Verdict verdict = check("register", recording.finish(), {.initial = 0});
  CHECK(verdict.validity == Validity::valid);
  CHECK(verdict.operations == 800);
}

TEST_CASE("operations with times are ordered by them, whatever the order of the list") {
  const std::vector<TimedOperation> stale = {
      {.f = "read", .result = 0, .invoked_ns = 30, .completed_ns = 40},
      {.f = "write", .argument = 1, .invoked_ns = 10, .completed_ns = 20}};
  CHECK(check_timed("register", stale).validity == Validity::invalid);

  auto touching = stale;
  touching[0].invoked_ns = 20;  // the write's end: which came first is not known
  CHECK(check_timed("register", touching).validity == Validity::valid);

  auto crashed = stale;
  crashed[1].completed_ns = TimedOperation::never;
  const Verdict verdict = check_timed("register", crashed);
  CHECK(verdict.validity == Validity::valid);
  CHECK(verdict.crashed == 1);
}

TEST_CASE("operations with times that cannot be are refused") {
  const auto refused = history_of(std::vector<TimedOperation>{
      {.f = "read", .result = 0, .invoked_ns = 30, .completed_ns = 20}});
  REQUIRE(!refused.has_value());
  CHECK(refused.error().what.find("ends before it begins") != std::string::npos);
  const auto overlapping = history_of(std::vector<TimedOperation>{
      {.f = "read", .result = 0, .invoked_ns = 10, .completed_ns = 30, .process = 0},
      {.f = "read", .result = 0, .invoked_ns = 20, .completed_ns = 40, .process = 0}});
  REQUIRE(!overlapping.has_value());
  CHECK(overlapping.error().what.find("still outstanding") != std::string::npos);
}

TEST_CASE("operations of nobody in particular get numbers that nobody else has") {
  const auto history = history_of(std::vector<TimedOperation>{
      {.f = "read", .result = 0, .invoked_ns = 10, .completed_ns = 30, .process = 0},
      {.f = "read", .result = 0, .invoked_ns = 20, .completed_ns = 40},
      {.f = "read", .result = 0, .invoked_ns = 25, .completed_ns = 45}});
  REQUIRE(history.has_value());
  CHECK(history->process(0) == 0);
  CHECK(history->process(1) == 1);
  CHECK(history->process(2) == 2);
}

TEST_CASE("a model that is not there is unknown") {
  Recording recording;
  const Verdict verdict = check("no-such-model", recording.finish());
  CHECK(verdict.validity == Validity::unknown);
  CHECK(verdict.reason.find("no-such-model") != std::string::npos);
}
