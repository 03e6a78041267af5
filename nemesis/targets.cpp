#include "nemesis/targets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/suggest.hpp"

namespace gauntlet {

namespace {

constexpr std::array<std::string_view, 8> words = {"any",      "one", "minority",  "minority-third",
                                                   "majority", "all", "primaries", "random"};

/// Sizes are Jepsen's: the largest minority, the smallest majority, the largest part below a third
/// (what a Byzantine quorum bears).
std::size_t size_of(std::string_view word, std::size_t n) {
  if (word == "one") return 1;
  if (word == "minority") return (n - 1) / 2;
  if (word == "minority-third") return (n - 1) / 3;
  if (word == "majority") return n / 2 + 1;
  return n;
}

NodeNames random_subset(const NodeNames& all, Random& random) {
  const std::size_t sure = random.below(all.size());
  NodeNames result;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool chosen = random.chance(0.5) || i == sure;
    if (chosen) result.push_back(all[i]);
  }
  return result;
}

Result<NodeNames> primaries_of(const FaultContext& context, const NodeNames& all) {
  if (context.database == nullptr) {
    return failure(ErrorKind::usage, "primaries are not known without a database");
  }
  auto primaries = context.database->primaries();
  if (!primaries) return primaries.error();
  NodeNames known = common_of(all, *primaries);
  if (known.empty()) {
    return failure(ErrorKind::remote,
                   fmt::format("{} names no primary now", context.database->name()));
  }
  return known;
}

/// What "any" may become with n nodes.
std::string_view any_word(std::size_t n, Random& random) {
  std::vector<std::string_view> possible = {"one", "majority", "all", "primaries"};
  if (n >= 5) possible.emplace_back("minority");  // with fewer it is the same as one
  return possible[random.below(possible.size())];
}

}  // namespace

std::string target_words() {
  return fmt::format("{}, or names joined by +", fmt::join(words, ", "));
}

Result<void> check_targets(std::string_view text, const NodeNames& nodes) {
  if (std::ranges::count(words, text) > 0) return {};
  const auto names = split_node_names(text, nodes);
  if (names) return {};
  if (text.find('+') != std::string_view::npos) return names.error();
  NodeNames known(words.begin(), words.end());
  known.insert(known.end(), nodes.begin(), nodes.end());
  return failure(ErrorKind::usage, fmt::format("no targets '{}'", text), did_you_mean(text, known));
}

Result<NodeNames> choose_targets(std::string_view text, const FaultContext& context,
                                 Random& random) {
  return choose_targets(text, context, random, node_names(*context.cluster));
}

Result<NodeNames> choose_targets(std::string_view text, const FaultContext& context, Random& random,
                                 const NodeNames& all) {
  if (all.empty()) return failure(ErrorKind::remote, "there is no node to act upon");
  if (text == "random") return random_subset(all, random);
  const bool any = text == "any";
  if (any) text = any_word(all.size(), random);
  if (text == "primaries") {
    auto primaries = primaries_of(context, all);
    if (primaries || !any) return primaries;
    text = "one";  // nobody leads now: any other node will do
  }
  if (std::ranges::count(words, text) == 0) {
    const auto names = split_node_names(text, node_names(*context.cluster));
    if (!names) return names.error();
    NodeNames chosen = common_of(all, *names);
    if (chosen.empty()) {
      return failure(ErrorKind::usage, fmt::format("there is nothing to act upon on {}", text));
    }
    return chosen;
  }
  const std::size_t size = size_of(text, all.size());
  if (size == 0) {
    return failure(ErrorKind::usage, fmt::format("{} nodes have no {}", all.size(), text));
  }
  NodeNames chosen = all;
  shuffle(chosen, random);
  chosen.resize(size);
  return common_of(all, chosen);
}

}  // namespace gauntlet
