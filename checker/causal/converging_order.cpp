// The verifier's replay of an order for causal convergence.
#include <algorithm>
#include <map>
#include <numeric>

#include "checker/causal/order_verifier.hpp"

namespace gauntlet::causal {

namespace {

Error rejected(std::string what) {
  return failure(ErrorKind::internal, std::move(what));
}

}  // namespace

/// Takes the operations in the order that is claimed and keeps for each session how far into every
/// session its causal past reaches.
class OrderVerifier::Replay {
 public:
  explicit Replay(const OrderVerifier& verifier) : verifier_(verifier) {
    for (const Claim& claim : verifier.claims_)
      sessions_.try_emplace(claim.process, sessions_.size());
    const std::vector<std::uint32_t> nothing(sessions_.size(), 0);
    pasts_.assign(sessions_.size(), nothing);
  }

  std::size_t sessions() const { return sessions_.size(); }

  /// The next of the order.
  Result<void> take(const Claim& claim) {
    const std::size_t session = sessions_.at(claim.process);
    Past& past = pasts_[session];
    ++past[session];
    ++rank_;
    if (claim.is_write) {
      written_[claim.key][session].push_back({past[session], rank_});
      seen_with_[{claim.key, claim.value}] = {past, rank_};
      return {};
    }
    std::size_t found = 0;  // the rank of the write that the read found; 0: none
    const auto source = seen_with_.find({claim.key, claim.value});
    if (source != seen_with_.end()) {
      for (std::size_t s = 0; s < past.size(); ++s)
        past[s] = std::max(past[s], source->second.past[s]);
      found = source->second.rank;
    } else if (!verifier_.is_initial(claim.value)) {
      return rejected("a read comes before the write that it found");
    }
    if (last_in(past, claim.key) != found) {
      return rejected("a read found another write than the last of its causal past");
    }
    return {};
  }

 private:
  using Past = std::vector<std::uint32_t>;  // how many operations of each session
  struct Written {
    std::uint32_t place;  // in its session, counted from 1
    std::size_t rank;     // in the order, counted from 1
  };
  struct Seen {
    Past past;
    std::size_t rank;
  };

  /// The greatest rank of a write of the key in the past; 0 if there is none.
  std::size_t last_in(const Past& past, ValueId key) const {
    std::size_t last = 0;
    const auto of_key = written_.find(key);
    if (of_key == written_.end()) return last;
    for (const auto& [session, writes] : of_key->second) {
      const auto end =
          std::partition_point(writes.begin(), writes.end(),
                               [&, s = session](const Written& w) { return w.place <= past[s]; });
      if (end != writes.begin()) last = std::max(last, (end - 1)->rank);
    }
    return last;
  }

  const OrderVerifier& verifier_;
  std::map<Process, std::size_t> sessions_;
  std::vector<Past> pasts_;  // by session
  std::size_t rank_ = 0;
  boost::unordered_flat_map<ValueId, std::map<std::size_t, std::vector<Written>>> written_;
  boost::unordered_flat_map<std::pair<ValueId, ValueId>, Seen> seen_with_;  // by key and value
};

Result<void> OrderVerifier::converging_order(std::span<const EventIndex> order,
                                             std::size_t work_max) const {
  Replay replay(*this);
  if (order.size() * (replay.sessions() + 1) > work_max) {
    return failure(ErrorKind::resource, "there is too much to replay");
  }
  std::vector<bool> taken(claims_.size(), false);
  boost::unordered_flat_map<Process, EventIndex> last;
  for (const EventIndex invocation : order) {
    const Claim* now = claim(invocation);
    if (now == nullptr) return rejected("the order holds an operation that does not count");
    const auto position = static_cast<std::size_t>(now - claims_.data());
    if (taken[position]) return rejected("the order holds an operation twice");
    taken[position] = true;
    const auto [at, is_first] = last.try_emplace(now->process, invocation);
    if (!is_first && at->second > invocation) return rejected("the order breaks a session's");
    at->second = invocation;
    const auto writers = writers_.find({now->key, now->value});
    if (now->is_write && (writers->second > 1 || is_initial(now->value))) {
      return rejected("a value was written twice");
    }
    if (auto taken_next = replay.take(*now); !taken_next) return taken_next;
  }
  for (std::size_t i = 0; i < claims_.size(); ++i) {
    if (claims_[i].certain && !taken[i]) return rejected("the order lacks an operation");
  }
  return {};
}

}  // namespace gauntlet::causal
