// gauntlet crash-test on a real node: it finds a fsync that was left out, and nothing where all are
// there.
#include "cli/crash_test.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "nemesis/crash/recording.hpp"
#include "tests/integration/planted_database.hpp"
#include "tests/integration/test_cluster.hpp"
#include "tests/temporary_folder.hpp"

using namespace gauntlet;

GAUNTLET_REGISTER(DatabaseFactory, DatabaseFactoryOf<PlantedDatabase>);

namespace {

struct Nodes {
  ~Nodes() { (void)docker_down(name, {std::chrono::seconds(30)}); }
  std::string name = test_cluster_name("crash");
};

Result<CrashTestOutcome> crash_test(const Nodes& nodes, const TemporaryFolder& folder,
                                    const std::string& database,
                                    const std::vector<std::string>& options,
                                    std::map<std::string, std::string, std::less<>> flags) {
  CommandLine line;
  flags.insert({{"cluster", nodes.name},
                {"keep-nodes", "true"},
                {"store", folder.path("store")},
                {"nodes", "1"},
                {"disk", "fuse"},
                {"workload", "set"},
                {"seed", "1"}});
  line.flags = std::move(flags);
  line.extras = options;
  auto settings = Settings::resolve(line);
  REQUIRE(settings);
  const auto plan = make_plan(*settings, database);
  REQUIRE(plan);
  return run_crash_test(*plan, *settings);
}

}  // namespace

TEST_CASE("crash test: a planted missing fsync is found, and none where all are there") {
  if (!docker_for_tests()) return;
  const Nodes nodes;
  const TemporaryFolder folder;
  std::string record;
  for (const std::string mode : {"append", "append-unsynced", "rename", "rename-unsynced"}) {
    CAPTURE(mode);
    const auto outcome =
        crash_test(nodes, folder, "planted", {"--mode", mode}, {{"ops", "8"}, {"states", "10"}});
    REQUIRE(outcome);
    MESSAGE(outcome->summary);
    const bool planted = mode.ends_with("unsynced");
    CHECK(outcome->code == (planted ? ExitCode::anomaly : ExitCode::valid));
    CHECK((outcome->summary.find("LOSES") != std::string::npos) == planted);
    CHECK(std::filesystem::exists(outcome->run_directory + "/results.json"));
    if (mode == "rename-unsynced") record = outcome->run_directory;
  }
  // What was found is found again in the record that was kept.
  for (const auto& [state, code] :
       {std::pair{"9999:whole:0", ExitCode::usage}, std::pair{"40:whole:0", ExitCode::anomaly}}) {
    const auto again = crash_test(nodes, folder, "planted", {"--mode", "rename-unsynced"},
                                  {{"record", record}, {"state", state}});
    CHECK((again ? again->code : exit_code_of(again.error())) == code);
  }
  DockerClusterOptions options;
  options.name = nodes.name;
  auto cluster = docker_attach(options);
  REQUIRE(cluster);
  const auto left = (*cluster)->nodes().front()->run(
      Command::shell("ls -d /var/lib/gauntlet/planted*; grep planted /proc/mounts"));
  REQUIRE(left);
  CHECK(left->output == "");
}
