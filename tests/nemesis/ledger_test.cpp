#include "nemesis/ledger.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/temporary_folder.hpp"

using namespace gauntlet;

namespace {

const Value plan = Value::map({{"targets", Value::list({"n1", "<\"\n>"})}, {"rules", 3}});

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void append_to(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::app) << text;
}

}  // namespace

TEST_CASE("a ledger tells what is in place") {
  const TemporaryFolder folder;
  const std::string path = folder.path("faults.jsonl");
  auto ledger = FaultLedger::create(path);
  REQUIRE(ledger.has_value());
  CHECK(*(*ledger)->injecting("partition", plan) == 1);
  CHECK(*(*ledger)->injecting("kill", plan) == 2);
  CHECK((*ledger)->observed(1, true, "seen").has_value());
  CHECK((*ledger)->healed(1, "gone").has_value());

  const auto entries = FaultLedger::read(path);
  REQUIRE(entries.has_value());
  REQUIRE(entries->size() == 2);
  CHECK((*entries)[0].healed);
  CHECK_FALSE((*entries)[1].healed);
  CHECK((*entries)[1].fault == "kill");
  CHECK((*entries)[1].id == 2);
  CHECK((*entries)[1].plan == plan);
}

TEST_CASE("a ledger is gone on with, without its cut last line") {
  const TemporaryFolder folder;
  const std::string path = folder.path("faults.jsonl");
  CHECK(*(*FaultLedger::create(path))->injecting("kill", plan) == 1);
  append_to(path, R"({"event":"inject","id":2,"fault":"pau)");
  CHECK(FaultLedger::read(path)->size() == 1);

  CHECK(*(*FaultLedger::create(path))->injecting("pause", plan) == 2);
  const auto entries = FaultLedger::read(path);
  REQUIRE(entries->size() == 2);
  CHECK((*entries)[1].fault == "pause");
}

TEST_CASE("lines that make no sense do not hide the others") {
  const TemporaryFolder folder;
  const std::string path = folder.path("faults.jsonl");
  CHECK((*FaultLedger::create(path))->injecting("kill", plan).has_value());
  append_to(path,
            "nonsense\n[]\n{}\n{\"event\":7}\n{\"event\":\"inject\",\"id\":\"x\"}\n"
            "{\"event\":\"inject\",\"id\":9,\"fault\":\"kill\"}\n"
            "{\"event\":\"healed\",\"id\":5}\n\xff\xfe\n" +
                std::string(5000, '[') + "\n");
  CHECK(*(*FaultLedger::create(path))->injecting("pause", plan) == 2);
  const auto entries = FaultLedger::read(path);
  REQUIRE(entries.has_value());
  REQUIRE(entries->size() == 2);
  CHECK((*entries)[0].fault == "kill");
  CHECK((*entries)[1].fault == "pause");
}

TEST_CASE("a ledger that cannot be opened is an error") {
  const TemporaryFolder folder;
  CHECK(FaultLedger::create(folder.path("absent/faults.jsonl")).error().kind ==
        ErrorKind::resource);
  CHECK(FaultLedger::read(folder.path("absent.jsonl")).has_error());
}

TEST_CASE("a full disk is an error, and what was noted before stays") {
  auto ledger = FaultLedger::create("/dev/full");
  if (!ledger) return;  // no such device here
  CHECK((*ledger)->injecting("kill", plan).error().kind == ErrorKind::resource);
}

TEST_CASE("a process that is killed while it writes loses at most the line under way") {
  for (int round = 0; round < 5; ++round) {
    const TemporaryFolder folder;
    const std::string path = folder.path("faults.jsonl");
    int pipes[2];
    REQUIRE(pipe(pipes) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const auto ledger = FaultLedger::create(path);
      for (;;) {
        const auto id = (*ledger)->injecting("partition", plan);
        if (!id || write(pipes[1], &*id, sizeof *id) != sizeof *id) _exit(1);
      }
    }
    close(pipes[1]);
    std::int64_t acknowledged = 0;
    for (int i = 0; i < 20 + round; ++i)
      REQUIRE(read(pipes[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read(pipes[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
    }
    close(pipes[0]);

    const auto entries = FaultLedger::read(path);
    REQUIRE(entries.has_value());
    CHECK(static_cast<std::int64_t>(entries->size()) >= acknowledged);
    CHECK(static_cast<std::int64_t>(entries->size()) <= acknowledged + 1);
    for (std::size_t i = 0; i < entries->size(); ++i)
      CHECK((*entries)[i].id == static_cast<std::int64_t>(i) + 1);
    const auto ledger = FaultLedger::create(path);
    CHECK(*(*ledger)->injecting("kill", plan) == static_cast<std::int64_t>(entries->size()) + 1);
    CHECK(content_of(path).ends_with("}\n"));
  }
}
