// Records of a disk's changes: done again they leave the same, cut or damaged they are refused.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "nemesis/agent/disk/disk_replay.hpp"
#include "tests/temporary_folder.hpp"

using namespace gauntlet;
using namespace gauntlet::disk;

namespace {

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A folder with something in it, a copy of it from before, and a disk that records.
struct Scene {
  explicit Scene(bool strict = false) {
    mkdir(root().c_str(), 0700);
    std::ofstream(root() + "/old") << std::string(10'000, 'o');
    DiskOptions options;
    options.backing = root();
    options.shadow = folder.path("shadow");
    options.strict = strict;
    options.real_fsync = false;
    disk = Disk::open_folders(options);
    REQUIRE(disk != nullptr);
    std::filesystem::copy(root(), folder.path("base"), std::filesystem::copy_options::recursive);
    chmod(folder.path("base").c_str(), 0700);
    CHECK(disk->start_record(log(), 64 << 20) == "");
  }
  std::string root() const { return folder.path("backing"); }
  std::string log() const { return folder.path("log"); }
  std::uint64_t end() {
    const auto record = disk->end_record();
    REQUIRE(record);
    CHECK(record->trouble == "");
    return record->entries;
  }
  /// What the log makes of a copy of the base.
  CrashState crash(const CrashPoint& point) {
    const std::string copy = folder.path("copy");
    std::filesystem::remove_all(copy);
    std::filesystem::copy(folder.path("base"), copy, std::filesystem::copy_options::recursive);
    chmod(copy.c_str(), 0700);
    return make_crash_state(log(), copy, point);
  }

  TemporaryFolder folder;
  std::unique_ptr<Disk> disk;
};

/// Does what a database may do, at random, on few files so that they meet.
class Hands {
 public:
  Hands(Disk& disk, std::uint64_t seed) : disk_(disk), random_(seed) {}
  ~Hands() {
    for (auto& file : files_)
      disk_.close(std::move(file));
  }

  void act() {
    switch (random_.below(14)) {
      case 0:
      case 1:
        return open();
      case 2:
        (void)disk_.make_folder("d" + std::to_string(random_.below(2)), 0750);
        return;
      case 3:
        (void)disk_.rename(name(), name(), random_.chance(0.2) ? 2U : 0U);
        return;
      case 4:
        (void)(random_.chance(0.5) ? disk_.remove(name()) : disk_.remove_folder("d1"));
        return;
      case 5:
        (void)(random_.chance(0.5) ? disk_.make_link(name(), name())
                                   : disk_.make_symlink("nowhere", name()));
        return;
      case 6:
        (void)disk_.set_mode(name(), 0600 + static_cast<mode_t>(random_.below(8)));
        return;
      case 7:
        CHECK(disk_.sync_folder(disk_.backing()) == 0);
        return;
      default:
        return act_on_file();
    }
  }

