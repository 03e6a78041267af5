// The agent's conversation with a controller, its dead-man's switch and its journal.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "nemesis/agent/journal.hpp"
#include "nemesis/agent/module.hpp"
#include "nemesis/agent/server.hpp"
#include "nemesis/agent_wire.hpp"
#include "tests/temporary_folder.hpp"

namespace gauntlet::agent {

namespace {

/// Keeps what it is given in its journal until it is healed.
class Keeper : public Module {
 public:
  std::string_view name() const override { return "keeper"; }
  Reply handle(const std::vector<std::string>& words) override {
    if (words.size() != 2 || words[0] != "keep") return refuse("keep what?");
    const std::string failed = write_journal("keeper", {words[1]});
    return failed.empty() ? Reply{true, "kept " + words[1]} : refuse(failed);
  }
  Reply heal() override {
    const std::string failed = write_journal("keeper", {});
    return failed.empty() ? Reply{} : refuse(failed);
  }
  std::string residue() override {
    const auto lines = read_journal("keeper");
    return lines.empty() ? "" : "keeps " + lines.front();
  }
};

GAUNTLET_REGISTER(Module, Keeper);

/// An agent that serves in a thread, in a folder of its own.
class Serving {
 public:
  explicit Serving(std::chrono::seconds lease) {
    std::array<int, 2> requests{}, replies{};
    REQUIRE(pipe2(requests.data(), O_CLOEXEC) == 0);
    REQUIRE(pipe2(replies.data(), O_CLOEXEC) == 0);
    request_ = requests[1];
    reply_ = replies[0];
    thread_ = std::thread([=, this] {
      exit_code_ = serve(requests[0], replies[1], lease);
      close(requests[0]);
      close(replies[1]);
    });
  }
  ~Serving() { end(); }

  std::string line() {
    std::string text;
    for (char c = 0; read(reply_, &c, 1) == 1 && c != '\n';)
      text += c;
    return text;
  }
  std::string ask(const std::vector<std::string>& words) {
    const std::string text = agent_line(words) + "\n";
    REQUIRE(write(request_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    return line();
  }
  int end() {
    if (request_ >= 0) close(request_);
    request_ = -1;
    return join();
  }
  int join() {
    if (thread_.joinable()) thread_.join();
    if (reply_ >= 0) close(reply_);
    reply_ = -1;
    return exit_code_;
  }

 private:
  int request_ = -1, reply_ = -1, exit_code_ = -1;
  std::thread thread_;
};

class InFolder {
 public:
  InFolder() { run_folder() = folder_.path("run"); }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("words survive the wire to an agent, whatever is in them") {
  const std::vector<std::string> words = {"clock", "", "a b", "50%\n", std::string("\0\xff", 2)};
  const std::string line = agent_line(words);
  CHECK(line.find('\n') == std::string::npos);
  CHECK(agent_words(line) == words);
  for (const char* const wrong : {"a  b", "%4", "%zz", "a%", "\"", "a\tb"}) {
    CAPTURE(wrong);
    CHECK_FALSE(agent_words(wrong).has_value());
  }
}

TEST_CASE("an agent answers requests, and heals when its input ends") {
  const InFolder folder;
  Serving agent(std::chrono::seconds(60));
  CHECK(agent.line() == "ok %");
  CHECK(agent.ask({"ping"}) == "ok %");
  CHECK(agent.ask({"keeper", "keep", "a b"}) == "ok kept%20a%20b");
  CHECK(agent.ask({"keeper", "lose"}) == "error keep%20what%3F");
  CHECK(agent.ask({"nobody"}).starts_with("error "));
  CHECK(agent.ask({}).starts_with("error "));
  CHECK(read_journal("keeper").size() == 1);
  CHECK(agent.end() == 0);
  CHECK(read_journal("keeper").empty());
}

TEST_CASE("an agent heals when its lease lapses") {
  const InFolder folder;
  Serving agent(std::chrono::seconds(1));
  CHECK(agent.line() == "ok %");
  CHECK(agent.ask({"keeper", "keep", "it"}) == "ok kept%20it");
  CHECK(agent.join() == 0);
  CHECK(read_journal("keeper").empty());
}

TEST_CASE("an agent undoes what one before it left, and one that only heals does") {
  const InFolder folder;
  {
    Serving agent(std::chrono::seconds(60));
    CHECK(agent.line() == "ok %");
  }
  REQUIRE(write_journal("keeper", {"of a dead one"}).empty());
  CHECK(heal("keeper") == 0);
  CHECK(read_journal("keeper").empty());
  REQUIRE(write_journal("keeper", {"of a dead one"}).empty());
  Serving agent(std::chrono::seconds(60));
  CHECK(agent.line() == "ok %");
  CHECK(read_journal("keeper").empty());
}

}  // namespace gauntlet::agent
