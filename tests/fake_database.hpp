// A database that does nothing, for tests of what is done with one.
#pragma once

#include <string>
#include <vector>

#include "harness/run/database.hpp"

namespace gauntlet {

class FakeDatabase : public Database {
 public:
  std::string_view name() const override { return "fake"; }
  std::string_view description() const override { return ""; }
  std::vector<std::string> functions() const override { return {}; }
  std::string claim(const OptionValues&) const override { return "linearizable"; }
  Result<void> configure(Cluster&, const OptionValues&) override { return {}; }
  Result<void> install(Node&) override { return {}; }
  Result<void> wipe(Node&) override { return {}; }
  Result<void> start(Node&) override { return {}; }
  Result<void> stop(Node&) override { return {}; }
  Result<void> kill(Node&) override { return {}; }
  Result<void> await_ready(Deadline) override { return {}; }
  Result<std::string> version(Node&) override { return std::string("1"); }
  Result<std::vector<std::string>> primaries() override { return primaries_now; }
  std::vector<std::string> log_files(const Node&) const override { return {}; }
  Result<ClientPtr> open_client(Node&, Deadline) override {
    return failure(ErrorKind::transport, "no client");
  }

  std::vector<std::string> primaries_now;
};

}  // namespace gauntlet
