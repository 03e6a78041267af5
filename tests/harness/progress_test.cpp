#include "harness/run/progress.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <thread>

#include "harness/generator/generators.hpp"

namespace gauntlet {

using namespace std::chrono_literals;

namespace {

Operation completion(OperationType type) {
  Operation op = operation("read");
  op.type = type;
  return op;
}

Operation nemesis(std::string f, Value value = {}) {
  Operation op = operation(std::move(f), std::move(value));
  op.type = OperationType::info;
  op.process = nemesis_process;
  return op;
}

/// A pipe to draw on; `text` is what was drawn until the writer's end was closed.
class Screen {
 public:
  Screen() { REQUIRE(pipe(ends_) == 0); }
  ~Screen() { close(ends_[0]); }
  int descriptor() const { return ends_[1]; }
  std::string text() {
    close(ends_[1]);
    std::string result;
    char buffer[4096];
    for (ssize_t n = read(ends_[0], buffer, sizeof buffer); n > 0;
         n = read(ends_[0], buffer, sizeof buffer))
      result.append(buffer, static_cast<std::size_t>(n));
    return result;
  }

 private:
  int ends_[2];
};

}  // namespace

TEST_CASE("progress counts completions and shows the faults in place") {
  Screen screen;
  Progress progress(screen.descriptor(), false);
  progress.phase("load");
  CHECK(progress.line(200) == "load  0 s");
  progress.on_event(completion(OperationType::invoke));
  progress.on_event(completion(OperationType::ok));
  progress.on_event(completion(OperationType::ok));
  progress.on_event(completion(OperationType::fail));
  progress.on_event(completion(OperationType::info));
  CHECK(progress.line(200).find("ok 2  fail 1  info 1") != std::string::npos);

  progress.on_event(nemesis("inject-partition"));
  CHECK(progress.line(200).find("(inject-partition ...)") != std::string::npos);
  progress.on_event(nemesis("inject-partition",
                            Value::map({{"fault", 1}, {"targets", Value::list({"n1", "n2"})}})));
  CHECK(progress.line(200).ends_with("fault: partition n1 n2"));
  progress.on_event(nemesis("inject-kill"));
  progress.on_event(nemesis("inject-kill", Value::map({{"fault", 2}})));
  CHECK(progress.line(200).ends_with("fault: partition n1 n2, kill"));
  progress.on_event(nemesis("heal-partition", Value::map({{"fault", 1}})));
  progress.on_event(nemesis("heal-partition", Value::map({{"fault", 1}})));
  CHECK(progress.line(200).ends_with("fault: kill"));
  progress.on_event(nemesis("inject-pause"));
  progress.on_event(nemesis("inject-pause", Value::map({{"fault", 3}, {"skipped", "no process"}})));
  CHECK(progress.line(200).ends_with("fault: kill"));
  progress.on_event(nemesis("heal-all"));
  progress.on_event(nemesis("heal-all", "done"));
  CHECK(progress.line(200).find("fault") == std::string::npos);
}

TEST_CASE("progress is cut to the width and steers no terminal") {
  Screen screen;
  Progress progress(screen.descriptor(), false);
  progress.phase("a\x1b[2Jb\nc\xC3\xA9");
  const std::string line = progress.line(200);
  CHECK(line.starts_with("a?[2Jb?c?  "));
  CHECK(progress.line(5) == "a?[2J");
}

TEST_CASE("without a terminal there is a line for each phase") {
  Screen screen;
  Progress progress(screen.descriptor(), false);
  progress.phase("nodes");
  progress.phase("nodes");
  progress.on_event(completion(OperationType::ok));
  std::this_thread::sleep_for(250ms);
  progress.phase("load\x07");
  progress.finish();
  progress.phase("late");
  CHECK(screen.text() == "nodes\nload?\n");
}

TEST_CASE("on a terminal one line is drawn over and over, and removed at the end") {
  Screen screen;
  Progress progress(screen.descriptor(), true);
  progress.phase("load");
  for (int i = 0; i < 50; ++i) {
    progress.on_event(completion(OperationType::ok));
    std::this_thread::sleep_for(10ms);
  }
  progress.finish();
  progress.finish();
  const std::string text = screen.text();
  CHECK(text.find('\n') == std::string::npos);
  CHECK(text.find("\rload  0 s  ") != std::string::npos);
  CHECK(text.find("ops/s") != std::string::npos);
  CHECK(text.ends_with("\r\x1b[K"));
  std::size_t drawn = 0;
  for (std::size_t at = text.find('\r'); at != std::string::npos; at = text.find('\r', at + 1))
    ++drawn;
  CHECK(drawn >= 3);
  CHECK(drawn <= 10);
}

}  // namespace gauntlet
