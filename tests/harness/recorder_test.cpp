#include "harness/run/recorder.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <new>
#include <thread>

#include "history/reader.hpp"
#include "run_support.hpp"
#include "tests/temporary_folder.hpp"

namespace gauntlet {

using namespace std::chrono_literals;

namespace {

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Operation event(std::int64_t index, Value value = {}) {
  Operation op = operation("write", std::move(value));
  op.index = index;
  op.type = index % 2 == 0 ? OperationType::invoke : OperationType::ok;
  return op;
}

/// A word that a child process and this one share.
struct Shared {
  std::atomic<std::size_t> recorded{0};
};

Shared* share() {
  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  return new (memory) Shared;
}

struct Counter : EventSink {
  explicit Counter(Shared* s) : shared(s) {}
  void on_event(const Operation&) override { ++shared->recorded; }
  Shared* shared;
};

/// Runs `body` in a child process; its answer is the child's exit code.
template <class Body>
pid_t in_child(Body body) {
  std::cout.flush();
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) _exit(body());
  return pid;
}

int exit_code(pid_t pid) {
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// A run that goes on until something stops it; 0 if the recorder's failure did.
int endless_run(const std::string& path, Shared* shared, const RecorderOptions& options) {
  auto recorder = Recorder::create(path, options);
  if (!recorder) return 3;
  Counter counter(shared);
  RunSetup setup;
  setup.concurrency = 4;
  setup.sinks = {recorder->get(), &counter};
  setup.open_client = [](Worker, Process) -> Result<ClientPtr> {
    return ClientPtr(std::make_unique<FunctionClient>(succeed));
  };
  auto generator = gen::fixed(operation("write", "a value of some length"));
  const RunSummary summary = run(*generator, setup);
  const bool said = summary.stopped_early && summary.notes.size() == 1 &&
                    summary.notes[0] == (*recorder)->failure();
  const bool lost = (*recorder)->lost() > 0;
  const bool closed = (*recorder)->close().has_value();
  return said && closed && !lost ? 0 : 4;
}

}  // namespace

TEST_CASE("a recorder writes lines, across chunks, and cuts the file at its end") {
  const TemporaryFolder folder;
  for (const bool mapped : {true, false}) {
    CAPTURE(mapped);
    const std::string path = folder.path(mapped ? "mapped" : "written");
    auto recorder = Recorder::create(path, {.chunk_bytes = 4096, .mapped = mapped});
    REQUIRE(recorder.has_value());
    std::string expected;
    Random random(5);
    for (int i = 0; i < 3000; ++i) {
      // Lengths from none to more than two chunks, and every position of a chunk's end.
      const std::size_t length = random.chance(0.02) ? random.below(10'000) : random.below(100);
      const Operation op = event(i, Value(std::string(length, static_cast<char>('a' + i % 26))));
      (*recorder)->on_event(op);
      append_json_line(expected, op);
    }
    CHECK((*recorder)->events() == 3000);
    CHECK((*recorder)->close().has_value());
    CHECK((*recorder)->close().has_value());
    CHECK(content(path) == expected);
    (*recorder)->on_event(event(3000));
    CHECK((*recorder)->lost() == 1);
    CHECK(content(path) == expected);
  }
}

TEST_CASE("what is recorded can be read at once, followed by NUL bytes at most") {
  const TemporaryFolder folder;
  auto recorder = Recorder::create(folder.path("h"));
  REQUIRE(recorder.has_value());
  std::string expected;
  for (int i = 0; i < 10; ++i) {
    (*recorder)->on_event(event(i));
    append_json_line(expected, event(i));
    const std::string now = content(folder.path("h"));
    CHECK(now.substr(0, expected.size()) == expected);
    CHECK(now.find_first_not_of('\0', expected.size()) == std::string::npos);
  }
  const auto repaired = repair_history(folder.path("h"));
  REQUIRE(repaired.has_error());
  CHECK(repaired.error().kind == ErrorKind::conflict);
}

TEST_CASE("a recorder refuses a file that exists and a folder that does not") {
  const TemporaryFolder folder;
  std::ofstream(folder.path("h")) << "precious\n";
  CHECK(Recorder::create(folder.path("h")).has_error());
  CHECK(content(folder.path("h")) == "precious\n");
  const auto nowhere = Recorder::create(folder.path("no/h"));
  REQUIRE(nowhere.has_error());
  CHECK(nowhere.error().what.find("no/h") != std::string::npos);
}

TEST_CASE("kill -9 in the middle of a run loses nothing that was recorded") {
  const TemporaryFolder folder;
  for (int i = 0; i < 8; ++i) {
    const bool mapped = i % 4 != 3;
    CAPTURE(i);
    const std::string path = folder.path("h" + std::to_string(i));
    Shared* shared = share();
    const pid_t child = in_child(
        [&] { return endless_run(path, shared, {.chunk_bytes = 65536, .mapped = mapped}); });
    while (shared->recorded < 20'000)
      std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(std::chrono::microseconds(1000 * i + 137 * i));
    kill(child, SIGKILL);
    CHECK(exit_code(child) == -SIGKILL);

    // A reader copes with it as it is; the same after the repair.
    auto before = read_history(path);
    REQUIRE(before.has_value());
    REQUIRE(repair_history(path).has_value());
    auto after = read_history(path);
    REQUIRE(after.has_value());
    CHECK(after->history.size() == before->history.size());
    CHECK(after->history.size() >= shared->recorded);
    CHECK(after->history.size() <= shared->recorded + 1);
    CHECK(after->warnings.size() <= 1);
    CHECK(content(path).find('\0') == std::string::npos);
    munmap(shared, sizeof(Shared));
  }
}

TEST_CASE("repair leaves a whole file alone and empties one of NUL bytes only") {
  const TemporaryFolder folder;
  std::ofstream(folder.path("whole")) << "{}\n";
  CHECK(repair_history(folder.path("whole")).value() == 0);
  CHECK(content(folder.path("whole")) == "{}\n");
  std::ofstream(folder.path("nul")) << std::string(100'000, '\0');
  CHECK(repair_history(folder.path("nul")).value() == 100'000);
  CHECK(content(folder.path("nul")).empty());
  CHECK(repair_history(folder.path("absent")).has_error());
}

TEST_CASE("a limit for the size of files ends the run in order, all of it recorded") {
  const TemporaryFolder folder;
  const std::string path = folder.path("h");
  Shared* shared = share();
  const int code = exit_code(in_child([&] {
    const rlimit limit{1 << 20, 1 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    return endless_run(path, shared, {.chunk_bytes = 256 << 10});
  }));
  CHECK(code == 0);
  const auto read = read_history(path);
  REQUIRE(read.has_value());
  CHECK(read->warnings.empty());
  CHECK(read->history.size() == shared->recorded);
  CHECK(read->history.size() > 5000);
  munmap(shared, sizeof(Shared));
}

TEST_CASE("a full disk ends the run in order, all of it recorded") {
  const TemporaryFolder folder;
  Shared* shared = share();
  // Only the child sees the small file system, so the child compares too.
  const int code = exit_code(in_child([&] {
    if (unshare(CLONE_NEWNS) != 0) return 77;
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    if (mount("none", folder.path().c_str(), "tmpfs", 0, "size=3m") != 0) return 77;
    const std::string path = folder.path("h");
    if (const int run_code = endless_run(path, shared, {.chunk_bytes = 1 << 20}); run_code != 0) {
      return run_code;
    }
    const auto read = read_history(path);
    if (!read || !read->warnings.empty()) return 5;
    if (read->history.size() != shared->recorded || read->history.size() < 5000) return 6;
    // No room for another history at all: an error, and no empty file left behind.
    std::ofstream(folder.path("filler")) << std::string(std::size_t{3} << 20, 'x');
    const auto second = Recorder::create(folder.path("h2"));
    if (second || second.error().what.find("full") == std::string::npos) return 7;
    return std::filesystem::exists(folder.path("h2")) ? 8 : 0;
  }));
  munmap(shared, sizeof(Shared));
  if (code == 77) {
    MESSAGE("not tried: mounting a small file system needs root");
  } else {
    CHECK(code == 0);
  }
}

}  // namespace gauntlet
