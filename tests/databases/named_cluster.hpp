// Nodes that have names and run nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/control/cluster.hpp"

namespace gauntlet {

class NamedNode : public Node {
 public:
  explicit NamedNode(std::string name) : name_(std::move(name)) {}
  const std::string& name() const override { return name_; }
  const std::string& address() const override { return name_; }
  Result<CommandResult> run(const Command&) override { return none(); }
  Result<void> upload(std::string_view, const std::string&, int, bool) override { return none(); }
  Result<void> download(const std::string&, const std::string&, std::size_t, bool) override {
    return none();
  }

 private:
  static Error none() { return failure(ErrorKind::usage, "no machine"); }
  std::string name_;
};

class NamedCluster : public Cluster {
 public:
  std::string_view provider() const override { return "embedded"; }
  std::vector<Node*> nodes() const override { return {&n1_, &n2_, &n3_}; }
  bool reachable() const override { return false; }

 private:
  mutable NamedNode n1_{"n1"}, n2_{"n2"}, n3_{"n3"};
};

}  // namespace gauntlet
