// Registers and compare-and-set registers in which no value is set twice: zones.
//
// Where every value is set by one operation, the reads of a value and the operation that sets it
// stand together in any order (a cluster), and a compare-and-set that took effect ties its cluster
// to the one of the value that it found (a chain of clusters, here called a block). Operations that
// crashed or have not returned yet belong to it only once their value is needed by one that does;
// otherwise they may as well not have happened. Of a block only two moments matter: f, the first
// return in it, and s, the last invocation. Block i must stand before block j if f(i) < s(j).
//
// There is an order if and only if within each block the chain agrees with real time and no two
// blocks must each stand before the other. For assume that blocks must stand before one another in
// a circle. Let m be the one with the greatest s on it, n the next after m, and o the next after n
// (perhaps m again). Then f(n) < s(o) <= s(m), so n must stand before m as well as m before n. And
// blocks that stand in ascending order of min(f, s) stand as they must: if i stands before j so,
// then not f(j) < s(i); otherwise f(i) >= s(j), as they do not conflict, and so min(f(j), s(j)) <=
// both f(i) and s(i), with equality only if the two may stand in either order. Source: Gibbons and
// Korach, "Testing shared memories", SIAM J. Comput. 1997, section 4 (zones); the chains are new
// here.
//
// The history is gone through once; the first event at which the prefix has a conflict is the place
// of the violation. A zone with f < s covers the moments between; zones that cover overlap nothing,
// so each moment is covered once: O(operations) in all, with near-constant merging of blocks.
#include "checker/linearizable/register/zones.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "checker/linearizable/one_pass/one_pass.hpp"
#include "checker/linearizable/register/register_part.hpp"

namespace gauntlet {
namespace {

using ClusterId = std::uint32_t;
using Moment = std::int32_t;  // position in the part's events; -1 before all

constexpr ClusterId no_cluster = 0xFFFFFFFFu;
constexpr Moment never = 0x7FFFFFFF;
constexpr Moment before_all = -1;

class Zones {
 public:
  Zones(const Part& part, const ZoneRules& rules) : part_(part), rules_(rules) {
    boost::unordered_flat_map<ValueId, ClusterId> ids;
    const auto cluster_of = [&](ValueId value) {
      const auto [at, is_new] = ids.try_emplace(value, static_cast<ClusterId>(clusters_.size()));
      if (is_new) clusters_.push_back({});
      return at->second;
    };
    initial_ = cluster_of(part.context->initial_id);
    for (const ModelCall& call : part.kinds) {
      const RegisterAccess access = *part.model->access(call, *part.context);
      kinds_.push_back({access.needs ? cluster_of(*access.needs) : no_cluster,
                        access.sets ? cluster_of(*access.sets) : no_cluster});
    }
    for (ClusterId i = 0; i < clusters_.size(); ++i)
      blocks_.push_back({i, never, before_all, 0});
    clusters_[initial_].included = true;
    clusters_[initial_].first_return = clusters_[initial_].least_return = before_all;
    blocks_[initial_].first_return = before_all;
    invoked_.resize(part.operations.size());
    first_of_.resize(part.events.size(), no_cluster);
    cover_.resize(part.events.size(), no_cluster);
  }

  void invoke(OpId op, std::uint32_t event) {
    now_ = invoked_[op] = static_cast<Moment>(event);
    if (kind(op).sets != no_cluster) clusters_[kind(op).sets].setter = op;
  }

  bool complete(OpId op, std::uint32_t event) {
    now_ = static_cast<Moment>(event);
    const ClusterId cluster = kind(op).sets != no_cluster ? kind(op).sets : kind(op).needs;
    return include(cluster) && returned(cluster) && invoked(cluster, invoked_[op]);
  }

