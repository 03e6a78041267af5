#include "checker/transactional/register_core.hpp"

#include <algorithm>

namespace gauntlet {

namespace {

constexpr std::size_t tries_max = 2000;

class Shrinking {
 public:
  Shrinking(OrderLevel level, Effort& effort) : level_(level), effort_(effort) {}

  std::optional<Footprints> run(const Footprints& all, const std::vector<Txn>& involved) {
    if (!take(part(all, involved)) && !take(all)) return std::nullopt;
    drop(&Shrinking::transactions, &Shrinking::of_transactions);
    drop(&Shrinking::keys, &Shrinking::of_keys);
    drop(&Shrinking::transactions, &Shrinking::of_transactions);
    return std::move(current_);
  }

 private:
  static Footprints part(const Footprints& of, const std::vector<Txn>& transactions) {
    std::vector<bool> keep(of.size(), false);
    for (const Txn t : transactions)
      keep[t] = true;
    return part_of(of, keep, std::vector<bool>(of.key_count, true));
  }
  std::size_t transactions() const { return current_.size(); }
  std::size_t keys() const { return current_.key_count; }
  Footprints of_transactions(const std::vector<bool>& keep) const {
    return part_of(current_, keep, std::vector<bool>(current_.key_count, true));
  }
  Footprints of_keys(const std::vector<bool>& keep) const {
    return part_of(current_, std::vector<bool>(current_.size(), true), keep);
  }

  /// If it fails, it is the current one, without what its failure did not need.
  bool take(Footprints candidate) {
    bool taken = false;
    while (tries_++ < tries_max && !effort_.exhausted_now()) {
      const OrderDecision decision = decide_order(candidate, level_, effort_);
      if (decision.decided != Decided::fails) break;
      taken = true;
      const bool smaller = decision.involved.size() < candidate.size();
      current_ = std::move(candidate);
      if (!smaller) break;
      candidate = part(current_, decision.involved);
    }
    return taken;
  }

  /// Leaves out pieces of what `count` counts; `kept` is what is left then.
  void drop(std::size_t (Shrinking::*count)() const,
            Footprints (Shrinking::*kept)(const std::vector<bool>&) const) {
    for (std::size_t piece = std::max<std::size_t>(1, (this->*count)() / 2);; piece /= 2) {
      for (std::size_t begin = 0; begin < (this->*count)();) {
        if (tries_ >= tries_max || effort_.exhausted_now()) return;
        const std::size_t size = (this->*count)();
        std::vector<bool> keep(size, true);
        std::fill_n(keep.begin() + static_cast<std::ptrdiff_t>(begin),
                    std::min(piece, size - begin), false);
        if (!take((this->*kept)(keep))) begin += piece;
      }
      if (piece == 1) return;
    }
  }

  OrderLevel level_;
  Effort& effort_;
  Footprints current_;
  std::size_t tries_ = 0;
};

}  // namespace

std::optional<Footprints> shrink_failure(const Footprints& all, OrderLevel level,
                                         const std::vector<Txn>& involved, Effort& effort) {
  return Shrinking(level, effort).run(all, involved);
}

}  // namespace gauntlet
