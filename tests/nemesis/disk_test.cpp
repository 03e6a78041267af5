// The file system of the agent: what survives a loss of power, and what its rules do.
#include "nemesis/agent/disk/disk.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "base/clock.hpp"
#include "nemesis/agent/disk/command_socket.hpp"
#include "nemesis/agent/disk/rule_status.hpp"
#include "nemesis/agent/disk/rules.hpp"
#include "tests/temporary_folder.hpp"

using namespace gauntlet;
using namespace gauntlet::disk;

extern char** environ;

namespace {

std::string content(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

bool there(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

/// A disk without a mount.
struct Bench {
  explicit Bench(bool strict = false) {
    mkdir(root().c_str(), 0700);
    DiskOptions options;
    options.backing = root();
    options.shadow = folder.path("shadow");
    options.strict = strict;
    disk = Disk::open_folders(options);
    REQUIRE(disk != nullptr);
  }
  std::string root() const { return folder.path("backing"); }
  std::string path(const std::string& name) const { return root() + "/" + name; }
  void put(const std::string& name, std::int64_t at, const std::string& text, bool sync) {
    std::unique_ptr<OpenFile> file;
    REQUIRE(disk->open(name, O_RDWR | O_CREAT, 0600, &file) == 0);
    CHECK(disk->write(*file, text.data(), text.size(), at) == static_cast<ssize_t>(text.size()));
    if (sync) CHECK(disk->sync(*file, false) == 0);
    disk->close(std::move(file));
  }
  void sync_root() { CHECK(disk->sync_folder(disk->backing()) == 0); }

  TemporaryFolder folder;
  std::unique_ptr<Disk> disk;
};

}  // namespace

TEST_CASE("a loss of power puts back what was fsynced last, and no more") {
  Bench bench;
  const std::string old(10'000, 'a');
  bench.put("log", 0, old, true);
  bench.put("log", 5'000, std::string(8'000, 'b'), false);
  bench.put("other", 0, "never synced", false);
  CHECK(bench.disk->status().dirty_files == 2);
  const PowerLoss lost = bench.disk->power_failure(Loss::whole, 1);
  CHECK(lost.files == 2);
  CHECK(lost.bytes >= 8'000);
  CHECK(content(bench.path("log")) == old);
  CHECK_FALSE(there(bench.path("other")));
  CHECK(bench.disk->status().dirty_pages == 0);
}

TEST_CASE("a file that was cut and not fsynced has its old end again") {
  Bench bench;
  bench.put("log", 0, std::string(20'000, 'a'), true);
  std::unique_ptr<OpenFile> file;
  REQUIRE(bench.disk->open("log", O_RDWR | O_TRUNC, 0, &file) == 0);
  CHECK(bench.disk->write(*file, "new", 3, 0) == 3);
  bench.disk->power_failure(Loss::whole, 1);
  CHECK(content(bench.path("log")) == std::string(20'000, 'a'));
  CHECK(bench.disk->truncate(*file, 100) == 0);
  CHECK(bench.disk->sync(*file, true) == 0);
  bench.disk->power_failure(Loss::whole, 1);
  CHECK(content(bench.path("log")).size() == 100);
  bench.disk->close(std::move(file));
}

TEST_CASE("pages are kept or lost one by one, the same ones for the same seed") {
  std::set<std::string> results;
  for (const std::uint64_t seed : {1, 1, 2, 3, 4}) {
    Bench bench;
    bench.put("log", 0, std::string(8 * page_bytes, 'a'), true);
    bench.put("log", 0, std::string(8 * page_bytes, 'b'), false);
    bench.disk->power_failure(Loss::pages, seed);
    const std::string left = content(bench.path("log"));
    REQUIRE(left.size() == 8 * page_bytes);
    for (std::size_t page = 0; page < 8; ++page) {
      const std::string one = left.substr(page * page_bytes, page_bytes);
      CHECK(one == std::string(page_bytes, one[0]));
    }
    results.insert(left);
  }
  CHECK(results.size() >= 2);
  CHECK(results.size() <= 4);
}

TEST_CASE("names come back: removed, replaced and moved ones") {
  Bench bench;
  bench.put("a", 0, "a", true);
  bench.put("b", 0, "b", true);
  bench.put("c", 0, "c", true);
  CHECK(bench.disk->remove("a") == 0);
  CHECK(bench.disk->rename("b", "c", 0) == 0);
  CHECK(bench.disk->make_folder("d", 0700) == 0);
  CHECK(bench.disk->rename("c", "d/c", 0) == 0);
  CHECK(content(bench.path("d/c")) == "b");
  CHECK(bench.disk->power_failure(Loss::whole, 1).names == 4);
  CHECK(content(bench.path("a")) == "a");
  CHECK(content(bench.path("b")) == "b");
  CHECK(content(bench.path("c")) == "c");
  CHECK_FALSE(there(bench.path("d")));
}

TEST_CASE("strict names need an fsync of their folder, ordered ones any fsync after them") {
  for (const bool strict : {false, true}) {
    CAPTURE(strict);
    Bench bench(strict);
    bench.put("log.new", 0, "text", true);
    CHECK(bench.disk->rename("log.new", "log", 0) == 0);
    bench.put("other", 0, "text", true);
    bench.disk->power_failure(Loss::whole, 1);
    CHECK(there(bench.path("log")) == !strict);
    bench.put("log.new", 0, "text", true);
    CHECK(bench.disk->rename("log.new", "log", 0) == 0);
    bench.sync_root();
    bench.disk->power_failure(Loss::whole, 1);
    CHECK(content(bench.path("log")) == "text");
  }
}

TEST_CASE("a folder that is filled, renamed and synced from outside keeps its names") {
  Bench bench(true);
  CHECK(bench.disk->make_folder("wal.tmp", 0700) == 0);
  bench.put("wal.tmp/0", 0, "text", true);
  CHECK(bench.disk->rename("wal.tmp", "wal", 0) == 0);
  bench.sync_root();
  CHECK(bench.disk->power_failure(Loss::whole, 1).names == 1);
  CHECK(there(bench.path("wal")));
  CHECK_FALSE(there(bench.path("wal/0")));  // its own folder was never synced
}

TEST_CASE("what a failed fsync has lost does not come back by the next one") {
  for (const bool revert : {false, true}) {
    Bench bench;
    bench.put("log", 0, std::string(page_bytes, 'a'), true);
    std::unique_ptr<OpenFile> file;
    REQUIRE(bench.disk->open("log", O_RDWR, 0, &file) == 0);
    const std::string text(page_bytes, 'b');
    CHECK(bench.disk->write(*file, text.data(), text.size(), 0) > 0);
    bench.disk->lose_dirty(*file, revert);
    CHECK(content(bench.path("log"))[0] == (revert ? 'a' : 'b'));
    CHECK(bench.disk->sync(*file, false) == 0);
    bench.disk->power_failure(Loss::whole, 1);
    CHECK(content(bench.path("log"))[0] == 'a');
    bench.disk->close(std::move(file));
  }
}

TEST_CASE("rules are read, and what makes no sense is refused") {
  std::string why;
  const auto rule =
      parse_rule({"x", "error", "on=read+fsync", "path=wal/*", "errno=EIO", "times=2"}, &why);
  REQUIRE(rule);
  CHECK(rule->error == EIO);
  CHECK(rule->actions == 5);
  for (const char* word : {"on=eat", "errno=E", "probability=2", "bytes=-1", "data=x", "what"}) {
    CHECK_FALSE(parse_rule({"x", "error", word}, &why));
    CHECK(why == fmt::format("what is {}", word));
  }
  Rules rules;
  rules.add(*rule);
  CHECK(rules.before(Action::read, "wal/0"));
  CHECK_FALSE(rules.before(Action::write, "wal/0"));
  CHECK_FALSE(rules.before(Action::read, "snap/0"));
  CHECK(rules.before(Action::sync, "wal/0"));
  CHECK_FALSE(rules.before(Action::sync, "wal/0"));  // twice is enough
  CHECK(rules.status() == "x applied 2");
}

TEST_CASE("a slow disk sleeps as long as it shall, and wakes when its rule goes") {
  std::string why;
  Rules rules;
  rules.add(*parse_rule({"s", "slow", "on=fsync", "delay-ms=60", "path=wal/*"}, &why));
  const auto took_ms = [&](Action action, const std::string& path) {
    const Nanos start = monotonic_now();
    CHECK_FALSE(rules.before(action, path));
    return (monotonic_now() - start) / nanos_per_millisecond;
  };
  CHECK(took_ms(Action::sync, "wal/0") >= 60);
  CHECK(took_ms(Action::write, "wal/0") < 60);
  CHECK(took_ms(Action::sync, "snap/0") < 60);
  CHECK(rules.status() == "s applied 1");
  rules.add(*parse_rule({"s", "slow", "delay-ms=60000"}, &why));
  std::thread sleeper([&] { CHECK(took_ms(Action::read, "any") < 30'000); });
  while (rules.status() != "s applied 1")
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  rules.remove("s");
  sleeper.join();
}

TEST_CASE("a torn write ends with a sector of the file, a short one is told") {
  std::string why;
  Rules rules;
  rules.add(*parse_rule({"t", "tear", "seed=7"}, &why));
  std::set<std::int64_t> lengths;
  for (int i = 0; i < 100; ++i) {
    std::int64_t told = 0;
    lengths.insert(rules.torn("log", 500, 2'000, &told));
    CHECK(told == 2'000);
  }
  CHECK(lengths == std::set<std::int64_t>{12, 524, 1'036, 1'548});
  std::int64_t told = 0;
  CHECK(rules.torn("log", 512, 512, &told) == 512);  // one whole sector
  CHECK(rules.status() == "t applied 100");
  rules.remove_all();
  rules.add(*parse_rule({"s", "shorten"}, &why));
  const std::int64_t count = rules.torn("log", 0, 100, &told);
  CHECK(count == told);
  CHECK(count >= 1);
  CHECK(count < 100);
}

TEST_CASE("a full disk takes what it has room for, and more once something is removed") {
  std::string why;
  Rules rules;
  rules.add(*parse_rule({"f", "full", "bytes=1000"}, &why));
  CHECK(rules.admitted("log", 600, 600) == 600);
  CHECK(rules.space_left() == 400);
  CHECK_FALSE(rules.full("new"));
  CHECK(rules.admitted("log", 600, 0) == 600);  // overwrites need no space
  CHECK(rules.admitted("log", 600, 600) == 400);
  CHECK(rules.admitted("log", 600, 600) == 0);
  CHECK(rules.full("new"));
  CHECK(rules_in("ok x=1 rules: " + rules.status()).front().applied == 3);
  rules.freed(100);
  CHECK(rules.admitted("log", 600, 600) == 100);
  rules.add(*parse_rule({"f", "full", "overwrites=true"}, &why));
  CHECK(rules.admitted("log", 600, 0) == 0);
}

TEST_CASE("the rules in a status are read with their counts") {
  CHECK(rules_in("ok written=1").empty());
  const auto rules = rules_in("ok written=1 rules: gauntlet_disk_a applied 3; b applied 0");
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].id == "gauntlet_disk_a");
  CHECK(rules[0].applied == 3);
  CHECK(rules[1].id == "b");
}

namespace {

/// The file system itself, of the program that goes to nodes.
class MountedDisk {
 public:
  MountedDisk() {
    if (geteuid() != 0 || access("/dev/fuse", R_OK | W_OK) != 0) {
      MESSAGE("skipped: this needs root and /dev/fuse");
      return;
    }
    mkdir(mount_point().c_str(), 0700);
    mkdir(folder_.path("backing").c_str(), 0700);
    std::string words[] = {std::string(GAUNTLET_BINARY_DIR) + "/gauntlet-agent",
                           "disk",
                           mount_point(),
                           folder_.path("backing"),
                           "--socket",
                           socket()};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(),
                    words[4].data(), words[5].data(), nullptr};
    REQUIRE(posix_spawn(&pid_, argv[0], nullptr, nullptr, argv, environ) == 0);
    const auto deadline = Deadline::after(std::chrono::seconds(20));
    while (!command("status").starts_with("ok") && !deadline.passed())
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    mounted_ = command("status").starts_with("ok");
    if (!mounted_) MESSAGE("skipped: no file system can be mounted here");
  }
  ~MountedDisk() {
    if (pid_ <= 0) return;
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  bool mounted() const { return mounted_; }
  std::string command(const std::string& text) const {
    std::istringstream in(text);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
      words.push_back(word);
    return send_command(socket(), words);
  }
  std::string path(const std::string& name) const { return mount_point() + "/" + name; }

 private:
  std::string mount_point() const { return folder_.path("mount"); }
  std::string socket() const { return folder_.path("socket"); }
  TemporaryFolder folder_;
  pid_t pid_ = -1;
  bool mounted_ = false;
};

}  // namespace

TEST_CASE("mounted: programs see its errors, and lose what they did not fsync") {
  const MountedDisk disk;
  if (!disk.mounted()) return;
  const Descriptor file(open(disk.path("log").c_str(), O_RDWR | O_CREAT | O_APPEND, 0600));
  REQUIRE(file.open());
  CHECK(write(file.get(), "one ", 4) == 4);
  CHECK(fsync(file.get()) == 0);
  CHECK(disk.command("add e error on=write errno=ENOSPC path=log") == "ok");
  CHECK(write(file.get(), "lost", 4) == -1);
  CHECK(errno == ENOSPC);
  CHECK(disk.command("status").find("e applied 1") != std::string::npos);
  CHECK(disk.command("remove e") == "ok");
  CHECK(disk.command("add f error on=fsync times=1") == "ok");
  CHECK(write(file.get(), "two ", 4) == 4);
  CHECK(fdatasync(file.get()) == -1);
  CHECK(fdatasync(file.get()) == 0);
  CHECK(disk.command("add c corrupt path=log") == "ok");
  CHECK(content(disk.path("log")) != "one two ");
  CHECK(disk.command("remove-all") == "ok");
  CHECK(content(disk.path("log")) == "one two ");
  const std::string page(4096, 'x');
  CHECK(disk.command("add t tear path=torn") == "ok");
  std::ofstream(disk.path("torn")) << page;
  CHECK(disk.command("remove t") == "ok");
  const std::string torn = content(disk.path("torn"));
  CHECK(torn.size() == page.size());
  CHECK(torn.find('\0') % 512 == 0);
  CHECK(disk.command("add s shorten path=log") == "ok");
  CHECK(pwrite(file.get(), page.data(), page.size(), 0) < 4096);
  CHECK(ftruncate(file.get(), 8) == 0);
  CHECK(disk.command("remove s") == "ok");
  CHECK(disk.command("add z full") == "ok");
  CHECK(open(disk.path("more").c_str(), O_RDWR | O_CREAT, 0600) == -1);
  CHECK(errno == ENOSPC);
  struct statvfs space {};
  CHECK(statvfs(disk.path("log").c_str(), &space) == 0);
  CHECK(space.f_bavail == 0);
  CHECK(disk.command("remove z") == "ok");
  CHECK(disk.command("power-failure whole 1").starts_with("ok"));
  CHECK(write(file.get(), "three", 5) == 5);
  void* memory = mmap(nullptr, 4, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  REQUIRE(memory != MAP_FAILED);
  std::memcpy(memory, "ONE", 3);
  munmap(memory, 4);
  CHECK(content(disk.path("log")) == "ONE two three");
  CHECK(disk.command("power-failure whole 1").starts_with("ok"));
  CHECK(content(disk.path("log")) == "one two ");
  CHECK(disk.command("power-failure half 1") == "error no such loss: half");
}

TEST_CASE("mounted: a full disk has room again for what is cut, replaced or removed") {
  const MountedDisk disk;
  if (!disk.mounted()) return;
  const std::string kib(1024, 'x');
  const auto put = [&](const char* name, int kibs) {
    std::ofstream file(disk.path(name), std::ios::app);
    for (int i = 0; i < kibs; ++i)
      file << kib << std::flush;
    return file.good();
  };
  CHECK(put("a", 8));
  CHECK(put("b", 1));
  CHECK(put("c", 2));
  CHECK(disk.command("add z full") == "ok");
  const auto kibs_free = [&] {
    int free = 0;
    while (free < 100 && put("filled", 1))
      ++free;
    return free;
  };
  REQUIRE(open(disk.path("filled").c_str(), O_RDWR | O_CREAT, 0600) == -1);
  CHECK(truncate(disk.path("a").c_str(), 5 * 1024) == 0);
  CHECK(kibs_free() == 3);
  CHECK(truncate(disk.path("a").c_str(), 64 * 1024) == 0);
  CHECK(kibs_free() == 0);
  CHECK(rename(disk.path("b").c_str(), disk.path("c").c_str()) == 0);
  CHECK(kibs_free() == 2);
  std::ofstream(disk.path("c"), std::ios::trunc).close();
  CHECK(kibs_free() == 1);
  const Descriptor file(open(disk.path("a").c_str(), O_RDWR));
  CHECK(unlink(disk.path("a").c_str()) == 0);
  CHECK(kibs_free() == 64);
  CHECK(ftruncate(file.get(), 0) == 0);
  CHECK(kibs_free() == 0);
}
