// Commands and copies on a real node.
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "harness/control/ssh_node.hpp"
#include "tests/integration/test_cluster.hpp"
#include "tests/temporary_folder.hpp"

using namespace gauntlet;
using std::chrono::milliseconds;
using std::chrono::seconds;
namespace fs = std::filesystem;

namespace {

/// Two nodes that the cases of this file share, since none harms them.
const TestCluster* shared_cluster() {
  if (!docker_for_tests()) return nullptr;
  static const TestCluster cluster(test_cluster_options("control", 2));
  return &cluster;
}

/// Node n1 once more, with sessions of its own.
std::unique_ptr<Node> another_connection(const TestCluster& cluster, std::size_t sessions_max,
                                         std::shared_ptr<CommandLog> log = {}) {
  const auto& node = dynamic_cast<SshNode&>(cluster.node("n1"));
  return std::make_unique<SshNode>(SshNodeOptions{.name = "n1",
                                                  .address = node.address(),
                                                  .target = node.target(),
                                                  .sudo_password = {},
                                                  .sessions_max = sessions_max,
                                                  .log = std::move(log)});
}

std::string random_bytes(Random& random, std::size_t count) {
  std::string bytes;
  bytes.reserve(count + 8);
  while (bytes.size() < count) {
    const std::uint64_t word = random.next();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  bytes.resize(count);
  return bytes;
}

/// A local file's path in a folder of its own.
class LocalFile {
 public:
  std::string path() const { return folder_.path("file"); }
  std::string content() const {
    std::ifstream file(path());
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  TemporaryFolder folder_;
};

double milliseconds_since(Nanos start) {
  return static_cast<double>(monotonic_now() - start) / static_cast<double>(nanos_per_millisecond);
}

}  // namespace

TEST_CASE("a command gives its streams, its exit code and its time") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  Node& node = cluster->node("n1");
  const auto result = node.run(Command::shell("cat; echo error >&2; exit 7").with_input("given"));
  REQUIRE(result);
  CHECK(result->exit_code == 7);
  CHECK(result->signal.empty());
  CHECK(result->output == "given");
  CHECK(result->error_output == "error\n");
  CHECK(result->duration_ns > 0);
  CHECK(node.must(Command::of({"hostname"}))->output == "n1\n");

  const auto failed = node.must(Command::shell("echo one >&2; echo 'the reason' >&2; exit 4"));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind == ErrorKind::remote);
  CHECK(failed.error().what.rfind("n1: ", 0) == 0);
  CHECK(failed.error().what.find("exit code 4: the reason") != std::string::npos);
}

TEST_CASE("a signal that ends a command is named; a program that is absent is exit code 127") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  for (const char* signal : {"KILL", "TERM", "SEGV"}) {
    const auto result =
        cluster->node("n1").run(Command::shell(std::string("kill -") + signal + " $$"));
    REQUIRE(result);
    CHECK(result->exit_code == -1);
    CHECK(result->signal == signal);
  }
  CHECK(cluster->node("n1").run(Command::of({"no-such-program"}))->exit_code == 127);
}

TEST_CASE("nodes know each other by name") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  const auto pinged = on_each<CommandResult>((*cluster)->nodes(), [](Node& node) {
    return node.must(Command::shell("ping -c 1 -W 2 n1 && ping -c 1 -W 2 n2"));
  });
  for (const auto& result : pinged)
    CHECK(result);
  const auto seen = cluster->node("n1").must(Command::shell("echo ${SSH_CONNECTION%% *}"));
  REQUIRE(seen);
  CHECK(seen->output == (*cluster)->controller_address() + "\n");
}

TEST_CASE("no argument is interpreted on the way to a node") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  Random random(7);
  for (int round = 0; round < 40; ++round) {
    std::string bytes = random_bytes(random, random.below(400));
    std::erase(bytes, '\0');
    const auto argument = cluster->node("n1").must(Command::of({"printf", "%s", bytes}));
    REQUIRE(argument);
    CHECK(argument->output == bytes);
    const auto quoted = cluster->node("n1").must(Command::shell("printf %s " + shell_quote(bytes)));
    REQUIRE(quoted);
    CHECK(quoted->output == bytes);
  }
}

