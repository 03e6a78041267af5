// Grudges: who ignores whom. A partition of any shape is a map from a node to the nodes whose
// packets it drops; the term is Jepsen's.
//
// Shapes are functions from node names to a grudge, without any network, so that their promises
// (who still sees a majority, who does not) are properties that a test checks for every size.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "nemesis/node_names.hpp"

namespace gauntlet {

/// node -> nodes whose packets it drops. Nodes that drop nothing are absent; none drops its own.
using Grudge = std::map<std::string, std::set<std::string>>;

/// Whether packets get through both ways.
bool linked(const Grudge& grudge, const std::string& a, const std::string& b);

/// Every group is cut from every other, both ways. Groups are disjoint.
Grudge cut_between(const std::vector<NodeNames>& groups);

/// The packets of `speakers` do not reach `listeners`; the way back is open.
Grudge cut_one_way(const NodeNames& speakers, const NodeNames& listeners);

/// A random half against the other; with an odd number the second is larger by one. Needs 2 nodes.
Grudge random_halves(NodeNames nodes, Random& random);

/// Two halves that see each other only through one node, which sees all. Needs 3 nodes.
Grudge random_bridge(NodeNames nodes, Random& random);

/// Every node sees a majority, itself included, and no two nodes see the same one. Needs 3 nodes.
///
/// With m = n/2 + 1, each node in the (shuffled) ring sees m - 1 others: its nearest neighbours on
/// both sides and, where m - 1 is odd, the one opposite. With n and m - 1 both odd nobody can see
/// exactly m - 1 (an odd number of odd degrees), so one node sees one more.
Grudge random_majorities_ring(NodeNames nodes, Random& random);

/// Each pair is separated with probability 1/2, at least one pair. Needs 2 nodes.
Grudge random_pairs(const NodeNames& nodes, Random& random);

/// Reads an explicit grudge: clauses joined by "/", each "A+B~C+D" (cut both ways) or "A+B>C+D"
/// (what A and B send does not reach C and D); "*" stands for all the others of the clause. A usage
/// error names the clause. With `nodes` empty, names are not checked and "*" adds nothing.
Result<Grudge> parse_grudge(std::string_view text, const NodeNames& nodes);

/// "n1 n2 ~ n3 n4, n4 > n5": cuts both ways, then one-way ones, in the order of names.
std::string to_text(const Grudge& grudge);

}  // namespace gauntlet
