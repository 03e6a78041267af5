#include "nemesis/grudge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gauntlet {

namespace {

void drop(Grudge& grudge, const std::string& listener, const std::string& speaker) {
  if (listener != speaker) grudge[listener].insert(speaker);
}

bool drops(const Grudge& grudge, const std::string& listener, const std::string& speaker) {
  const auto found = grudge.find(listener);
  return found != grudge.end() && found->second.contains(speaker);
}

void cut(Grudge& grudge, const NodeNames& left, const NodeNames& right) {
  for (const auto& a : left) {
    for (const auto& b : right) {
      drop(grudge, a, b);
      drop(grudge, b, a);
    }
  }
}

struct Clause {
  NodeNames left, right;
  bool both_ways = false;
};

Result<Clause> parse_clause(std::string_view text, const NodeNames& nodes) {
  const std::size_t at = text.find_first_of("~>");
  if (at == std::string_view::npos || text.find_first_of("~>", at + 1) != std::string_view::npos) {
    return failure(ErrorKind::usage, fmt::format("grudge clause '{}' is not A~B or A>B", text),
                   "write for example 'n1+n2~n3+n4' or 'n1>n2/n3>n4'");
  }
  Clause clause;
  clause.both_ways = text[at] == '~';
  const std::string_view left = text.substr(0, at);
  const std::string_view right = text.substr(at + 1);
  for (const auto& [side, names] : {std::pair{left, &clause.left}, {right, &clause.right}}) {
    if (side == "*") continue;
    auto parsed = split_node_names(side, nodes);
    if (!parsed) return parsed.error();
    *names = *parsed;
  }
  if (left == "*" && right == "*") {
    return failure(ErrorKind::usage, fmt::format("grudge clause '{}' names no node", text));
  }
  if (left == "*") clause.left = others_of(nodes, clause.right);
  if (right == "*") clause.right = others_of(nodes, clause.left);
  for (const auto& name : clause.left) {
    if (std::ranges::count(clause.right, name) > 0) {
      return failure(ErrorKind::usage,
                     fmt::format("grudge clause '{}' cuts {} from itself", text, name));
    }
  }
  return clause;
}

using Relation = std::map<std::string, std::set<std::string>>;

/// "n1 n3 ~ n2 n4": those with the same right side together. In a symmetric relation each pair is
/// named once.
std::vector<std::string> clauses_of(const Relation& relation, char sign, bool symmetric) {
  std::vector<std::pair<NodeNames, std::set<std::string>>> groups;  // in order of the first name
  for (const auto& [left, rights] : relation) {
    const auto same = std::ranges::find(groups, rights, [](const auto& g) { return g.second; });
    if (same != groups.end()) {
      same->first.push_back(left);
    } else {
      groups.push_back({{left}, rights});
    }
  }
  std::vector<std::string> clauses;
  std::set<std::string> named;
  for (const auto& [lefts, rights] : groups) {
    std::vector<std::string> rest;
    std::ranges::set_difference(rights, named, std::back_inserter(rest));
    if (symmetric) named.insert(lefts.begin(), lefts.end());
    if (rest.empty()) continue;
    clauses.push_back(fmt::format("{} {} {}", fmt::join(lefts, " "), sign, fmt::join(rest, " ")));
  }
  return clauses;
}

}  // namespace

bool linked(const Grudge& grudge, const std::string& a, const std::string& b) {
  return !drops(grudge, a, b) && !drops(grudge, b, a);
}

Grudge cut_between(const std::vector<NodeNames>& groups) {
  Grudge grudge;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t j = i + 1; j < groups.size(); ++j)
      cut(grudge, groups[i], groups[j]);
  }
  return grudge;
}

Grudge cut_one_way(const NodeNames& speakers, const NodeNames& listeners) {
  Grudge grudge;
  for (const auto& listener : listeners) {
    for (const auto& speaker : speakers)
      drop(grudge, listener, speaker);
  }
  return grudge;
}

Grudge random_halves(NodeNames nodes, Random& random) {
  GAUNTLET_ASSERT(nodes.size() >= 2);
  shuffle(nodes, random);
  const auto middle = nodes.begin() + static_cast<std::ptrdiff_t>(nodes.size() / 2);
  return cut_between({NodeNames(nodes.begin(), middle), NodeNames(middle, nodes.end())});
}

Grudge random_bridge(NodeNames nodes, Random& random) {
  GAUNTLET_ASSERT(nodes.size() >= 3);
  shuffle(nodes, random);
  const auto first = nodes.begin() + 1;  // the one in front is the bridge
  const auto middle = first + static_cast<std::ptrdiff_t>((nodes.size() - 1) / 2);
  return cut_between({NodeNames(first, middle), NodeNames(middle, nodes.end())});
}

Grudge random_majorities_ring(NodeNames nodes, Random& random) {
  GAUNTLET_ASSERT(nodes.size() >= 3);
  shuffle(nodes, random);
  const std::size_t n = nodes.size();
  const std::size_t seen = n / 2;  // others that each node sees: a majority with itself
  const std::size_t reach = seen / 2;
  const std::size_t opposite = n / 2;
  const auto sees = [&](std::size_t i, std::size_t j) {
    const auto [low, high] = std::minmax(i, j);
    const std::size_t distance = std::min(high - low, n - (high - low));
    if (distance <= reach) return true;
    return seen % 2 == 1 && high - low == opposite;
  };
  Grudge grudge;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (!sees(i, j)) drop(grudge, nodes[i], nodes[j]);
    }
  }
  return grudge;
}

Grudge random_pairs(const NodeNames& nodes, Random& random) {
  GAUNTLET_ASSERT(nodes.size() >= 2);
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (std::size_t j = i + 1; j < nodes.size(); ++j)
      pairs.emplace_back(nodes[i], nodes[j]);
  }
  const std::size_t sure = random.below(pairs.size());
  Grudge grudge;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const bool separated = random.chance(0.5) || i == sure;
    if (separated) cut(grudge, {pairs[i].first}, {pairs[i].second});
  }
  return grudge;
}

Result<Grudge> parse_grudge(std::string_view text, const NodeNames& nodes) {
  Grudge grudge;
  while (true) {
    const std::size_t end = text.find('/');
    const auto clause = parse_clause(text.substr(0, end), nodes);
    if (!clause) return clause.error();
    if (clause->both_ways) {
      cut(grudge, clause->left, clause->right);
    } else {
      for (const auto& listener : clause->right) {
        for (const auto& speaker : clause->left)
          drop(grudge, listener, speaker);
      }
    }
    if (end == std::string_view::npos) return grudge;
    text.remove_prefix(end + 1);
  }
}

std::string to_text(const Grudge& grudge) {
  Relation both, one_way;
  for (const auto& [listener, speakers] : grudge) {
    for (const auto& speaker : speakers)
      (drops(grudge, speaker, listener) ? both : one_way)[speaker].insert(listener);
  }
  std::string text;
  for (const auto& clause : clauses_of(both, '~', true))
    text += (text.empty() ? "" : ", ") + clause;
  for (const auto& clause : clauses_of(one_way, '>', false))
    text += (text.empty() ? "" : ", ") + clause;
  return text;
}

}  // namespace gauntlet
