#include "harness/control/embedded_cluster.hpp"

#include "base/assert.hpp"

namespace gauntlet {
namespace {

class EmbeddedNode : public Node {
 public:
  explicit EmbeddedNode(std::string name) : name_(std::move(name)) {}
  const std::string& name() const override { return name_; }
  const std::string& address() const override { return address_; }
  Result<CommandResult> run(const Command&) override { return refusal(); }
  Result<void> upload(std::string_view, const std::string&, int, bool) override {
    return refusal();
  }
  Result<void> download(const std::string&, const std::string&, std::size_t, bool) override {
    return refusal();
  }

 private:
  Error refusal() const {
    return failure(ErrorKind::usage, name_ + ": an embedded database has no machine to act on",
                   "choose a database that runs on nodes");
  }

  const std::string name_;
  const std::string address_ = "embedded";
};

class EmbeddedCluster : public Cluster {
 public:
  explicit EmbeddedCluster(int nodes) {
    for (int i = 1; i <= nodes; ++i)
      nodes_.push_back(std::make_unique<EmbeddedNode>("n" + std::to_string(i)));
  }
  std::string_view provider() const override { return "embedded"; }
  std::vector<Node*> nodes() const override {
    std::vector<Node*> result;
    for (const auto& node : nodes_)
      result.push_back(node.get());
    return result;
  }
  bool reachable() const override { return false; }

 private:
  std::vector<std::unique_ptr<EmbeddedNode>> nodes_;
};

}  // namespace

std::unique_ptr<Cluster> embedded_cluster(int nodes) {
  GAUNTLET_ASSERT(nodes > 0);
  return std::make_unique<EmbeddedCluster>(nodes);
}

}  // namespace gauntlet