  std::vector<OpId> order() {
    // Reads by cluster, in the order of invocation.
    std::vector<std::uint32_t> reads_end(clusters_.size() + 1, 0);
    for (OpId op = 0; op < part_.operations.size(); ++op) {
      if (kind(op).sets == no_cluster) ++reads_end[kind(op).needs + 1];
    }
    for (std::size_t i = 1; i < reads_end.size(); ++i)
      reads_end[i] += reads_end[i - 1];
    std::vector<std::uint32_t> reads_at(reads_end.begin(), reads_end.end() - 1);
    std::vector<OpId> reads(reads_end.back());
    for (OpId op = 0; op < part_.operations.size(); ++op) {
      if (kind(op).sets == no_cluster) reads[reads_at[kind(op).needs]++] = op;
    }
    std::vector<std::pair<Moment, ClusterId>> heads;  // of chains, by where their blocks stand
    for (ClusterId i = 0; i < clusters_.size(); ++i) {
      if (!clusters_[i].included || clusters_[i].before != no_cluster) continue;
      const Block& block = blocks_[root(i)];
      heads.emplace_back(std::min(block.first_return, block.last_invocation), i);
    }
    std::sort(heads.begin(), heads.end());
    std::vector<OpId> result;
    result.reserve(part_.operations.size());
    for (const auto& [moment, head] : heads) {
      for (ClusterId i = head; i != no_cluster; i = clusters_[i].after) {
        if (clusters_[i].setter != no_op) result.push_back(clusters_[i].setter);
        const std::uint32_t begin = i == 0 ? 0 : reads_at[i - 1];
        result.insert(result.end(), reads.begin() + begin, reads.begin() + reads_at[i]);
      }
    }
    return result;
  }

 private:
  struct Kind {
    ClusterId needs, sets;
  };

  struct Cluster {
    OpId setter = no_op;            // invoked so far
    ClusterId before = no_cluster;  // the value that the included setter found
    ClusterId after = no_cluster;   // the value that an included compare-and-set put in its place
    bool included = false;          // the setter must have happened
    Moment first_return = never;    // in the cluster
    Moment least_return = never;    // in this cluster and those behind it in its chain
    Moment last_invocation = before_all;
  };

  /// Of the root of a block.
  struct Block {
    ClusterId parent;
    Moment first_return, last_invocation;
    Moment covered_to;  // it covers the moments from its first return to before this
  };

  const Kind& kind(OpId op) const { return kinds_[part_.operations[op].kind]; }

  ClusterId root(ClusterId i) {
    while (blocks_[i].parent != i)
      i = blocks_[i].parent = blocks_[blocks_[i].parent].parent;
    return i;
  }

  /// The operation that sets the value has happened, and so have those that it depends on.
  bool include(ClusterId cluster) {
    while (!clusters_[cluster].included) {
      Cluster& own = clusters_[cluster];
      if (own.setter == no_op) return false;  // nobody has set this value
      own.included = true;
      const ClusterId found = kind(own.setter).needs;
      if (found == no_cluster) return invoked(cluster, invoked_[own.setter]);
      // The value found need not be included yet, but tying it first is the same in the end.
      if (!invoked(cluster, invoked_[own.setter]) || !tie(found, cluster)) return false;
      cluster = found;
    }
    return true;
  }

  /// Something in the cluster returns now.
  bool returned(ClusterId cluster) {
    if (clusters_[cluster].first_return == never) {
      clusters_[cluster].first_return = now_;
      if (!lower_least_return(cluster, now_)) return false;
    }
    Block& block = blocks_[root(cluster)];
    if (block.first_return != never) return true;
    block.first_return = block.covered_to = now_;
    first_of_[static_cast<std::size_t>(now_)] = root(cluster);
    return true;
  }

  /// What is in or behind the cluster returned at `moment`; no cluster in front of it may have an
  /// invocation after that.
  bool lower_least_return(ClusterId cluster, Moment moment) {
    while (clusters_[cluster].least_return > moment) {
      clusters_[cluster].least_return = moment;
      cluster = clusters_[cluster].before;
      if (cluster == no_cluster) return true;
      if (rules_.chains && clusters_[cluster].last_invocation > moment) return false;
    }
    return true;
  }

  /// An operation of the cluster was invoked at `moment`.
  bool invoked(ClusterId cluster, Moment moment) {
    Cluster& own = clusters_[cluster];
    if (own.last_invocation < moment) own.last_invocation = moment;
    const bool is_followed = rules_.chains && own.after != no_cluster;
    if (is_followed && clusters_[own.after].least_return < moment) return false;
    const ClusterId block = root(cluster);
    if (blocks_[block].last_invocation >= moment) return true;
    blocks_[block].last_invocation = moment;
    return agrees(block);
  }

  /// A compare-and-set from the value of `found` to that of `put` has happened.
  bool tie(ClusterId found, ClusterId put) {
    if (clusters_[found].after != no_cluster) return false;  // that value was gone already
    ClusterId a = root(found), b = root(put);
    if (a == b) return false;  // each before the other
    clusters_[found].after = put;
    clusters_[put].before = found;
    const bool agree = clusters_[put].least_return >= clusters_[found].last_invocation;
    if (rules_.chains && !agree) return false;
    if (!lower_least_return(found,
                            std::min(clusters_[found].least_return, clusters_[put].least_return))) {
      return false;
    }
    if (blocks_[b].first_return < blocks_[a].first_return) std::swap(a, b);
    // Now `a` has the first return of both.
    blocks_[b].parent = a;
    blocks_[a].last_invocation = std::max(blocks_[a].last_invocation, blocks_[b].last_invocation);
    return agrees(a);
  }

