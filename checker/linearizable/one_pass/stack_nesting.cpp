#include "checker/linearizable/one_pass/stack_nesting.hpp"

#include <algorithm>

namespace gauntlet {

namespace {

constexpr std::uint32_t never = 0xFFFFFFFFu;
constexpr std::int32_t handled = 1 << 30;

/// A search tree over the items in the order of their pushes' returns.
class Tree {
 public:
  /// `within`: by item, the position behind the last item whose push returns within its core.
  Tree(const std::vector<StackItem>& items, const std::vector<std::uint32_t>& within) {
    while (leaves_ < items.size())
      leaves_ *= 2;
    nodes_.resize(2 * leaves_);
    for (std::size_t i = 0; i < items.size(); ++i) {
      Node& node = nodes_[leaves_ + i];
      node.first_begin = items[i].push_invoked;
      node.last_end = items[i].pop_returned;
      node.last_core = items[i].pop_invoked;
    }
    std::vector<std::int32_t> change(items.size() + 1, 0);
    for (std::size_t i = 0; i < items.size(); ++i) {
      ++change[i + 1];
      --change[within[i]];
    }
    std::int32_t cover = 0;
    for (std::size_t i = 0; i < leaves_; ++i) {
      if (i < items.size()) cover += change[i];
      nodes_[leaves_ + i].cover = i < items.size() ? cover : handled;
    }
    for (std::size_t i = leaves_; i-- > 1;)
      pull(i);
  }

  struct Node {
    std::int32_t cover = 0;             // the least number of cores over the moment before an item
    std::int32_t more = 0;              // of that, what is the same for all below
    std::uint32_t first_begin = never;  // of the hulls not known to begin before L
    std::uint32_t last_end = 0;         // of the hulls not known to end after R
    std::uint32_t last_core = 0;        // the last end of a core
    bool is_ready = false;              // an item whose hull contains [L, R]
  };

  Node& leaf(std::size_t i) { return nodes_[leaves_ + i]; }

  /// After a change to the leaf.
  void update(std::size_t i) {
    for (std::size_t node = (leaves_ + i) / 2; node >= 1; node /= 2)
      pull(node);
  }

  /// Covers the moments before the items [from, to) by `by` more cores.
  void cover(std::size_t from, std::size_t to, std::int32_t by) {
    if (from >= to) return;
    std::size_t low = leaves_ + from, high = leaves_ + to - 1;
    const std::size_t low_leaf = low, high_leaf = high;
    for (std::size_t right = high + 1; low < right; low /= 2, right /= 2) {
      if (low % 2 == 1) add(low++, by);
      if (right % 2 == 1) add(--right, by);
    }
    for (std::size_t node = low_leaf / 2; node >= 1; node /= 2)
      pull_cover(node);
    for (std::size_t node = high_leaf / 2; node >= 1; node /= 2)
      pull_cover(node);
  }

  /// The first item in [from, to) such that `holds` of its leaf, where `holds` of a node means that
  /// it may hold below; `to` if there is none.
  template <class Holds>
  std::size_t find(std::size_t from, std::size_t to, Holds holds) const {
    return find(1, 0, leaves_, from, to, holds);
  }

  /// The first item in [from, to) before which no core is; `to` if there is none.
  std::size_t find_hole(std::size_t from, std::size_t to) const {
    return find_hole(1, 0, leaves_, from, to, 0);
  }

  std::uint32_t last_core(std::size_t from, std::size_t to) const {
    std::uint32_t last = 0;
    for (std::size_t low = leaves_ + from, high = leaves_ + to; low < high; low /= 2, high /= 2) {
      if (low % 2 == 1) last = std::max(last, nodes_[low++].last_core);
      if (high % 2 == 1) last = std::max(last, nodes_[--high].last_core);
    }
    return last;
  }

 private:
  void add(std::size_t node, std::int32_t by) {
    nodes_[node].cover += by;
    nodes_[node].more += by;
  }

  void pull_cover(std::size_t node) {
    nodes_[node].cover =
        std::min(nodes_[2 * node].cover, nodes_[2 * node + 1].cover) + nodes_[node].more;
  }

  void pull(std::size_t node) {
    const Node &a = nodes_[2 * node], &b = nodes_[2 * node + 1];
    Node& own = nodes_[node];
    own.cover = std::min(a.cover, b.cover) + own.more;
    own.first_begin = std::min(a.first_begin, b.first_begin);
    own.last_end = std::max(a.last_end, b.last_end);
    own.last_core = std::max(a.last_core, b.last_core);
    own.is_ready = a.is_ready || b.is_ready;
  }

  template <class Holds>
  std::size_t find(std::size_t node, std::size_t begin, std::size_t end, std::size_t from,
                   std::size_t to, Holds holds) const {
    if (end <= from || to <= begin || !holds(nodes_[node])) return to;
    if (end - begin == 1) return begin;
    const std::size_t middle = (begin + end) / 2;
    const std::size_t found = find(2 * node, begin, middle, from, to, holds);
    return found < to ? found : find(2 * node + 1, middle, end, from, to, holds);
  }