TEST_CASE("a command past its time is killed on the node") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  Node& node = cluster->node("n1");
  for (const char* script : {"sleep 4711", "trap '' TERM; while :; do sleep 0.1; done; : 4711"}) {
    const Nanos start = monotonic_now();
    const auto result = node.run(Command::shell(script).within(milliseconds(500)));
    CHECK(milliseconds_since(start) < 10'000);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::timeout);
    // The bracket keeps pgrep's own shell from matching.
    CHECK(node.run(Command::shell("pgrep -f '471[1]'"))->exit_code == 1);
  }
  CHECK(node.must(Command::of({"true"})));
}

TEST_CASE("a command that fails by itself with timeout's exit code is no timeout") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  for (const int code : {124, 137}) {
    const auto result =
        cluster->node("n1").run(Command::shell("exit " + std::to_string(code)).within(seconds(5)));
    REQUIRE(result);
    CHECK(result->exit_code == code);
  }
}

TEST_CASE("output is cut at its bound, input has none") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  Node& node = cluster->node("n1");
  const auto cut = node.run(Command::shell("head -c 20000000 /dev/zero; echo end >&2; exit 3"));
  REQUIRE(cut);
  CHECK(cut->output.size() == std::size_t{1} << 20);
  CHECK(cut->truncated);
  CHECK(cut->exit_code == 3);
  CHECK(cut->error_output == "end\n");

  Random random(8);
  Command echo = Command::of({"cat"});
  echo.input = random_bytes(random, 8'000'000);
  echo.output_bytes_max = 10'000'000;
  const auto echoed = node.run(echo);
  REQUIRE(echoed);
  CHECK(echoed->output == echo.input);
  CHECK_FALSE(echoed->truncated);

  Command deaf = Command::shell("exit 5");
  deaf.input = echo.input;
  const auto unread = node.run(deaf);
  REQUIRE(unread);
  CHECK(unread->exit_code == 5);
}

TEST_CASE("a background process that keeps the output open does not keep the command") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  const Nanos start = monotonic_now();
  const auto result = cluster->node("n1").run(Command::shell("echo begun; sleep 60 & exit 2"));
  CHECK(milliseconds_since(start) < 15'000);
  REQUIRE(result);
  CHECK(result->exit_code == 2);
  CHECK(result->output == "begun\n");
  // Not killed either: it is what starts a daemon.
  CHECK(cluster->node("n1").run(Command::of({"pkill", "-x", "sleep"}))->exit_code == 0);
}

TEST_CASE("files arrive whole, with their mode, under any name") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  Node& node = cluster->node("n1");
  Random random(9);
  const LocalFile local;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{3'000'000}}) {
    const std::string content = random_bytes(random, size);
    const std::string path = "/root/it's \"a\" $(file)\n-" + std::to_string(size);
    REQUIRE(node.upload("old", path));
    REQUIRE(node.upload(content, path, 0751));
    const auto mode = node.must(Command::of({"stat", "-c", "%a %s", path}));
    REQUIRE(mode);
    CHECK(mode->output == "751 " + std::to_string(size) + "\n");
    REQUIRE(node.download(path, local.path(), 10'000'000));
    CHECK(local.content() == content);
  }
  // Nothing but these three.
  CHECK(node.must(Command::shell("ls -A /root | grep -c file"))->output == "3\n");
}

TEST_CASE("of a long file the end is downloaded, of one that grows what was there") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  Node& node = cluster->node("n1");
  const LocalFile local;
  REQUIRE(node.upload("0123456789", "/root/digits"));
  REQUIRE(node.download("/root/digits", local.path(), 4));
  CHECK(local.content() == "6789");

  REQUIRE(
      node.must(Command::shell("(for i in $(seq 300); do echo a line of a log; sleep 0.01; done) "
                               ">/root/log 2>&1 </dev/null &")));
  for (int i = 0; i < 10; ++i) {
    REQUIRE(node.download("/root/log", local.path(), 1'000'000));
    CHECK(local.content().size() % std::string("a line of a log\n").size() == 0);
  }
}

