// The verifier's check of a commit order: that whoever saw a writer of a key did not read an older
// version of it.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "checker/transactional/weak_verifier.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t initial_place = 0;  ///< transactions have the places from 1 on

Error refuse(std::string what) {
  return failure(ErrorKind::internal, std::move(what));
}

}  // namespace

/// What an order says, by place in it.
struct WeakVerifier::Ordered {
  struct Read {
    ValueId key;
    std::size_t source;                       ///< the place of its writer
    const std::vector<std::size_t>* writers;  ///< of the key, within `writers`
  };
  std::vector<std::vector<Read>> reads{{}};             ///< the first of each key, in turn
  std::vector<std::size_t> previous{initial_place};     ///< of the same session
  std::map<ValueId, std::vector<std::size_t>> writers;  ///< by key, ascending

  bool writes(std::size_t place, ValueId key) const {
    const auto found = writers.find(key);
    return found != writers.end() &&
           std::binary_search(found->second.begin(), found->second.end(), place);
  }
};

Result<WeakVerifier::Ordered> WeakVerifier::order_reads(bool with_sessions,
                                                        std::span<const EventIndex> order) const {
  std::vector<std::size_t> places(history_.size(), initial_place);
  Ordered result;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const EventIndex t = order[i];
    const bool is_transaction =
        t < history_.size() && history_.is_client(t) && history_.type(t) == OperationType::invoke;
    if (!is_transaction || places[t] != initial_place) {
      return refuse("something else than transactions, once each, is in it");
    }
    const EventIndex end = history_.partner(t);
    if (end != no_event && history_.type(end) == OperationType::fail) {
      return refuse("a transaction that failed is in it");
    }
    places[t] = i + 1;
    for (const Step& step : steps(t)) {
      if (!step.writes) continue;
      auto& writers = result.writers[step.key];
      if (writers.empty() || writers.back() != i + 1) writers.push_back(i + 1);
    }
  }
  result.reads.resize(order.size() + 1);
  result.previous.assign(order.size() + 1, initial_place);
  std::map<Process, std::size_t> last;
  for (EventIndex t = 0; t < history_.size(); ++t) {
    if (!history_.is_client(t) || history_.type(t) != OperationType::invoke) continue;
    const std::size_t place = places[t];
    if (place == initial_place) {
      if (ended_well(t)) return refuse("a transaction that committed is not in it");
      continue;
    }
    std::size_t& before = last[history_.process(t)];
    if (with_sessions && before > place) return refuse("it goes against a session");
    result.previous[place] = with_sessions ? before : initial_place;
    before = place;
    if (!ended_well(t)) continue;
    std::vector<ValueId> known;
    for (const Step& step : steps(t)) {
      if (std::find(known.begin(), known.end(), step.key) != known.end()) continue;
      if (step.is_of_list && step.writes) continue;
      known.push_back(step.key);
      if (step.writes) continue;
      std::size_t source = initial_place;
      std::size_t candidates = history_.values().to_value(step.value) == initial_ ? 1 : 0;
      if (const auto found = writers_.find({step.key, step.value}); found != writers_.end()) {
        for (const EventIndex writer : found->second) {
          if (writer == t || places[writer] == initial_place) continue;
          if (!leaves(writer, step.key, step.value)) continue;
          source = places[writer];
          ++candidates;
        }
      }
      if (candidates != 1 || source >= place) {
        return refuse(fmt::format("operation {} read what was not there", history_.index(t)));
      }
      result.reads[place].push_back({step.key, source, &result.writers[step.key]});
    }
  }
  return result;
}

/// That each list that was read is how the list began.
Result<void> WeakVerifier::check_lists(std::span<const EventIndex> order) const {
  const Values& values = history_.values();
  std::map<ValueId, std::vector<ValueId>> lists;
  for (const EventIndex t : order) {
    for (const Step& step : steps(t)) {
      if (step.is_of_list && step.writes) lists[step.key].push_back(step.value);
    }
  }
  for (const EventIndex t : order) {
    if (!ended_well(t)) continue;
    for (const Step& step : steps(t)) {
      if (step.writes || !values.is_list(step.whole)) continue;
      const auto read = values.as_list(step.whole);
      const auto& list = lists[step.key];
      if (read.size() > list.size() || !std::equal(read.begin(), read.end(), list.begin())) {
        return refuse(fmt::format("operation {} read another list", history_.index(t)));
      }
    }
  }
  return {};
}

Result<void> WeakVerifier::order(WeakLevel level, bool with_sessions,
                                 std::span<const EventIndex> order) const {
  constexpr std::size_t transactions_max = 20'000;
  if (level == WeakLevel::causal && order.size() > transactions_max) {
    return failure(ErrorKind::resource, "the order is too long to be verified");
  }
  const auto ordered = order_reads(with_sessions, order);
  if (!ordered) return ordered.error();
  if (auto accepted = check_lists(order); !accepted) return accepted;
  const auto wrong = [&](std::size_t place) {
    return refuse(fmt::format("operation {} read a version older than one that it had seen",
                              history_.index(order[place - 1])));
  };
  for (std::size_t place = 1; place <= order.size() && level != WeakLevel::causal; ++place) {
    const auto& reads = ordered->reads[place];
    for (std::size_t i = 0; i < reads.size(); ++i) {
      const auto is_newer = [&](std::size_t seen) {
        return seen > reads[i].source && ordered->writes(seen, reads[i].key);
      };
      const std::size_t until = level == WeakLevel::monotonic_atomic_view ? i : reads.size();
      for (std::size_t k = 0; k < until; ++k) {
        if (is_newer(reads[k].source)) return wrong(place);
      }
      if (level == WeakLevel::monotonic_atomic_view) continue;
      for (std::size_t p = ordered->previous[place]; p > reads[i].source;
           p = ordered->previous[p]) {
        if (is_newer(p)) return wrong(place);
      }
    }
  }
  if (level != WeakLevel::causal) return {};
  // Of blocks of 64 transactions: who has them in its past.
  for (std::size_t block = 0; block <= order.size(); block += 64) {
    std::vector<std::uint64_t> past(order.size() + 1, 0);
    for (std::size_t place = 1; place <= order.size(); ++place) {
      const auto see = [&](std::size_t other) {
        if (other == initial_place) return;
        past[place] |= past[other];
        if (other >= block && other < block + 64) {
          past[place] |= std::uint64_t{1} << (other - block);
        }
      };
      see(ordered->previous[place]);
      for (const auto& read : ordered->reads[place])
        see(read.source);
      for (const auto& read : ordered->reads[place]) {
        if (past[place] == 0) break;
        const auto& writers = *read.writers;
        auto newer = std::upper_bound(writers.begin(), writers.end(),
                                      std::max(read.source, block == 0 ? 0 : block - 1));
        for (; newer != writers.end() && *newer < block + 64; ++newer) {
          if ((past[place] >> (*newer - block) & 1) != 0) return wrong(place);
        }
      }
    }
  }
  return {};
}

}  // namespace gauntlet