  std::size_t find_hole(std::size_t node, std::size_t begin, std::size_t end, std::size_t from,
                        std::size_t to, std::int32_t above) const {
    if (end <= from || to <= begin || nodes_[node].cover + above > 0) return to;
    if (end - begin == 1) return begin;
    const std::size_t middle = (begin + end) / 2;
    above += nodes_[node].more;
    const std::size_t found = find_hole(2 * node, begin, middle, from, to, above);
    return found < to ? found : find_hole(2 * node + 1, middle, end, from, to, above);
  }

  std::size_t leaves_ = 1;
  std::vector<Node> nodes_;
};

class Nesting {
 public:
  Nesting(std::vector<StackItem>& items, Effort& effort)
      : items_(items), effort_(effort), within_(within(items)), tree_(items, within_) {}

  StackNesting run() {
    split(0, items_.size());
    while (!sets_.empty() && !answer_.ended) {
      const auto [from, to] = sets_.back();
      sets_.pop_back();
      take_out(from, to);
    }
    return std::move(answer_);
  }

 private:
  static std::vector<std::uint32_t> within(const std::vector<StackItem>& items) {
    std::vector<std::uint32_t> by_core(items.size()), result(items.size());
    for (std::uint32_t i = 0; i < items.size(); ++i)
      by_core[i] = i;
    std::sort(by_core.begin(), by_core.end(), [&](std::uint32_t a, std::uint32_t b) {
      return items[a].pop_invoked < items[b].pop_invoked;
    });
    std::uint32_t begun = 0;
    for (const std::uint32_t i : by_core) {
      while (begun < items.size() && items[begun].push_returned < items[i].pop_invoked)
        ++begun;
      result[i] = begun;
    }
    return result;
  }

  bool stopped() {
    answer_.ended = answer_.ended || effort_.exhausted();
    return answer_.ended;
  }

  /// Notes the sets into which the items [from, to) fall. Each hole is found once.
  void split(std::size_t from, std::size_t to) {
    while (from < to && !stopped()) {
      const std::size_t hole = tree_.find_hole(from, to);
      if (hole < to) {
        tree_.leaf(hole).cover = handled;
        tree_.update(hole);
      }
      if (hole > from) sets_.emplace_back(from, hole);
      from = hole;
    }
  }

  void take_out(std::size_t from, std::size_t to) {
    const std::size_t first =
        tree_.find(from, to, [](const Tree::Node& node) { return node.last_core != 0; });
    if (first == to) return;
    const std::uint32_t left = items_[first].push_returned;
    const std::uint32_t right = tree_.last_core(from, to);
    const auto begins = [left](const Tree::Node& node) { return node.first_begin < left; };
    for (std::size_t i = from; (i = tree_.find(i, to, begins)) < to && !stopped();) {
      tree_.leaf(i).first_begin = never;
      tree_.leaf(i).is_ready = tree_.leaf(i).last_end == 0;
      tree_.update(i);
    }
    const auto ends = [right](const Tree::Node& node) { return node.last_end > right; };
    for (std::size_t i = from; (i = tree_.find(i, to, ends)) < to && !stopped();) {
      tree_.leaf(i).last_end = 0;
      tree_.leaf(i).is_ready = tree_.leaf(i).first_begin == never;
      tree_.update(i);
    }
    const auto is_ready = [](const Tree::Node& node) { return node.is_ready; };
    bool any = false;
    for (std::size_t i = from; (i = tree_.find(i, to, is_ready)) < to && !stopped(); any = true) {
      items_[i].left = left;
      items_[i].right = right;
      items_[i].turn = turn_++;
      Tree::Node& leaf = tree_.leaf(i);
      leaf.is_ready = false;
      leaf.last_core = 0;
      tree_.update(i);
      tree_.cover(i + 1, within_[i], -1);
    }
    if (stopped()) return;
    if (any) {
      split(from, to);
      return;
    }
    for (std::size_t i = from; i < to; ++i) {
      if (tree_.leaf(i).last_core != 0) answer_.stuck.push_back(items_[i].value);
    }
  }

  std::vector<StackItem>& items_;
  Effort& effort_;
  std::vector<std::uint32_t> within_;
  Tree tree_;
  std::vector<std::pair<std::size_t, std::size_t>> sets_;
  std::uint32_t turn_ = 0;
  StackNesting answer_;
};

}  // namespace

StackNesting nest(std::vector<StackItem>& items, Effort& effort) {
  std::sort(items.begin(), items.end(), [](const StackItem& a, const StackItem& b) {
    return a.push_returned < b.push_returned;
  });
  return Nesting(items, effort).run();
}

}  // namespace gauntlet