 private:
  std::string name() {
    static constexpr const char* names[] = {"a", "b", "old", "d0/a", "d0/b", "d1/a", "d0", "d1"};
    return names[random_.below(8)];
  }
  void open() {
    std::unique_ptr<OpenFile> file;
    int flags = O_RDWR;
    if (random_.chance(0.7)) flags |= O_CREAT;
    if (random_.chance(0.2)) flags |= O_TRUNC;
    if (random_.chance(0.1)) flags |= O_DSYNC;
    if (disk_.open(name(), flags, 0640, &file) == 0) files_.push_back(std::move(file));
  }
  void act_on_file() {
    if (files_.empty()) return open();
    const std::size_t which = random_.below(files_.size());
    OpenFile& file = *files_[which];
    const std::int64_t at = random_.between(0, 20'000);
    switch (random_.below(6)) {
      case 0:
        disk_.close(std::move(files_[which]));
        files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(which));
        return;
      case 1:
        (void)disk_.sync(file, true);
        return;
      case 2:
        (void)disk_.truncate(file, at);
        return;
      case 3:
        (void)disk_.allocate(file, random_.chance(0.5) ? 0 : 3, at, 5'000);
        return;
      default: {
        const std::string text(random_.below(9'000) + 1,
                               static_cast<char>(random_.between(1, 127)));
        (void)disk_.write(file, text.data(), text.size(), at);
      }
    }
  }

  Disk& disk_;
  Random random_;
  std::vector<std::unique_ptr<OpenFile>> files_;
};

}  // namespace

TEST_CASE("a record done again leaves the same, and the same crash states as the disk itself") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    const bool strict = seed % 2 == 0;
    Scene scene(strict);
    Hands hands(*scene.disk, seed);
    const std::uint64_t actions = Random(seed).below(120) + 5;
    for (std::uint64_t i = 0; i < actions; ++i)
      hands.act();
    const std::uint64_t entries = scene.end();
    const auto before = digest_of_tree(scene.root());
    REQUIRE(before);
    {
      DiskOptions options;
      options.backing = scene.folder.path("base2");
      options.shadow = scene.folder.path("shadow2");
      std::filesystem::copy(scene.folder.path("base"), options.backing,
                            std::filesystem::copy_options::recursive);
      chmod(options.backing.c_str(), 0700);
      const auto again = Disk::open_folders(options);
      CHECK(replay(scene.log(), entries, *again) == "");
      CHECK(digest_of_tree(options.backing) == before);
      CHECK(again->status().dirty_pages == scene.disk->status().dirty_pages);
    }
    scene.disk->power_failure(Loss::whole, 0);
    const CrashState state = scene.crash({entries, Loss::whole, 0, strict});
    CHECK(state.trouble == "");
    CHECK(state.digest == digest_of_tree(scene.root()));
    for (const Loss loss : {Loss::pages, Loss::sectors}) {
      const CrashPoint point{entries * 2 / 3, loss, seed, strict};
      CHECK(scene.crash(point).digest == scene.crash(point).digest);
    }
  }
}

TEST_CASE("what several hands do at once is in the record in the order of its effects") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Scene scene;
    std::vector<std::thread> threads;
    for (std::uint64_t hand = 0; hand < 4; ++hand) {
      threads.emplace_back([&, hand] {
        Hands hands(*scene.disk, seed * 10 + hand);
        for (int i = 0; i < 100; ++i)
          hands.act();
      });
    }
    for (auto& thread : threads)
      thread.join();
    const std::uint64_t entries = scene.end();
    const std::size_t dirty = scene.disk->status().dirty_pages;
    DiskOptions options;
    options.backing = scene.folder.path("again");
    options.shadow = scene.folder.path("shadow2");
    std::filesystem::copy(scene.folder.path("base"), options.backing,
                          std::filesystem::copy_options::recursive);
    chmod(options.backing.c_str(), 0700);
    const auto again = Disk::open_folders(options);
    CHECK(replay(scene.log(), entries, *again) == "");
    CHECK(digest_of_tree(options.backing) == digest_of_tree(scene.root()));
    CHECK(again->status().dirty_pages == dirty);
    scene.disk->power_failure(Loss::whole, 0);
    CHECK(scene.crash({entries, Loss::whole, 0, false}).digest == digest_of_tree(scene.root()));
  }
}

TEST_CASE("a record has all marks in their places, and tells what is not durable") {
  Scene scene;
  CHECK(scene.disk->mark("start 1"));
  std::unique_ptr<OpenFile> file;
  REQUIRE(scene.disk->open("new", O_RDWR | O_CREAT, 0600, &file) == 0);
  CHECK(scene.disk->start_record(scene.log(), 1 << 20) == "a record is under way");
  CHECK(scene.disk->write(*file, "text", 4, 0) == 4);
  CHECK(scene.disk->mark("ok 1"));
  CHECK(scene.disk->sync(*file, false) == 0);
  scene.disk->close(std::move(file));
  CHECK(scene.end() == 6);
  CHECK_FALSE(scene.disk->mark("late"));
  ChangeLogReader reader(scene.log());
  std::string kinds;
  while (const auto change = reader.next())
    kinds += std::string(name_of(change->kind)) + " " + change->data + ",";
  CHECK(kinds == "mark start 1,open ,write text,mark ok 1,fsync ,close ,");
  const CrashState state = scene.crash({4, Loss::whole, 1, false});
  CHECK(state.undurable == std::vector<std::string>{"file new 1 pages", "name create new"});
  CHECK(state.lost.names == 1);
  CHECK(scene.crash({7, Loss::whole, 1, false}).trouble == "the record has 6 entries only");
}

