// Module "packets": delay, reordering, corruption and bursts of loss, by the node's packet queue.
//
//   put NAME MODEL... from ADDRESS...   begins or replaces an injection
//   count NAME, take NAME               "SEEN CHANGED"; take ends it
#include <algorithm>

#include "nemesis/agent/chains.hpp"
#include "nemesis/agent/module.hpp"
#include "nemesis/agent/packet_queue.hpp"

namespace gauntlet::agent {

namespace {

constexpr std::string_view prefix = "gauntlet_";
constexpr std::string_view words_of_rules = "--queue-num 27253";
static_assert(PacketQueue::number == 27253);

class Packets : public Module {
 public:
  std::string_view name() const override { return "packets"; }

  Reply handle(const std::vector<std::string>& words) override {
    if (words.size() >= 2 && words[0] == "put") return put(words);
    if (words.size() != 2 || (words[0] != "count" && words[0] != "take"))
      return refuse("packets takes: put, count, take");
    const PacketCounts counts =
        words[0] == "take" ? queue_.take(words[1]) : queue_.counts(words[1]);
    return {true, std::to_string(counts.seen) + " " + std::to_string(counts.changed)};
  }

  /// The rules first: a queue that closes drops what comes in. They are found by what they say, so
  /// that no journal is needed.
  Reply heal() override {
    const bool removed = remove_chains("raw", prefix, words_of_rules);
    queue_.stop();
    return removed ? Reply{} : refuse("chains to the packet queue are still in place");
  }
  std::string residue() override { return list_chains("raw", prefix, words_of_rules); }

 private:
  Reply put(const std::vector<std::string>& words) {
    const auto from = std::ranges::find(words, "from");
    if (from == words.end()) return refuse("nobody is named whose packets are meant");
    std::string error;
    const auto model = parse_packet_model({words.begin() + 2, from}, error);
    if (!model) return refuse(error);
    error = queue_.put(words[1], *model, {from + 1, words.end()});
    return {error.empty(), error};
  }

  PacketQueue queue_;
};

}  // namespace

GAUNTLET_REGISTER(Module, Packets);

}  // namespace gauntlet::agent
