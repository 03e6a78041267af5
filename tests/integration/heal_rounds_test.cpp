// Rounds of random faults with the controller killed at a random moment: after `gauntlet heal` the
// nodes are what they were before.
//
// What is compared is taken by a script on each node and from outside by Docker and its cgroups:
// packet rules, qdiscs, links, addresses, routes, mounts, states, limits and vDSO of the database's
// processes, journals of the agent, quotas. Before is a node on which the database runs and nothing
// was ever injected.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "base/random.hpp"
#include "harness/control/docker_client.hpp"
#include "harness/control/docker_cluster.hpp"
#include "nemesis/ledger.hpp"
#include "tests/cli/program.hpp"

using namespace gauntlet;

namespace {

/// What is set on a node, a line each; those of the database begin with "db", those of the file
/// system of ours below it with "disk".
constexpr const char* snapshot_script = R"sh(
# Tables of iptables are below: the first rule makes chains, which then stay, empty.
nft list ruleset 2>/dev/null |
  awk '/^table ip6? (filter|mangle|nat|raw) /{skip=1} !skip; /^}/{skip=0}' |
  sed -E 's/counter packets [0-9]+ bytes [0-9]+/counter/; s/^/nft: /'
for table in filter mangle nat raw; do
  for command in iptables ip6tables; do
    # Docker's name server has another port each time that a node starts.
    $command-save -t $table 2>/dev/null |
      sed -E 's/\[[0-9:]+\]//; s/(127.0.0.11):[0-9]+/\1:PORT/; s/(11\/32 .*--sport) [0-9]+/\1 PORT/' |
      grep -E '^-A|^:[^ ]+ (-|DROP)' | sed "s/^/$command $table: /"
  done
done
tc qdisc show | sed -E 's/dev eth0@?[^ ]*/dev eth0/; s/^/tc: /'
for dev in $(ls /sys/class/net); do
  tc class show dev $dev | sed 's/^/tc class: /'
  tc filter show dev $dev | sed 's/^/tc filter: /'
  ip -o link show dev $dev | sed -E 's/^[0-9]+: ([^@:]+)[^ ]*/\1/; s/^/link: /'
done
ip -o addr show | sed -E 's/^[0-9]+: /addr: /; s/valid_lft.*//'
ip route show | sed 's/^/route: /'
sort /proc/mounts | sed -E '/^gauntlet.* fuse/!s/^/mount: /; s/^gauntlet.* fuse/disk mount: &/'
find /run/gauntlet/agent -type f ! -name lock 2>/dev/null | sed 's/^/journal: /'
# The vDSO of a process, by its own map, compared with that of this shell.
vdso_of() {
  range=$(grep -F '[vdso]' /proc/$1/maps | cut -d' ' -f1)
  [ -n "$range" ] || { echo none; return; }
  first=$((0x${range%-*})); last=$((0x${range#*-}))
  dd if=/proc/$1/mem bs=4096 iflag=skip_bytes,count_bytes skip=$first count=$((last - first)) \
    2>/dev/null | sha256sum | cut -c1-16
}
own=$(vdso_of $$)
for pid in $(ls /proc | grep -E '^[0-9]+$'); do
  stat=$(cut -d' ' -f3 /proc/$pid/stat 2>/dev/null) || continue
  name=$(cat /proc/$pid/comm 2>/dev/null) || continue
  case $stat in T|t) echo "stopped: $name" ;; esac
  case $name in
    gauntlet-agent*)
      [ "$(tr '\0' ' ' </proc/$pid/cmdline | cut -d' ' -f2)" = disk ] && printf 'disk '
      echo "process: $name" ;;
    stress*) echo "process: $name" ;;
  esac
  [ "$name" = etcd ] || continue
  echo "db runs"
  [ "$(vdso_of $pid)" = "$own" ] && echo "db vdso untouched" || echo "db vdso patched"
  sed 's/^/db limit: /' /proc/$pid/limits
  sed 's/^/db cgroup: /' /proc/$pid/cgroup
  cut -d' ' -f18,19 /proc/$pid/stat | sed 's/^/db priority: /'
done
true
)sh";