  /// Whether the block conflicts with no other, given that no others conflict.
  bool agrees(ClusterId block) {
    Block& own = blocks_[block];
    if (own.first_return == never || !rules_.blocks) return true;
    if (own.first_return >= 0) {
      const ClusterId over = cover_[static_cast<std::size_t>(own.first_return)];
      if (over != no_cluster && root(over) != block &&
          blocks_[root(over)].first_return < own.last_invocation) {
        return false;
      }
    }
    Moment moment = std::max({own.covered_to, own.first_return, 0});
    while (moment < own.last_invocation) {
      const auto at = static_cast<std::size_t>(moment);
      if (const ClusterId first = first_of_[at]; first != no_cluster) {
        const ClusterId other = root(first);
        // One that has been merged into another begins there no longer.
        const bool begins = blocks_[other].first_return == moment;
        if (other != block && begins && own.first_return < blocks_[other].last_invocation) {
          return false;
        }
      }
      const ClusterId over = cover_[at];
      if (over == no_cluster) {
        cover_[at] = block;
        ++moment;
      } else if (root(over) == block) {
        moment = std::max(moment + 1, blocks_[over].covered_to);  // merged since
      } else {
        return false;
      }
    }
    own.covered_to = std::max(own.covered_to, moment);
    return true;
  }

  const Part& part_;
  const ZoneRules rules_;
  std::vector<Kind> kinds_;
  std::vector<Cluster> clusters_;
  std::vector<Block> blocks_;        // by cluster
  std::vector<Moment> invoked_;      // by operation
  std::vector<ClusterId> first_of_;  // by moment: the block whose first return it was
  std::vector<ClusterId> cover_;     // by moment: a block that covers it
  ClusterId initial_ = 0;
  Moment now_ = 0;
};

}  // namespace

Judgement judge_by_zones(const Part& part, const Budget& budget, const ZoneRules& rules) {
  return judge_in_one_pass(part, budget, "zones of unique values (Gibbons and Korach)",
                           Zones(part, rules));
}

namespace {

class ZonesAlgorithm : public PartAlgorithm {
 public:
  std::string_view name() const override { return "zones"; }
  std::string_view description() const override {
    return "registers with unique values, O(operations) (Gibbons and Korach 1997, with chains)";
  }
  AlgorithmFacts facts() const override {
    return {.idea =
                "The operation that sets a value and the reads of it stand together in any order; "
                "a compare-and-set ties them to the value that it found. Of such a block only its "
                "first return and its last invocation matter: an order exists if no two blocks "
                "must each stand before the other.",
            .conditions = "no value is set twice, counting the initial one",
            .guarantee = "Sound and complete; the place is the earliest.",
            .cost = "O(operations)",
            .source =
                "P. B. Gibbons and E. Korach, Testing shared memories, SIAM J. Comput. 1997, "
                "section 4; the chains of compare-and-sets are new here",
            .models = {"register", "cas-register", "kv"}};
  }
  int rank() const override { return 10; }

  bool applies(const Part& part) const override {
    if (!is_register(part) || part.events.size() > static_cast<std::size_t>(never)) return false;
    boost::unordered_flat_set<ValueId> set{part.context->initial_id};
    std::size_t kinds_that_set = 0, operations_that_set = 0;
    std::vector<bool> sets(part.kinds.size());
    for (std::size_t i = 0; i < part.kinds.size(); ++i) {
      const RegisterAccess access = *part.model->access(part.kinds[i], *part.context);
      if (access.excludes) return false;
      if (!access.sets) continue;
      if (!set.insert(*access.sets).second) return false;
      sets[i] = true;
      ++kinds_that_set;
    }
    for (const PartOperation& operation : part.operations)
      operations_that_set += sets[operation.kind];
    return kinds_that_set == operations_that_set;
  }

  Judgement judge(const Part& part, const Budget& budget) const override {
    return judge_by_zones(part, budget);
  }
};

GAUNTLET_REGISTER(PartAlgorithm, ZonesAlgorithm);

}  // namespace
}  // namespace gauntlet