TEST_CASE("a copy that cannot be made says why") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  Node& node = cluster->node("n1");
  const LocalFile local;
  const auto absent = node.download("/no/such/file", local.path(), 1000);
  REQUIRE_FALSE(absent);
  CHECK(absent.error().kind == ErrorKind::remote);
  CHECK(absent.error().what.find("/no/such/file") != std::string::npos);
  CHECK_FALSE(fs::exists(local.path()));
  CHECK_FALSE(node.download("/root", local.path(), 1000));
  const auto unwritable = node.upload("x", "/no/such/folder/file");
  REQUIRE_FALSE(unwritable);
  CHECK(unwritable.error().kind == ErrorKind::remote);
  const auto no_place = node.download("/etc/hosts", "/no/such/folder/file", 1000);
  REQUIRE_FALSE(no_place);
  CHECK(no_place.error().kind == ErrorKind::resource);
}

TEST_CASE("32 commands at once on one node all run") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  Node& node = cluster->node("n1");
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    threads.reserve(32);
    for (int t = 0; t < 32; ++t) {
      threads.emplace_back([&, t] {
        const std::string text = "worker " + std::to_string(t);
        const auto result = node.run(Command::of({"cat"}).with_input(text));
        if (result && result->output == text) ++good;
      });
    }
  }
  CHECK(good == 32);
}

TEST_CASE("no more sessions than allowed are open, and waiting for one ends with the deadline") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  const auto node = another_connection(*cluster, 2);
  REQUIRE(node->run(Command::shell("rm -f /tmp/running; : >/tmp/most")));
  const std::string overlap =
      "exec 9>/tmp/guard; flock 9; echo x >>/tmp/running; wc -l </tmp/running >>/tmp/most; flock "
      "-u 9; "
      "sleep 0.2; flock 9; sed -i 1d /tmp/running";
  {
    std::vector<std::jthread> threads;
    threads.reserve(6);
    for (int t = 0; t < 6; ++t)
      threads.emplace_back([&] { CHECK(node->must(Command::shell(overlap))); });
  }
  const auto most = node->must(Command::shell("sort -n /tmp/most | tail -n 1"));
  REQUIRE(most);
  CHECK(most->output == "2\n");

  const auto single = another_connection(*cluster, 1);
  REQUIRE(single->run(Command::of({"true"})));
  std::jthread busy([&] { (void)single->run(Command::of({"sleep", "4"})); });
  std::this_thread::sleep_for(milliseconds(300));
  const Nanos start = monotonic_now();
  const auto refused = single->run(Command::of({"true"}).within(milliseconds(200)));
  CHECK(milliseconds_since(start) < 3000);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::timeout);
}

TEST_CASE("a session that died while it lay idle is replaced unnoticed") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  const auto node = another_connection(*cluster, 2);
  REQUIRE(node->run(Command::of({"true"})));
  // All of sshd's processes for a connection but the one that runs this.
  const auto killed = cluster->node("n1").must(
      Command::shell("own=$(ps -o ppid= -p $PPID); for p in $(pgrep -f '[s]shd: root@notty'); do "
                     "[ $p = $own ] || { kill -9 $p; echo $p; }; done"));
  REQUIRE(killed);
  CHECK_FALSE(killed->output.empty());
  CHECK(node->must(Command::of({"true"})));
}

TEST_CASE("every command is in the log") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  const LocalFile file;
  {
    const auto log = FileCommandLog::open(file.path());
    REQUIRE(log);
    const auto node = another_connection(*cluster, 2, *log);
    (void)node->run(Command::shell("exit 3"));
    (void)node->run(Command::of({"sleep", "9"}).within(milliseconds(100)));
    REQUIRE(node->upload("secret content", "/root/uploaded"));
  }
  const std::string lines = file.content();
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 3);
  CHECK(lines.find("exit 3: exit 3\n") != std::string::npos);
  CHECK(lines.find("failed (n1: `sleep 9` did not end") != std::string::npos);
  CHECK(lines.find("exit 0: upload /root/uploaded") != std::string::npos);
  CHECK(lines.find("secret content") == std::string::npos);
}
