// Damage to files at rest: how much of it, where, and that the originals come back.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <bit>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/random.hpp"
#include "nemesis/agent/damage/damage.hpp"
#include "nemesis/agent/damage/damages.hpp"
#include "nemesis/agent/damage/old_state.hpp"
#include "nemesis/node_names.hpp"
#include "tests/nemesis/fakes.hpp"
#include "tests/result_printing.hpp"
#include "tests/temporary_folder.hpp"

using namespace gauntlet;
using namespace gauntlet::damage;

namespace {

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string noise(std::size_t bytes, std::uint64_t seed) {
  Random random(seed);
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i)
    text += static_cast<char>(1 + random.below(255));
  return text;
}

std::uint64_t bits_between(const std::string& one, const std::string& other) {
  REQUIRE(one.size() == other.size());
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < one.size(); ++i)
    bits +=
        static_cast<std::uint64_t>(std::popcount(static_cast<unsigned char>(one[i] ^ other[i])));
  return bits;
}

/// A data folder, and a place for what is saved.
struct Site {
  Site() { std::filesystem::create_directories(data() + "/wal"); }
  std::string data() const { return folder.path("data"); }
  std::string saved() const { return folder.path("saved/file-x-00000001"); }
  std::string path(const std::string& name) const { return data() + "/" + name; }
  void put(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }
  std::string act(const std::string& action, const std::vector<std::string>& settings = {}) {
    const auto report = run_damage(action, data(), saved(), settings);
    REQUIRE(report);
    return *report;
  }

  TemporaryFolder folder;
};

/// Numbers of the chunks of 512 bytes that differ.
std::set<std::size_t> changed_chunks(const std::string& one, const std::string& other) {
  std::set<std::size_t> chunks;
  for (std::size_t i = 0; i < std::min(one.size(), other.size()); ++i) {
    if (one[i] != other[i]) chunks.insert(i / 512);
  }
  return chunks;
}

}  // namespace

