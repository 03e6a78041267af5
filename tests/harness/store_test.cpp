#include "harness/run/store.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/temporary_folder.hpp"

namespace gauntlet {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<RunDirectory> make_run(const std::string& store, std::string_view name) {
  auto run = RunDirectory::create(store, name);
  REQUIRE(run.has_value());
  std::ofstream((*run)->path("history.jsonl"));
  return std::move(*run);
}

}  // namespace

TEST_CASE("runs get directories of their own, and the links point at the latest") {
  const TemporaryFolder folder;
  const std::string store = folder.path("deep/store");
  std::vector<std::string> made;
  for (int i = 0; i < 3; ++i)
    made.push_back(make_run(store, "etcd-register")->directory());
  made.push_back(make_run(store, "memory-register")->directory());
  CHECK(made[0] != made[1]);
  CHECK(made[1] != made[2]);
  CHECK(fs::canonical(store + "/latest") == fs::canonical(made[3]));
  CHECK(fs::canonical(store + "/etcd-register/latest") == fs::canonical(made[2]));
  CHECK(fs::path(made[0]).is_absolute());

  const auto runs = list_runs(store);
  CHECK(runs.size() == 4);
  CHECK(list_runs(folder.path("nothing")).empty());
}

TEST_CASE("names become names of files") {
  const TemporaryFolder folder;
  for (const std::string name : {"../../etc", "a/b", "latest", "", ".hidden", "ü"}) {
    CAPTURE(name);
    const auto run = make_run(folder.path(), name);
    const fs::path directory = fs::canonical(run->directory());
    CHECK(directory.parent_path().parent_path() == fs::canonical(folder.path()));
    CHECK(directory.parent_path().filename() != "latest");
    CHECK(directory.parent_path().filename().string()[0] != '.');
  }
}

TEST_CASE("a store that another run holds is refused, or waited for") {
  const TemporaryFolder folder;
  auto first = make_run(folder.path(), "first");
  const auto refused = RunDirectory::create(folder.path(), "second");
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == ErrorKind::conflict);
  CHECK(refused.error().what.find("first") != std::string::npos);
  CHECK(refused.error().what.find("pid " + std::to_string(getpid())) != std::string::npos);
  CHECK(refused.error().remedy.find("--wait") != std::string::npos);

  std::atomic<bool> stop{true};
  CHECK(RunDirectory::create(folder.path(), "second", 10s, &stop).error().kind ==
        ErrorKind::interrupted);
  std::thread ender([&] {
    std::this_thread::sleep_for(100ms);
    first.reset();
  });
  CHECK(RunDirectory::create(folder.path(), "second", 10s).has_value());
  ender.join();
  CHECK(RunDirectory::create(folder.path(), "third").has_value());
}

TEST_CASE("a run is found by path, by test, by time and as the latest") {
  const TemporaryFolder folder;
  const std::string store = folder.path("store");
  const std::string a = make_run(store, "etcd-register")->directory();
  const std::string b = make_run(store, "etcd-register")->directory();
  const std::string c = make_run(store, "memory-set")->directory();
  const auto found = [&](std::string_view run) { return find_run(store, run).value(); };
  CHECK(found("latest") == fs::canonical(c));
  CHECK(found("") == fs::canonical(c));
  CHECK(found("etcd-register") == fs::canonical(b));
  CHECK(found("etcd-register/latest") == fs::canonical(b));
  CHECK(found("etcd-register/" + fs::path(a).filename().string()) == fs::canonical(a));
  CHECK(found(a) == fs::canonical(a));
  CHECK(found(store + "/latest") == fs::canonical(c));

  const auto slip = find_run(store, "etcd-registr");
  REQUIRE(slip.has_error());
  CHECK(slip.error().kind == ErrorKind::usage);
  CHECK(slip.error().remedy.find("etcd-register") != std::string::npos);
  CHECK(find_run(folder.path("nothing"), "latest").error().kind == ErrorKind::usage);
}

TEST_CASE("a latest run that came to nothing is passed over") {
  const TemporaryFolder folder;
  const std::string a = make_run(folder.path(), "etcd-register")->directory();
  CHECK(RunDirectory::create(folder.path(), "etcd-register").has_value());  // empty
  CHECK(fs::canonical(find_run(folder.path(), "latest").value()) == fs::canonical(a));
}

TEST_CASE("a store that cannot be made is an error with a way out") {
  const TemporaryFolder folder;
  std::ofstream(folder.path("plain")) << "x";
  const auto refused = RunDirectory::create(folder.path("plain") + "/store", "test");
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == ErrorKind::resource);
  CHECK(refused.error().remedy.find("--store") != std::string::npos);
}

}  // namespace gauntlet
