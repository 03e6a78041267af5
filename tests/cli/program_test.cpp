// The program from outside: exit codes, one-line errors, and a whole test on the embedded database.

#include "tests/cli/program.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "history/json_value.hpp"

using namespace gauntlet;

namespace {

/// That a call fails with this exit code and one line on stderr that has `part`.
void check_refused(const std::vector<std::string>& arguments, int exit_code,
                   const std::string& part) {
  const auto result = gauntlet::gauntlet(arguments);
  CAPTURE(result.error_output);
  CHECK(result.exit_code == exit_code);
  CHECK(result.error_output.find(part) != std::string::npos);
  const auto& text = result.error_output;
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("bad usage is refused with what was meant") {
  check_refused({"tset"}, 254, "did you mean 'test'?");
  check_refused({"test", "etdc"}, 254, "did you mean 'etcd'?");
  check_refused({"test", "etcd", "--workload", "registers"}, 254, "did you mean 'register'?");
  check_refused({"test", "etcd", "--nemesis", "partiton"}, 254, "did you mean 'partition'?");
  check_refused({"test", "etcd", "--tme-limit", "3s"}, 254, "did you mean 'time-limit'?");
  check_refused({"test", "etcd", "--time-limit", "soon"}, 254, "--time-limit: 'soon' does not fit");
  check_refused({"test", "etcd", "--read-consistency", "perfect"}, 254,
                "linearizable, serializable");
  check_refused({"test", "etcd", "--concurrency", "0"}, 254, "--concurrency");
  check_refused({"test"}, 254, "test needs DATABASE");
  check_refused({"test", "etcd", "--node", "root@host:99999"}, 254, "99999");
  check_refused({"check", "/nowhere/history.jsonl"}, 254, "/nowhere/history.jsonl");
  check_refused({"list", "fault"}, 254, "did you mean 'faults'?");
  check_refused({"nodes", "upp"}, 254, "did you mean 'up'?");
  check_refused({"report", "--store", "/nowhere"}, 254, "/nowhere");
}

TEST_CASE("a configuration file is checked with line and column") {
  const Scratch scratch;
  const std::string file = scratch.path("test.toml");
  write(file, "[test]\nrate = 10\ntime-limits = \"3s\"\n");
  check_refused({"test", "memory", "--config", file}, 254,
                file + ":3:1: unknown key 'time-limits'; did you mean 'time-limit'?");
  write(file, "[test]\nrate = \"many\"\n");
  check_refused({"test", "memory", "--config", file}, 254, file + ":2:1: rate = many");
  write(file, "[test]\nrate = \n");
  check_refused({"test", "memory", "--config", file}, 254, file + ":2:");
  write(file, "[database]\nbugs = \"none\"\n");
  check_refused({"test", "memory", "--config", file}, 254, "did you mean 'bug'?");
  write(file, "[tset]\n");
  check_refused({"test", "memory", "--config", file}, 254, "unknown table 'tset'");
}

TEST_CASE("a schedule in a file is checked with line and column, and is that of the flag") {
  const Scratch scratch;
  const std::string file = scratch.path("test.toml");
  const auto refused = [&](const std::string& text, const std::string& part) {
    write(file, text);
    check_refused({"test", "memory", "--config", file}, 254, file + part);
  };
  refused("[[schedule]]\nat = \"5s\"\nfault = \"kil\"\n",
          ":3:9: no fault 'kil'; did you mean 'kill'?");
  refused("[[schedule]]\nat = \"5s\"\nfault = \"kill\"\ntarget = \"n1\"\n",
          ":4:1: unknown key 'target'; did you mean 'targets'?");
  refused("[[schedule]]\nat = \"soon\"\nfault = \"kill\"\n", ":2:6: 'soon' is no time");
  refused("[[schedule]]\nat = 5\ndo = \"hael\"\n", ":3:6: cannot do 'hael'");
  refused("[[schedule]]\nfault = \"kill\"\n", ":1:1: an act of the schedule has no time");
  refused("[[schedule]]\nat = 5\nfault = \"kill\"\n[[schedule]]\nat = 4\ndo = \"heal\"\n",
          ":5:6: 4s comes before 5s");
  refused("schedule = 3\n", ":1:12: schedule is no list of tables");
  refused("[test]\nschedule = \"\"\n[[schedule]]\nat = 1\ndo = \"heal\"\n",
          ":3:3: schedule is given twice");
  write(file,
        "[[schedule]]\nat = \"5s\"\nfault = \"partition\"\nshape = \"halves\"\n"
        "[[schedule]]\nat = 15\ndo = \"heal\"\nfault = \"partition\"\n");
  const auto read = gauntlet::gauntlet({"test", "memory", "--config", file, "--print-config"});
  CAPTURE(read.error_output);
  CHECK(read.output.find("at 5s partition:shape=halves; at 15s heal partition") !=
        std::string::npos);
  check_refused({"test", "memory", "--schedule", "at 5s partition halve"}, 254,
                "schedule, column 1: fault partition: no shape 'halve'");
  check_refused({"test", "memory", "--nemesis-pace", "rndom"}, 254, "did you mean 'random'?");
}

TEST_CASE("flags go over the environment, that over the file, that over the default") {
  const Scratch scratch;
  const std::string file = scratch.path("test.toml");
  write(file, "[test]\nrate = 10\nops = 11\nseed = 12\n[database]\nbug = \"stale-read\"\n");
  ::setenv("GAUNTLET_OPS", "21", 1);
  ::setenv("GAUNTLET_SEED", "22", 1);
  const auto result =
      gauntlet::gauntlet({"test", "memory", "--config", file, "--seed", "32", "--print-config"});
  ::unsetenv("GAUNTLET_OPS");
  ::unsetenv("GAUNTLET_SEED");
  REQUIRE(result.exit_code == 0);
  const auto line_with = [&](const std::string& start) {
    const std::size_t at = result.output.find("\n" + start);
    REQUIRE(at != std::string::npos);
    return result.output.substr(at + 1, result.output.find('\n', at + 1) - at - 1);
  };
  CHECK(line_with("rate = ").find("\"10\"") != std::string::npos);
  CHECK(line_with("rate = ").find("# " + file + ":2:1") != std::string::npos);
  CHECK(line_with("ops = \"21\"").find("# GAUNTLET_OPS") != std::string::npos);
  CHECK(line_with("seed = \"32\"").find("# --seed") != std::string::npos);
  CHECK(line_with("bug = \"stale-read\"").find(file + ":6:1") != std::string::npos);
  CHECK(line_with("workload = \"register\"").find("# default") != std::string::npos);
  // What is printed can be read back.
  write(file, result.output);
  const auto again = gauntlet::gauntlet({"test", "memory", "--config", file, "--print-config"});
  CHECK(again.exit_code == 0);
  CHECK(again.output.find("ops = \"21\"") != std::string::npos);
}

TEST_CASE("a correct embedded database is valid, a planted bug is found, by the same pipeline") {
  const Scratch scratch;
  const std::vector<std::string> common = {
      "test", "memory",  "--time-limit",        "2s",    "--rate",
      "1500", "--store", scratch.path("store"), "--json"};
  const auto with = [&](const std::string& bug) {
    auto arguments = common;
    arguments.insert(arguments.end(), {"--bug", bug});
    return gauntlet::gauntlet(arguments);
  };
  const auto good = with("none");
  CAPTURE(good.error_output);
  CHECK(good.exit_code == 0);
  const auto good_json = parse_json(good.output, "stdout");
  REQUIRE(good_json.has_value());
  CHECK(*good_json->find("valid") == Value(true));
  CHECK(good_json->find("operations")->integer() > 1000);

  const auto bad = with("stale-read");
  CHECK(bad.exit_code == 1);
  const auto bad_json = parse_json(bad.output, "stdout");
  REQUIRE(bad_json.has_value());
  CHECK(*bad_json->find("valid") == Value(false));
  REQUIRE(!bad_json->find("anomalies")->items().empty());
  CHECK(*bad_json->find("anomalies")->items()[0].find("name") == Value("stale read"));

  const std::string run = scratch.path("store/latest/");
  for (const char* file : {"plan.json", "plan.toml", "run.json", "history.jsonl", "results.json",
                           "report.html", "faults.jsonl", "controller.log"}) {
    CAPTURE(file);
    CHECK(std::filesystem::exists(run + file));
  }
  // The same run judged again, from what is on disk.
  CHECK(gauntlet::gauntlet({"check", run}).exit_code == 1);
  // And by what its workload does not claim.
  const auto asked =
      gauntlet::gauntlet({"check", "--consistency", "sequential,linearizable", "--json", run});
  CHECK(asked.exit_code == 1);
  CHECK(asked.output.find("\"consistency\":\"sequential, linearizable\"") != std::string::npos);
  CHECK(gauntlet::gauntlet({"check", run + "history.jsonl"}).exit_code == 1);
  CHECK(gauntlet::gauntlet({"report", "--store", scratch.path("store")}).exit_code == 1);
  CHECK(gauntlet::gauntlet(
            {"check", run + "history.jsonl", "--time-limit", "1ms", "--memory-limit", "1K"})
            .exit_code != 255);
}

TEST_CASE("a model is taken for granted only where nothing else fits") {
  const Scratch scratch;
  const std::string file = scratch.path("history.jsonl");
  const auto history = [](const std::string& f, const std::string& value) {
    return "{\"index\":0,\"type\":\"invoke\",\"process\":0,\"f\":\"" + f + "\",\"value\":" + value +
           "}\n{\"index\":1,\"type\":\"ok\",\"process\":0,\"f\":\"" + f + "\",\"value\":" + value +
           "}\n";
  };
  write(file, history("add", "1"));
  const auto ambiguous = gauntlet::gauntlet({"check", file});
  CHECK(ambiguous.exit_code == 2);
  CHECK(ambiguous.output.find("say which with --model") != std::string::npos);
  write(file, history("juggle", "1"));
  const auto unheard = gauntlet::gauntlet({"check", file});
  CHECK(unheard.exit_code == 2);
  CHECK(unheard.output.find("no model has all the functions") != std::string::npos);
  write(file, history("enqueue", "1"));
  const auto queue = gauntlet::gauntlet({"check", file, "--json"});
  CHECK(queue.output.find("\"model\":\"queue\"") != std::string::npos);
}

TEST_CASE("the same seed gives the same operations") {
  const Scratch scratch;
  const auto operations = [&](const std::string& store, const std::string& seed) {
    const auto result =
        gauntlet::gauntlet({"test", "memory", "--ops", "300", "--rate", "0", "--concurrency", "1",
                            "--nodes", "1", "--seed", seed, "--store", scratch.path(store)});
    REQUIRE(result.exit_code == 0);
    std::vector<std::string> invoked;
    std::ifstream in(scratch.path(store) + "/latest/history.jsonl");
    for (std::string line; std::getline(in, line);) {
      if (line.find("\"invoke\"") != std::string::npos) {
        invoked.push_back(line.substr(line.find("\"f\"")));
      }
    }
    return invoked;
  };
  const auto first = operations("a", "7");
  CHECK(first.size() >= 300);
  CHECK(first == operations("b", "7"));
  CHECK(first != operations("c", "8"));
}

TEST_CASE("a second run in the same store is refused and told who holds it") {
  const Scratch scratch;
  LocalProgram first;
  first.argv = {program_path(),       "test", "memory", "--time-limit", "4s", "--store",
                scratch.path("store")};
  std::jthread other([&] { (void)run_process(first); });
  ProcessResult refused;
  for (int attempt = 0; attempt < 20; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (!std::filesystem::exists(scratch.path("store/latest"))) continue;
    refused = gauntlet::gauntlet(
        {"test", "memory", "--time-limit", "1s", "--store", scratch.path("store")});
    break;
  }
  CAPTURE(refused.error_output);
  CHECK(refused.exit_code == 3);
  CHECK(refused.error_output.find("pid") != std::string::npos);
}

TEST_CASE("an interrupted run keeps and judges what there is") {
  const Scratch scratch;
  LocalProgram run;
  // timeout sends SIGINT to the program and at once to its whole group: one wish, not two.
  run.argv = {"timeout", "--signal=INT",       "5",   program_path(), "test",
              "memory",  "--time-limit",       "30s", "--rate",       "500",
              "--store", scratch.path("store")};
  const auto result = run_process(run);
  REQUIRE(result.has_value());
  CAPTURE(result->error_output);
  CHECK(result->output.find("VALID") != std::string::npos);
  CHECK(result->error_output.find("the analysis is skipped") == std::string::npos);
  CHECK(result->output.find("the run was interrupted") != std::string::npos);
  CHECK(result->duration_ns < 20 * nanos_per_second);
  CHECK(std::filesystem::exists(scratch.path("store/latest/report.html")));
}

TEST_CASE("list shows the consistency models with what they imply") {
  const auto listed = gauntlet::gauntlet({"list", "consistency", "--json"});
  REQUIRE(listed.exit_code == 0);
  CHECK(listed.output.find("\"linearizable\"") != std::string::npos);
  CHECK(listed.output.find("\"implies: causal-memory, causal-convergence\"") != std::string::npos);
  CHECK(listed.output.find("\"strict-serializable\"") != std::string::npos);
}

TEST_CASE("check judges a history by the consistency models that are asked for") {
  const Scratch scratch;
  const std::string file = scratch.path("history.jsonl");
  // Process 1 reads 1 after it has read 2, both written by process 0 in turn.
  std::string text;
  int index = 0;
  const auto add = [&](int process, const std::string& f, int value) {
    for (const char* type : {"invoke", "ok"}) {
      const bool is_question = f == "read" && std::string(type) == "invoke";
      text += "{\"index\":" + std::to_string(index) + ",\"time\":" + std::to_string(index) +
              ",\"type\":\"" + type + "\",\"process\":" + std::to_string(process) + ",\"f\":\"" +
              f + "\",\"value\":" + (is_question ? "null" : std::to_string(value)) + "}\n";
      ++index;
    }
  };
  add(0, "write", 1);
  add(0, "write", 2);
  add(1, "read", 2);
  add(1, "read", 1);
  write(file, text);
  const auto all = gauntlet::gauntlet({"check", "--consistency", "all", "--json", file});
  CHECK(all.exit_code == 1);
  CHECK(all.output.find("\"weakest_failing\":[\"pram\",\"causal\"]") != std::string::npos);
  CHECK(gauntlet::gauntlet({"check", "--consistency", "monotonic-reads,read-your-writes", file})
            .exit_code == 0);
  CHECK(gauntlet::gauntlet({"check", "--consistency", "monotonic-reads,causal", file}).exit_code ==
        1);
  CHECK(gauntlet::gauntlet({"check", "--consistency", "serializable", file}).exit_code == 2);
  check_refused({"check", "--consistency", "sequental", file}, 254, "did you mean 'sequential'?");
}
