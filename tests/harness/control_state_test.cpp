#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>
#include <vector>

#include "base/subprocess.hpp"
#include "harness/control/checksum.hpp"
#include "harness/control/command_log.hpp"
#include "harness/control/file_lock.hpp"
#include "harness/control/owner.hpp"
#include "harness/control/ssh_key.hpp"
#include "harness/control/state_directory.hpp"
#include "harness/control/subnet.hpp"
#include "harness/control/text.hpp"
#include "tests/result_printing.hpp"
#include "tests/temporary_folder.hpp"

using namespace gauntlet;
namespace fs = std::filesystem;

namespace {

/// A state directory that is this test's own.
class TemporaryHome {
 public:
  TemporaryHome() { setenv("GAUNTLET_HOME", folder_.path().c_str(), 1); }
  ~TemporaryHome() { unsetenv("GAUNTLET_HOME"); }
  fs::path path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

int mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return static_cast<int>(status.st_mode & 07777);
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("files of the state directory are whole and private") {
  const TemporaryHome home;
  CHECK(state_directory() == home.path());
  const auto folder = private_directory("clusters/one");
  REQUIRE(folder);
  CHECK(mode_of(*folder) == 0700);
  REQUIRE(private_directory("clusters/one"));
  REQUIRE(write_file(*folder / "known_hosts", "first", 0600));
  REQUIRE(write_file(*folder / "known_hosts", "second", 0600));
  CHECK(content_of(*folder / "known_hosts") == "second");
  CHECK(mode_of(*folder / "known_hosts") == 0600);
  CHECK(std::distance(fs::directory_iterator(*folder), fs::directory_iterator()) == 1);
  CHECK_FALSE(write_file("/no/such/folder/file", "x", 0600));
}

TEST_CASE("many who make the key at once get the same") {
  const TemporaryHome home;
  constexpr int makers = 8;
  std::vector<Result<KeyPair>> pairs(makers, Result<KeyPair>(failure(ErrorKind::internal, "")));
  {
    std::vector<std::jthread> threads;
    threads.reserve(makers);
    for (int i = 0; i < makers; ++i)
      threads.emplace_back([&, i] { pairs[static_cast<std::size_t>(i)] = installation_key(); });
  }
  std::set<std::string> keys;
  for (const auto& pair : pairs) {
    REQUIRE(pair);
    keys.insert(pair->public_key);
    CHECK(pair->private_key_file == (home.path() / "ssh/id_ed25519").string());
  }
  CHECK(keys.size() == 1);
  CHECK(keys.begin()->rfind("ssh-ed25519 AAAA", 0) == 0);
  CHECK(mode_of(home.path() / "ssh") == 0700);
  CHECK(mode_of(home.path() / "ssh/id_ed25519") == 0600);
  CHECK(std::distance(fs::directory_iterator(home.path() / "ssh"), fs::directory_iterator()) == 1);
  CHECK(check_private_key((home.path() / "ssh/id_ed25519").string()));
}

TEST_CASE("a key that others can read, or that is none, is refused with the remedy") {
  const TemporaryHome home;
  REQUIRE(installation_key());
  const fs::path path = home.path() / "ssh/id_ed25519";
  fs::permissions(path, fs::perms(0644));
  const auto open_to_all = installation_key();
  REQUIRE_FALSE(open_to_all);
  CHECK(open_to_all.error().remedy == "chmod 600 " + path.string());

  REQUIRE(write_file(path, "no key", 0600));
  CHECK_FALSE(installation_key());
  CHECK_FALSE(check_private_key(path.string()));
  CHECK_FALSE(check_private_key("/no/such/key"));
}

TEST_CASE("a key with a passphrase is refused, as only an agent can use it") {
  const TemporaryHome home;
  const std::string path = (home.path() / "locked").string();
  const auto made = run_process(
      LocalProgram{.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", path}});
  if (!made) {
    MESSAGE("skipped: there is no ssh-keygen");
    return;
  }
  REQUIRE(made->exit_code == 0);
  const auto usable = check_private_key(path);
  REQUIRE_FALSE(usable);
  CHECK(usable.error().what.find("passphrase") != std::string::npos);
}

TEST_CASE("an owner is read as it was written") {
  const Owner self = Owner::self("run \"x\"\n\xff");
  const auto read = Owner::from_json(self.to_json());
  REQUIRE(read);
  CHECK(read->pid == getpid());
  CHECK(read->start == self.start);
  CHECK(read->boot == self.boot);
  CHECK_FALSE(self.start.empty());
  CHECK_FALSE(read->certainly_dead());
  for (const char* text : {"", "{}", "[1]", "{\"pid\":\"x\"}", "{\"pid\":1", "null"})
    CHECK_FALSE(Owner::from_json(text));
}

TEST_CASE("only a process of this boot that is gone is certainly dead") {
  const Owner self = Owner::self("x");
  Owner reused = self;  // another process has its pid by now
  reused.start = "1";
  CHECK(reused.certainly_dead());
  Owner gone = self;
  gone.pid = 0x7ffffff0;
  CHECK(gone.certainly_dead());
  for (const auto field : {&Owner::host, &Owner::boot, &Owner::pid_namespace}) {
    Owner elsewhere = gone;
    elsewhere.*field = "another";
    CHECK_FALSE(elsewhere.certainly_dead());
  }
}

TEST_CASE("a process that only waits to be reaped is certainly dead") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::string told = Owner::self("x").to_json();
    _exit(write(ends[1], told.data(), told.size()) < 0);
  }
  close(ends[1]);
  std::string told(4096, '\0');
  told.resize(static_cast<std::size_t>(std::max<ssize_t>(read(ends[0], told.data(), 4096), 0)));
  close(ends[0]);
  siginfo_t ended{};
  CHECK(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) == 0);
  const auto owner = Owner::from_json(told);
  const bool dead = owner && owner->certainly_dead();
  waitpid(child, nullptr, 0);
  REQUIRE(owner);
  CHECK(owner->pid == child);
  CHECK_FALSE(owner->start.empty());
  CHECK(dead);
}

TEST_CASE("a file lock names its holder, can be waited for, and ends with its holder") {
  const TemporaryHome home;
  const fs::path path = home.path() / "a.lock";
  auto held = FileLock::acquire(path, "the cluster 'a'", Owner::self("first run"), {});
  REQUIRE(held);
  const auto refused = FileLock::acquire(path, "the cluster 'a'", Owner::self("second run"), {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::conflict);
  CHECK(refused.error().what.rfind("the cluster 'a' is in use by first run (pid ", 0) == 0);

  const Nanos start = monotonic_now();
  CHECK_FALSE(FileLock::acquire(path, "a", Owner::self("x"), {std::chrono::milliseconds(150)}));
  CHECK(monotonic_now() - start >= 150 * nanos_per_millisecond);

  const std::atomic<bool> stop{true};
  const auto stopped =
      FileLock::acquire(path, "a", Owner::self("x"), {std::chrono::hours(1), &stop});
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().kind == ErrorKind::interrupted);

  std::jthread releaser([lock = std::move(*held)]() mutable {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const FileLock released = std::move(lock);
  });
  CHECK(FileLock::acquire(path, "a", Owner::self("third run"), {std::chrono::seconds(5)}));
}

TEST_CASE("subnets are parsed, compared and printed") {
  const auto subnet = Subnet::parse("10.213.7.0/24");
  REQUIRE(subnet);
  CHECK(subnet->to_string() == "10.213.7.0/24");
  CHECK(subnet->address(11) == "10.213.7.11");
  CHECK(subnet->size() == 256);
  CHECK(subnet->overlaps(*Subnet::parse("10.0.0.0/8")));
  CHECK(Subnet::parse("10.213.0.0/16")->overlaps(*subnet));
  CHECK_FALSE(subnet->overlaps(*Subnet::parse("10.213.8.0/24")));
  for (const char* text : {"", "10.213.7.0", "10.213.7.1/24", "10.213.7.0/0", "10.213.7.0/31",
                           "10.213.7.0/24x", "fd00::/64", "10.213.7/24", "1.2.3.4.0/24"}) {
    CAPTURE(text);
    CHECK_FALSE(Subnet::parse(text));
  }
}

TEST_CASE("routes are read from the kernel's table, without the default one") {
  const auto routes = parse_routes(
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
      "br0\t0007D50A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
      "nonsense\n");
  REQUIRE(routes.size() == 1);
  CHECK(routes[0].subnet.to_string() == "10.213.7.0/24");
  CHECK(routes[0].by == "a route of br0");
  bool loopback = false;
  for (const TakenSubnet& taken : taken_subnets())
    loopback = loopback || taken.subnet.overlaps(*Subnet::parse("127.0.0.0/8"));
  CHECK(loopback);
}

TEST_CASE("SHA-256 of known texts") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("pieces of output are one line each") {
  CHECK(one_line("a\nb\tc\x7f") == "a b c ");
  CHECK(one_line("abcdef", 3) == "abc...");
  CHECK(last_line("first\nlast\n\n") == "last");
  CHECK(last_line("\n").empty());
}

TEST_CASE("a command's log line has node, time, exit and text, and stays one line") {
  const TemporaryHome home;
  const std::string path = (home.path() / "commands.log").string();
  const auto log = FileCommandLog::open(path);
  REQUIRE(log);
  const std::string text = describe(Command::of({"echo", "a\nb", "plain"}));
  CHECK(text == "echo 'a b' plain");
  (*log)->on_command(
      {.node = "n1", .text = text, .as_root = true, .duration_ns = 5'000'000, .exit_code = 3});
  (*log)->on_command({.node = "n2", .text = "x", .signal = "KILL"});
  (*log)->on_command({.node = "n3", .text = "y", .error = "no\nanswer"});
  const std::string lines = content_of(path);
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 3);
  CHECK(lines.find("Z n1 5 ms exit 3: [root] echo 'a b' plain\n") != std::string::npos);
  CHECK(lines.find(" n2 ") != std::string::npos);
  CHECK(lines.find("signal KILL: x\n") != std::string::npos);
  CHECK(lines.find("failed (no answer): y\n") != std::string::npos);
  CHECK_FALSE(FileCommandLog::open("/no/such/folder/log"));

  Command upload = Command::shell("cat >x");
  upload.label = "upload x";
  CHECK(describe(upload) == "upload x");
  CHECK(describe(Command::shell(std::string(1000, 'x'))).size() < 320);
}