TEST_CASE("a record ends with a reason where it would be too long, and waits for closed files") {
  Scene scene;
  scene.end();
  std::unique_ptr<OpenFile> file;
  REQUIRE(scene.disk->open("old", O_RDWR, 0, &file) == 0);
  CHECK(scene.disk->start_record(scene.log(), 1'000) == "1 files are open");
  scene.disk->close(std::move(file));
  CHECK(scene.disk->start_record(scene.log(), 1'000) == "");
  REQUIRE(scene.disk->open("old", O_RDWR, 0, &file) == 0);
  const std::string text(2'000, 'x');
  CHECK(scene.disk->write(*file, text.data(), text.size(), 0) == 2'000);
  CHECK(scene.disk->end_record()->trouble == "the record would be longer than 1000 bytes");
  scene.disk->close(std::move(file));
}

TEST_CASE("records that are cut or damaged are refused, whatever was changed") {
  Scene scene;
  {
    Hands hands(*scene.disk, 7);
    for (int i = 0; i < 80; ++i)
      hands.act();
  }
  const std::uint64_t entries = scene.end();
  const std::string whole = content(scene.log());
  Random random(1);
  for (int round = 0; round < 400; ++round) {
    std::string damaged = whole;
    if (round % 2 == 0) {
      damaged.resize(random.below(whole.size()));
    } else {
      for (std::uint64_t flips = random.below(3) + 1; flips > 0; --flips) {
        char& byte = damaged[random.below(damaged.size())];
        byte = static_cast<char>(byte ^ (1 << random.below(8)));
      }
      if (damaged == whole) continue;
    }
    std::ofstream(scene.log(), std::ios::binary | std::ios::trunc) << damaged;
    ChangeLogReader reader(scene.log());
    while (reader.next())
      ;
    CAPTURE(round);
    CHECK((!reader.trouble().empty() || reader.entries() < entries));
    if (round % 20 == 0) CHECK(scene.crash({entries, Loss::pages, 1, false}).trouble != "");
  }
}

TEST_CASE("a record that leads out of its folder is refused") {
  Scene scene;
  scene.end();
  const std::string outside = scene.folder.path("outside");
  mkdir(outside.c_str(), 0700);
  const auto trouble = [&](const std::vector<Change>& changes) {
    ChangeLogWriter writer(scene.log(), 1 << 20);
    for (const auto& change : changes)
      writer.append(change);
    const CrashState state = scene.crash({changes.size(), Loss::whole, 0, false});
    CHECK(std::filesystem::is_empty(outside));
    return state.trouble;
  };
  const auto open = [](const std::string& path) {
    return Change{.kind = ChangeKind::open, .file = 1, .flags = O_RDWR | O_CREAT, .path = path};
  };
  for (const char* path : {"../outside/x", "/tmp/x", "a/../../outside/x", "a//b", "./a"})
    CHECK(trouble({open(path)}).find("outside of the folder") != std::string::npos);
  const Change link{.kind = ChangeKind::make_symlink, .path = "link", .target = outside};
  CHECK(trouble({link, open("link/x")}).find("cannot be done again") != std::string::npos);
  CHECK(trouble({link, {.kind = ChangeKind::rename, .path = "old", .target = "link/x"}}) != "");
  CHECK(trouble({open("a"), {.kind = ChangeKind::truncate, .file = 1, .bytes = 1LL << 60}}) != "");
  CHECK(trouble({{.kind = ChangeKind::write, .file = 9}}) != "");
}

TEST_CASE("what was appended is kept up to some point; strictly, pages of it may be missing") {
  bool hole = false;
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    for (const bool strict : {false, true}) {
      Scene scene(strict);
      std::unique_ptr<OpenFile> file;
      REQUIRE(scene.disk->open("old", O_RDWR, 0, &file) == 0);
      const std::string text(20'000, 'n');
      CHECK(scene.disk->write(*file, text.data(), text.size(), 10'000) == 20'000);
      scene.disk->close(std::move(file));
      scene.disk->power_failure(seed % 2 == 0 ? Loss::pages : Loss::sectors, seed);
      const std::string left = content(scene.root() + "/old");
      REQUIRE(left.size() >= 10'000);
      CHECK(left.substr(0, 10'000) == std::string(10'000, 'o'));
      const std::string added = left.substr(10'000);
      const bool whole = added == std::string(added.size(), 'n');
      CHECK((strict || whole));
      if (strict) hole = hole || !whole;
      if (!strict) sizes.insert(left.size());
    }
  }
  CHECK(hole);
  CHECK(sizes.size() > 10);
  CHECK(*sizes.begin() == 10'000);
  CHECK(*sizes.rbegin() == 30'000);
}

TEST_CASE("a file that was cut and written anew is the old one or a part of the new one") {
  std::set<std::string> results;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Scene scene;
    std::unique_ptr<OpenFile> file;
    REQUIRE(scene.disk->open("old", O_RDWR | O_TRUNC, 0, &file) == 0);
    CHECK(scene.disk->write(*file, "new", 3, 0) == 3);
    scene.disk->close(std::move(file));
    scene.disk->power_failure(Loss::pages, seed);
    results.insert(content(scene.root() + "/old"));
  }
  CHECK(results == std::set<std::string>{"", "new", std::string(10'000, 'o')});
}