/// A file of the container's cgroups as the host sees them, "" where there is none.
void add_quotas(const std::string& id, std::multiset<std::string>& lines) {
  std::error_code ignored;
  for (const char* controller : {"cpu", "memory", "blkio", "freezer", "pids"}) {
    const std::string root = fmt::format("/sys/fs/cgroup/{}/docker/{}", controller, id);
    for (const char* file :
         {"cpu.cfs_quota_us", "cpu.shares", "memory.limit_in_bytes", "freezer.state", "pids.max"}) {
      std::ifstream in(root + "/" + file);
      std::string text;
      if (std::getline(in, text)) lines.insert(fmt::format("quota: {} {}", file, text));
    }
    for (const auto& entry : std::filesystem::directory_iterator(root, ignored)) {
      if (entry.is_directory(ignored))
        lines.insert(fmt::format("cgroup: {} {}", controller, entry.path().filename().string()));
    }
  }
}

using Snapshot = std::map<std::string, std::multiset<std::string>>;  ///< by node name

/// The cluster's name, and its end.
class Nodes {
 public:
  Nodes() : cluster_("rounds-test-" + std::to_string(::getpid())) {}
  ~Nodes() { (void)docker_down(cluster_, {std::chrono::seconds(30)}); }
  const std::string& cluster() const { return cluster_; }

  Snapshot snapshot() const {
    DockerClusterOptions options;
    options.name = cluster_;
    const auto cluster = docker_attach(options);
    REQUIRE_MESSAGE(cluster.has_value(), (cluster ? "" : cluster.error().to_string()));
    Snapshot snapshot;
    for (Node* node : (*cluster)->nodes()) {
      auto& lines = snapshot[node->name()];
      const auto taken = node->must(Command::shell(snapshot_script));
      if (!taken) lines.insert(taken.error().to_string());
      std::istringstream in(taken ? taken->output : "");
      for (std::string line; std::getline(in, line);)
        lines.insert(line);
      const auto told =
          docker({"inspect", "--format",
                  "{{.Id}} {{.State.Status}} {{.HostConfig.NanoCpus}} {{.HostConfig.CpuQuota}} "
                  "{{.HostConfig.Memory}}",
                  fmt::format("gauntlet-{}-{}", cluster_, node->name())});
      REQUIRE_MESSAGE(told.has_value(), (told ? "" : told.error().to_string()));
      const std::size_t blank = told->find(' ');
      lines.insert("container: " + told->substr(blank + 1));
      add_quotas(told->substr(0, blank), lines);
    }
    return snapshot;
  }

 private:
  std::string cluster_;
};

/// "n1 - lost line", "n2 + new line"; lines of the database and of its disk, which goes when the
/// database does, only if it should run.
std::string difference(const Snapshot& before, const Snapshot& after, bool database) {
  std::string text;
  const auto add = [&](const std::string& node, const std::vector<std::string>& lines, char sign) {
    for (const auto& line : lines) {
      if (!database && (line.starts_with("db ") || line.starts_with("disk "))) continue;
      text += fmt::format("{} {} {}\n", node, sign, line);
    }
  };
  for (const auto& [node, lines] : before) {
    const auto at = after.find(node);
    const auto now = at != after.end() ? at->second : std::multiset<std::string>();
    std::vector<std::string> lost, added;
    std::ranges::set_difference(lines, now, std::back_inserter(lost));
    std::ranges::set_difference(now, lines, std::back_inserter(added));
    add(node, lost, '-');
    add(node, added, '+');
  }
  return text;
}

/// A program under way, to be killed.
class Background {
 public:
  Background(std::vector<std::string> words, const std::string& output) {
    std::vector<char*> argv;
    for (auto& word : words)
      argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    for (const int descriptor : {1, 2}) {
      posix_spawn_file_actions_addopen(&files, descriptor, output.c_str(),
                                       O_WRONLY | O_CREAT | O_APPEND, 0644);
    }
    const int failed = ::posix_spawn(&pid_, argv[0], &files, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    REQUIRE(failed == 0);
  }
  ~Background() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  bool ended() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
    return pid_ <= 0;
  }

 private:
  pid_t pid_ = -1;
};

/// Each takes a quarter of a minute, so that they are run where they are asked for.
int rounds_wanted() {
  const char* text = std::getenv("GAUNTLET_ROUNDS");
  const int rounds = text != nullptr ? static_cast<int>(std::strtol(text, nullptr, 10)) : 0;
  return std::max(rounds, 0);
}

/// "fuse": with the database's data on file systems of ours, which faults on disks then break.
std::string disk_wanted() {
  const char* text = std::getenv("GAUNTLET_ROUNDS_DISK");
  return text != nullptr ? text : "none";
}

