// A database of one small server (tests/planted/), in this test program only.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <thread>

#include "harness/control/daemon.hpp"
#include "harness/control/dial.hpp"
#include "harness/run/database.hpp"

namespace gauntlet {

/// One request and one answer at a time.
class PlantedClient : public Client {
 public:
  PlantedClient(std::string host, int port) : host_(std::move(host)), port_(port) {}

  void invoke(Operation& operation, Deadline deadline) override {
    const bool read = operation.f == "read";
    std::string reply;
    if (!ask(read ? "read\n" : "add " + to_json(operation.value) + "\n", reply, deadline)) {
      operation.type = read ? OperationType::fail : OperationType::info;
      operation.error = "no answer";
      return;
    }
    operation.type = read || reply == "ok" ? OperationType::ok : OperationType::info;
    if (read) operation.value = numbers_in(reply);
  }

 private:
  static Value numbers_in(std::string_view text) {
    Value::List items;
    while (!text.empty()) {
      const std::string_view word = text.substr(0, text.find(' '));
      std::int64_t number = -1;
      std::from_chars(word.data(), word.data() + word.size(), number);
      items.emplace_back(number);
      text.remove_prefix(std::min(word.size() + 1, text.size()));
    }
    return Value(std::move(items));
  }

  bool ask(const std::string& line, std::string& reply, Deadline deadline) {
    if (!socket_.open()) {
      auto dialled = dial(host_, port_, deadline);
      if (!dialled) return false;
      socket_ = std::move(*dialled);
    }
    if (send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL) < 0) return false;
    while (reply.empty() || reply.back() != '\n') {
      pollfd wait{socket_.get(), POLLIN, 0};
      if (poll(&wait, 1, static_cast<int>(deadline.left().count() / nanos_per_millisecond)) <= 0)
        return false;
      char piece[4096];
      const ssize_t n = recv(socket_.get(), piece, sizeof(piece), MSG_DONTWAIT);
      if (n <= 0) return false;
      reply.append(piece, static_cast<std::size_t>(n));
    }
    reply.pop_back();
    return true;
  }

  std::string host_;
  int port_;
  Descriptor socket_;
};

class PlantedDatabase : public Database {
 public:
  std::string_view name() const override { return "planted"; }
  std::string_view description() const override { return "a journal, right or with a bug"; }
  std::vector<DatabaseOption> options() const override {
    return {{"mode", "append", {"append", "append-unsynced", "rename", "rename-unsynced"}, ""}};
  }
  std::vector<std::string> functions() const override { return {"read", "add"}; }
  std::string claim(const OptionValues&) const override { return "linearizable"; }

  Result<void> configure(Cluster& cluster, const OptionValues& options) override {
    cluster_ = &cluster;
    mode_ = options.at("mode");
    return {};
  }
  Result<void> install(Node& node) override {
    std::ifstream in(std::string(GAUNTLET_BINARY_DIR) + "/planted-journal", std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(in), {});
    return node.upload(content, program, 0755, true);
  }
  Result<void> wipe(Node& node) override {
    if (auto killed = kill(node); !killed) return killed;
    const auto removed = node.must(Command::of({"rm", "-rf", "--", folder, log}).root());
    return removed ? Result<void>() : removed.error();
  }
  Result<void> start(Node& node) override {
    const auto made = node.must(Command::of({"mkdir", "-p", "--", folder}).root());
    if (!made) return made.error();
    Daemon daemon;
    daemon.identity = identity();
    daemon.log_file = log;
    daemon.arguments = {std::to_string(port), folder, mode_};
    return start_daemon(node, daemon);
  }
  Result<void> stop(Node& node) override { return stop_daemon(node, identity()); }
  Result<void> kill(Node& node) override { return kill_daemon(node, identity()); }
  Result<void> await_ready(Deadline deadline) override {
    Node& node = *cluster_->nodes().front();
    while (!deadline.passed()) {
      PlantedClient client(node.address(), port);
      Operation read;
      read.f = "read";
      client.invoke(read, deadline.capped(std::chrono::seconds(1)));
      if (read.type == OperationType::ok) return {};
      const auto status = daemon_status(node, identity());
      if (status && !status->running)
        return failure(ErrorKind::remote, "it has ended: " + last_log_lines(node, log));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return failure(ErrorKind::timeout, "it does not answer");
  }
  Result<std::string> version(Node&) override { return std::string("1"); }
  std::vector<std::string> log_files(const Node&) const override { return {log}; }
  std::optional<std::string> data_folder() const override { return folder; }
  std::vector<ProcessIdentity> processes(const Node&) const override { return {identity()}; }
  Result<ClientPtr> open_client(Node& node, Deadline) override {
    return std::make_unique<PlantedClient>(node.address(), port);
  }

 private:
  static constexpr const char* program = "/usr/local/bin/planted-journal";
  static constexpr const char* folder = "/var/lib/gauntlet/planted";
  static constexpr const char* log = "/var/log/gauntlet/planted.log";
  static constexpr int port = 7777;
  static ProcessIdentity identity() { return {"/run/gauntlet/planted.pid", program}; }

  Cluster* cluster_ = nullptr;
  std::string mode_;
};

}  // namespace gauntlet
