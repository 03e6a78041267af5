#include "checker/transactional/list_versions.hpp"

namespace gauntlet {

std::vector<VersionStep> version_steps(const VersionOrders& orders) {
  const Transactions& all = orders.transactions();
  std::vector<VersionStep> steps;
  for (KeyId k = 0; k < all.key_count(); ++k) {
    if (!orders.is_ordered(k) || orders.longest(k) == no_micro) continue;
    const Txn reader = all.owner(orders.longest(k));
    Txn last = no_txn;
    for (const MicroId append : orders.writers(k)) {
      if (append == no_micro) continue;
      const Txn owner = all.owner(append);
      if (last != no_txn && owner != last) steps.push_back({last, owner, k, reader});
      last = owner;
    }
    if (last == no_txn) continue;
    for (const MicroId append : orders.unobserved(k)) {
      const Txn owner = all.owner(append);
      if (owner != last) steps.push_back({last, owner, k, reader});
    }
  }
  return steps;
}

}  // namespace gauntlet