TEST_CASE("exactly as many bits are flipped as asked, and they are put back") {
  for (const std::uint64_t bits : {1, 16, 5000}) {
    Site site;
    const std::string before = noise(20'000, bits);
    site.put("wal/0.wal", before + std::string(50'000, '\0'));
    site.put("lock", std::string(90'000, 'x'));
    const std::string report =
        site.act("flip", {"seed=" + std::to_string(bits), "bits=" + std::to_string(bits)});
    CHECK(report == std::to_string(bits) + " bits flipped in wal/0.wal\n");
    const std::string after = content(site.path("wal/0.wal"));
    CHECK(bits_between(before + std::string(50'000, '\0'), after) == bits);
    CHECK(after.substr(20'000) == std::string(50'000, '\0'));  // what is not used is not damaged
    CHECK(site.act("flip", {"seed=9", "bits=7"}) == report);   // it is done
    CHECK(content(site.path("wal/0.wal")) == after);
    const std::string undone = site.act("undo");
    CHECK(undone.substr(0, undone.find(' ')) + "\n" == undone.substr(undone.find(' ') + 1));
    CHECK(content(site.path("wal/0.wal")) == before + std::string(50'000, '\0'));
    CHECK_FALSE(std::filesystem::exists(site.saved()));
    CHECK(site.act("undo") == "0 0\n");
  }
}

TEST_CASE("the same seed flips the same bits, with a probability as well") {
  std::set<std::string> results;
  for (const std::string seed : {"1", "1", "2"}) {
    Site site;
    site.put("a", noise(512 * 400, 3));
    const std::string report = site.act("flip", {"seed=" + seed, "chunk=512", "probability=0.25"});
    const int flipped = std::stoi(report);
    CHECK(flipped > 60);
    CHECK(flipped < 140);
    CHECK(changed_chunks(noise(512 * 400, 3), content(site.path("a"))).size() ==
          static_cast<std::size_t>(flipped));
    results.insert(content(site.path("a")));
  }
  CHECK(results.size() == 2);
}

TEST_CASE("a helix damages no chunk on two nodes, the same layout the same chunks") {
  const std::string before = noise(512 * 103 + 77, 5);
  for (const std::string action : {"flip", "copy"}) {
    std::set<std::size_t> seen;
    std::size_t sum = 0;
    std::set<std::set<std::size_t>> same;
    for (int node = 0; node < 5; ++node) {
      for (const bool helix : {true, false}) {
        Site site;
        site.put("a", before);
        std::vector<std::string> settings = {"seed=4", "chunk=512", "bits=15", "chunks=15"};
        if (helix) {
          settings.emplace_back("modulus=5");
          settings.push_back("remainder=" + std::to_string(node));
        }
        CHECK(std::stoi(site.act(action, settings)) == 15);
        const auto chunks = changed_chunks(before, content(site.path("a")));
        if (!helix) {
          same.insert(chunks);
          continue;
        }
        for (const std::size_t chunk : chunks)
          CHECK(chunk % 5 == static_cast<std::size_t>(node));
        sum += chunks.size();
        seen.insert(chunks.begin(), chunks.end());
      }
    }
    CHECK(sum == 75);
    CHECK(seen.size() == sum);
    CHECK(same.size() == 1);
  }
}

TEST_CASE("a preallocated file is cut at what is used of it") {
  Site site;
  const std::string used = noise(10'000, 8);
  site.put("wal/0.wal", used + std::string(1 << 20, '\0'));
  CHECK(site.act("truncate", {"bytes=100"}) == "100 bytes cut off in wal/0.wal\n");
  CHECK(content(site.path("wal/0.wal")) == used.substr(0, 9900));
  SUBCASE("and has its tail and its zeros again") {
    CHECK(site.act("undo") == "1 1\n");
    CHECK(content(site.path("wal/0.wal")) == used + std::string(1 << 20, '\0'));
  }
  SUBCASE("what was written since is not undone") {
    std::ofstream(site.path("wal/0.wal"), std::ios::binary | std::ios::app) << "since";
    CHECK(site.act("undo") == "0 1\n");
    CHECK(content(site.path("wal/0.wal")) == used.substr(0, 9900) + "since");
    CHECK(std::filesystem::exists(site.saved() + "/done"));  // it stays a damaged file
    CHECK_FALSE(std::filesystem::exists(site.saved() + "/patches"));
  }
  SUBCASE("a repair that took more off, and put zeros there, has written nothing") {
    std::filesystem::resize_file(site.path("wal/0.wal"), 9000);
    std::filesystem::resize_file(site.path("wal/0.wal"), 50'000);
    CHECK(site.act("undo") == "1 1\n");
    CHECK(content(site.path("wal/0.wal")) == used + std::string(1 << 20, '\0'));
  }
  SUBCASE("what was written after a repair is not undone") {
    std::filesystem::resize_file(site.path("wal/0.wal"), 9000);
    std::ofstream(site.path("wal/0.wal"), std::ios::binary | std::ios::app) << "since";
    CHECK(site.act("undo") == "0 1\n");
    CHECK(content(site.path("wal/0.wal")) == used.substr(0, 9000) + "since");
  }
  SUBCASE("a file that was cut much further is another") {
    std::filesystem::resize_file(site.path("wal/0.wal"), 5000);
    CHECK(site.act("undo") == "0 1\n");
    CHECK(content(site.path("wal/0.wal")) == used.substr(0, 5000));
  }
  SUBCASE("a short file loses all") {
    Site other;
    other.put("a", "short");
    CHECK(std::stoi(other.act("truncate", {"bytes=100"})) == 5);
    CHECK(content(other.path("a")).empty());
    CHECK(other.act("undo") == "1 1\n");
    CHECK(content(other.path("a")) == "short");
  }
}

TEST_CASE("only damage is put back, not what was written over it") {
  Site site;
  const std::string before = noise(3 * 4096, 9);
  site.put("a", before);
  site.act("flip", {"bits=300", "seed=1"});
  std::string now = content(site.path("a"));
  now.replace(4096, 3, "new");
  site.put("a", now + "appended");
  CHECK(site.act("undo") == "2 3\n");
  const std::string after = content(site.path("a"));
  CHECK(after.substr(0, 4096) == before.substr(0, 4096));
  CHECK(after.substr(4096, 4096) == now.substr(4096, 4096));
  CHECK(after.substr(8192) == before.substr(8192) + "appended");
}

TEST_CASE("damage that was cut short is undone before it is made again") {
  Site site;
  const std::string before = noise(9000, 10);
  site.put("a", before);
  site.act("flip", {"bits=50", "seed=1"});
  const std::string damaged = content(site.path("a"));
  std::filesystem::remove(site.saved() + "/done");
  site.put("a", damaged.substr(0, 4200) + before.substr(4200));
  SUBCASE("again") {
    CHECK(std::stoi(site.act("flip", {"bits=50", "seed=1"})) == 50);
  }
  SUBCASE("undone") {
    site.act("undo");
  }
  CHECK((content(site.path("a")) == before || content(site.path("a")) == damaged));
}

TEST_CASE("files are picked by size and pattern; links and locks are left alone") {
  Site site;
  site.put("small.log", noise(600, 1));
  site.put("wal/large.log", noise(6000, 2));
  site.put("x.pid", noise(9000, 3));
  site.put("empty", "");
  std::filesystem::create_symlink("/etc/passwd", site.path("z.log"));
  const auto files = data_files(site.data(), "*");
  REQUIRE(files);
  REQUIRE(files->size() == 2);
  CHECK((*files)[0].path == "small.log");
  CHECK(pick_files(*files, "largest", 1).front().path == "wal/large.log");
  CHECK(pick_files(*files, "all", 1).size() == 2);
  std::set<std::string> drawn;
  for (std::uint64_t seed = 0; seed < 30; ++seed)
    drawn.insert(pick_files(*files, "random", seed).front().path);
  CHECK(drawn.size() == 2);
  CHECK(data_files(site.data(), "wal/*")->size() == 1);
  CHECK(data_files(site.data(), "*.log")->size() == 2);
  CHECK_FALSE(run_damage("flip", site.data(), site.saved(), {"files=*.none"}));
  CHECK_FALSE(run_damage("flip", site.data(), site.saved(), {"bits=0"}));
  CHECK_FALSE(run_damage("flip", site.data(), site.data() + "/saved", {}));
  CHECK_FALSE(run_damage("melt", site.data(), site.saved(), {}));
}

TEST_CASE("an old state is put in place whole, and what it replaced comes back") {
  Site site;
  site.put("wal/0", "first" + std::string(100'000, '\0') + "end");
  site.put("gone", "will be removed");
  chmod(site.path("wal").c_str(), 0750);
  CHECK(std::stoi(site.act("snapshot")) == 2);
  site.put("wal/0", "second");
  site.put("new", "came later");
  std::filesystem::remove(site.path("gone"));
  CHECK(std::stoi(site.act("snapshot")) == 0);  // it was taken before
  CHECK(std::stoi(site.act("restore")) == 3);
  CHECK(content(site.path("wal/0")) == "first" + std::string(100'000, '\0') + "end");
  CHECK(content(site.path("gone")) == "will be removed");
  CHECK_FALSE(std::filesystem::exists(site.path("new")));
  struct stat status = {};
  CHECK(stat(site.path("wal").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0750);
  SUBCASE("it never came up") {
    CHECK(site.act("undo") == "1 1\n");
    CHECK(content(site.path("wal/0")) == "second");
    CHECK(content(site.path("new")) == "came later");
    CHECK_FALSE(std::filesystem::exists(site.path("gone")));
    CHECK_FALSE(std::filesystem::exists(site.saved()));
  }
  SUBCASE("it came up: there is no way back") {
    site.act("settle");
    CHECK(site.act("undo") == "0 0\n");
    CHECK(content(site.path("gone")) == "will be removed");
    CHECK(std::filesystem::exists(site.saved() + "/done"));
  }
}

TEST_CASE("saved originals that are not sound are refused") {
  Site site;
  site.put("a", noise(5000, 11));
  site.act("flip", {"bits=9"});
  const std::string sound = content(site.saved() + "/patches");
  for (std::size_t bytes = 0; bytes < sound.size(); bytes += 97) {
    std::ofstream(site.saved() + "/patches", std::ios::binary) << sound.substr(0, bytes);
    const auto loaded = load_patches(site.saved() + "/patches");
    CHECK((!loaded || loaded->size() < 2));
  }
  const std::vector<Patch> unsound = {{"../a", 0, 5, "x", "y"},
                                      {std::string("..\0a", 4), 0, 5, "x", "y"},
                                      {"a", 5, 5, "x", "y"},
                                      {"a", 1ULL << 62, 5, "x", "y"}};
  for (const Patch& patch : unsound) {
    CHECK(save_patches(site.saved() + "/patches", {patch}));
    CHECK_FALSE(load_patches(site.saved() + "/patches"));
  }
  CHECK_FALSE(run_damage("undo", site.data(), site.saved(), {}));
}

namespace {

class StoringDatabase : public FakeDatabase {
 public:
  std::optional<std::string> data_folder() const override { return "/var/lib/x"; }
  std::vector<ProcessIdentity> processes(const Node&) const override { return {{"/p", "/x"}}; }
};

}  // namespace

TEST_CASE("a range is read as far as the file goes, and takes no more memory than that") {
  const Site site;
  site.put("a", "abc");
  CHECK(*read_range(site.path("a"), 0, 1ULL << 62) == "abc");
  CHECK(*read_range(site.path("a"), 2, 1ULL << 62) == "c");
  CHECK(read_range(site.path("a"), 1ULL << 62, 5)->empty());
}

TEST_CASE("a minority that is damaged stays the one that is damaged") {
  FakeCluster cluster(5);
  StoringDatabase database;
  const FaultContext context{&cluster, &database};
  std::string damaged = "n2 n4";
  for (auto& node : cluster.fakes) {
    node->answer = [&damaged, name = node->name()](const std::string& script) -> std::string {
      if (script.starts_with("ls ")) return damaged.find(name) != damaged.npos ? "file-flip-1" : "";
      return "running 100 5 S\n";
    };
  }
  const Fault* flip = FaultRegistry::instance().find("file-flip");
  REQUIRE(flip != nullptr);
  CHECK_FALSE(flip->unsupported(context));
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    damaged = "n2 n4";
    auto plan = flip->prepare(context, Value(Value::Map{}), random);
    REQUIRE(plan);
    CHECK(names_from(plan->find("targets")) == NodeNames{"n2", "n4"});
    damaged = "n5";
    plan = flip->prepare(context, Value(Value::Map{}), random);
    REQUIRE(plan);
    const NodeNames two = names_from(plan->find("targets"));
    CHECK(two.size() == 2);
    CHECK(two.back() == "n5");
    seen.insert(two.front());
  }
  CHECK(seen.size() == 4);
  FakeDatabase without;
  CHECK(flip->unsupported({&cluster, &without}));
  CHECK_FALSE(flip->check(Value::map({{"bits", "0"}}), {}));
  CHECK_FALSE(flip->check(Value::map({{"layout", "spiral"}}), {}));
  CHECK_FALSE(flip->check(Value::map({{"files", ""}}), {}));
}
