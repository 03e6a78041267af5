// Module "toxics": clients' connections through a proxy.
//
//   put NAME TOXIC...     begins or replaces a toxic; answers the port to redirect to
//   count NAME, take NAME "CONNECTIONS CONCERNED"; take ends it
#include "nemesis/agent/chains.hpp"
#include "nemesis/agent/module.hpp"
#include "nemesis/agent/proxy.hpp"

namespace gauntlet::agent {

namespace {

constexpr std::string_view prefix = "gauntlet_toxic_";

class Toxics : public Module {
 public:
  std::string_view name() const override { return "toxics"; }

  Reply handle(const std::vector<std::string>& words) override {
    if (words.size() >= 2 && words[0] == "put") {
      std::string error;
      const auto toxic = parse_toxic({words.begin() + 2, words.end()}, error);
      if (!toxic) return refuse(error);
      int port = 0;
      error = proxy_.put(words[1], *toxic, port);
      return {error.empty(), error.empty() ? std::to_string(port) : error};
    }
    if (words.size() != 2 || (words[0] != "count" && words[0] != "take"))
      return refuse("toxics takes: put, count, take");
    const ProxyCounts counts = words[0] == "take" ? proxy_.take(words[1]) : proxy_.counts(words[1]);
    return {true, std::to_string(counts.connections) + " " + std::to_string(counts.concerned)};
  }

  /// The rules are found by their names, so that no journal is needed.
  Reply heal() override {
    const bool redirects = remove_chains("nat", prefix, "REDIRECT");
    const bool refusals = remove_chains("filter", prefix, "REJECT");
    proxy_.stop();
    return redirects && refusals ? Reply{} : refuse("chains to the proxy are still in place");
  }
  std::string residue() override {
    return list_chains("nat", prefix, "REDIRECT") + list_chains("filter", prefix, "REJECT");
  }

 private:
  Proxy proxy_;
};

}  // namespace

GAUNTLET_REGISTER(Module, Toxics);

}  // namespace gauntlet::agent