bool has_content(const std::string& path) {
  std::error_code failed;
  return std::filesystem::file_size(path, failed) > 0 && !failed;
}

std::string content_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("after kill -9 at a random moment and gauntlet heal the nodes are what they were") {
  if (const auto docker = docker_available(); !docker) {
    MESSAGE("skipped, no Docker: " << docker.error().to_string());
    return;
  }
  if (rounds_wanted() == 0) {
    MESSAGE("skipped: GAUNTLET_ROUNDS says how many rounds, 100 for a proof");
    return;
  }
  const Scratch scratch;
  const Nodes nodes;
  const std::string store = scratch.path("store"), run = store + "/latest";
  const auto up =
      gauntlet::gauntlet({"nodes", "up", "--cluster", nodes.cluster()}, std::chrono::seconds(90));
  REQUIRE_MESSAGE(up.exit_code == 0, up.error_output);
  const auto quiet = gauntlet::gauntlet(
      {"test", "etcd", "--ops", "50", "--time-limit", "10s", "--disk", disk_wanted(),
       "--leave-db-running", "--store", store, "--cluster", nodes.cluster()},
      std::chrono::seconds(90));
  REQUIRE_MESSAGE(quiet.exit_code == 0, quiet.error_output);
  const Snapshot before = nodes.snapshot();
  REQUIRE(before.size() == 5);
  for (const auto& [node, lines] : before)
    CHECK(lines.contains("db vdso untouched"));

  const std::uint64_t seed = std::random_device{}();
  MESSAGE("seed " << seed);
  Random random(seed);
  std::map<std::string, int> killed_in;
  int different = 0;
  const int rounds = rounds_wanted();
  for (int round = 0; round < rounds; ++round) {
    const std::string output = scratch.path(fmt::format("output-{}", round));
    const Nanos life_ns =
        random.between(3, 20) * nanos_per_second + random.between(0, 999) * nanos_per_millisecond;
    const std::string run_seed = fmt::format("{}", random.below(1'000'000'000));
    std::error_code ignored;
    std::filesystem::remove(run, ignored);  // the link
    {
      Background controller(
          {program_path(), "test", "etcd", "--nemesis", "all", "--nemesis-overlap", "3",
           "--nemesis-interval", "1s", "--time-limit", "60s", "--seed", run_seed, "--store", store,
           "--disk", disk_wanted(), "--cluster", nodes.cluster()},
          output);
      const Deadline end = Deadline::after(std::chrono::nanoseconds(life_ns));
      while (!end.passed() && !controller.ended())
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      CHECK_FALSE_MESSAGE(controller.ended(), content_of(output));
    }
    const bool loaded = has_content(run + "/history.jsonl");
    // With a damaged message or file in its hands a database may end by itself.
    bool survives = true;
    std::string in_place;
    if (const auto entries = FaultLedger::read(run + "/faults.jsonl")) {
      for (const auto& entry : *entries) {
        survives = survives && entry.fault != "corrupt";
        if (entry.healed) continue;
        in_place += " " + entry.fault;
        ++killed_in[entry.fault];
      }
    }
    const auto healed = gauntlet::gauntlet({"heal", run}, std::chrono::seconds(120));
    // A database that was just started may need a moment; nodes, too.
    std::string found;
    const Deadline patience = Deadline::after(std::chrono::seconds(5));
    do {
      found = difference(before, nodes.snapshot(), loaded && survives);
    } while (!found.empty() && !patience.passed());
    const std::string told =
        fmt::format("round {} of {}, seed {}, killed after {} ms{}, in place:{}", round + 1, rounds,
                    run_seed, life_ns / nanos_per_millisecond, loaded ? "" : " (no load yet)",
                    in_place.empty() ? " nothing" : in_place);
    different += !found.empty() || healed.exit_code != 0;
    CHECK_MESSAGE(healed.exit_code == 0, told << "\n" << healed.output << healed.error_output);
    CHECK_MESSAGE(found.empty(), told << "\n" << found << healed.output);
    if (rounds > 3) fmt::print("{}: {}\n", told, found.empty() ? "equal" : "DIFFERENT");
    std::fflush(stdout);
  }
  std::vector<std::string> counts;
  for (const auto& [fault, count] : killed_in)
    counts.push_back(fmt::format("{} {}", fault, count));
  MESSAGE(rounds << " rounds, " << different << " different; in place when killed: "
                 << fmt::format("{}", fmt::join(counts, ", ")));
}
