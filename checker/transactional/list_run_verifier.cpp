#include "checker/transactional/list_run_verifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <limits>
#include <map>
#include <span>

namespace gauntlet {

namespace {

constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

Error refuse(std::string what) {
  return failure(ErrorKind::internal, std::move(what));
}

/// A key while a run is replayed.
struct List {
  std::vector<ValueId> elements;
  std::vector<std::size_t> lengths{0};  ///< after each end that made it longer
  std::size_t changed_at = nowhere;     ///< the moment of the last of these
};

}  // namespace

bool ListRunVerifier::is_transaction(EventIndex i) const {
  return i < history_.size() && history_.is_client(i) && history_.type(i) == OperationType::invoke;
}

bool ListRunVerifier::committed(EventIndex invocation) const {
  const EventIndex end = history_.partner(invocation);
  return end != no_event && history_.type(end) == OperationType::ok;
}

std::vector<ListRunVerifier::Step> ListRunVerifier::steps(EventIndex invocation) const {
  const Values& values = history_.values();
  const bool is_ok = committed(invocation);
  const ValueId whole = history_.value(is_ok ? history_.partner(invocation) : invocation);
  std::vector<Step> result;
  if (!values.is_list(whole)) return result;
  for (const ValueId micro : values.as_list(whole)) {
    if (!values.is_list(micro) || values.as_list(micro).size() != 3) continue;
    const auto parts = values.as_list(micro);
    const bool appends = values.to_value(parts[0]) == Value("append");
    if (appends || is_ok) result.push_back({appends, parts[1], parts[2]});
  }
  return result;
}

Result<void> ListRunVerifier::run(OrderLevel level, const std::vector<RunMoment>& moments) const {
  if (auto accepted = check_moments(level, moments); !accepted) return accepted;
  if (auto accepted = check_time(level.timing, moments); !accepted) return accepted;
  return level.sight == Sight::parallel ? replay_parallel(moments) : replay(level.sight, moments);
}

/// That each transaction that committed begins and ends once, and no other but those of which
/// nobody knows.
Result<void> ListRunVerifier::check_moments(OrderLevel level,
                                            const std::vector<RunMoment>& moments) const {
  std::vector<std::size_t> begun(history_.size(), nowhere);
  std::vector<bool> ended(history_.size(), false);
  for (std::size_t i = 0; i < moments.size(); ++i) {
    const auto [t, is_end] = moments[i];
    if (!is_transaction(t)) return refuse("something else than a transaction is in it");
    const EventIndex end = history_.partner(t);
    const bool failed = end != no_event && history_.type(end) == OperationType::fail;
    if (failed) return refuse("a transaction that failed is in it");
    if (is_end ? begun[t] == nowhere || ended[t] : begun[t] != nowhere) {
      return refuse("a transaction begins or ends out of turn");
    }
    if (is_end && level.sight == Sight::serial && begun[t] + 1 != i) {
      return refuse("a transaction is not alone");
    }
    if (is_end) {
      ended[t] = true;
    } else {
      begun[t] = i;
    }
  }
  for (EventIndex i = 0; i < history_.size(); ++i) {
    if (is_transaction(i) && committed(i) && !ended[i]) {
      return refuse("a transaction that committed is not in it");
    }
  }
  return {};
}

Result<void> ListRunVerifier::check_time(Timing timing,
                                         const std::vector<RunMoment>& moments) const {
  if (timing == Timing::none) return {};
  std::vector<std::size_t> begins(history_.size(), nowhere);
  std::vector<std::size_t> ends(history_.size(), nowhere);
  for (std::size_t i = 0; i < moments.size(); ++i)
    (moments[i].is_end ? ends : begins)[moments[i].transaction] = i;
  std::map<Process, std::size_t> latest;  // by process, or of all: behind the end that came last
  for (EventIndex i = 0; i < history_.size(); ++i) {
    const bool invokes = is_transaction(i);
    const EventIndex t = invokes ? i : history_.partner(i);
    if (t == no_event || begins[t] == nowhere || history_.type(i) == OperationType::info) continue;
    std::size_t& last = latest[timing == Timing::sessions ? history_.process(i) : 0];
    if (!invokes) {
      last = std::max(last, ends[t] + 1);
    } else if (last > begins[t]) {
      return refuse(fmt::format("operation {} comes before one that had ended", history_.index(t)));
    }
  }
  return {};
}

Result<void> ListRunVerifier::replay(Sight sight, const std::vector<RunMoment>& moments) const {
  const Values& values = history_.values();
  boost::unordered_flat_map<ValueId, List> lists;
  std::vector<std::size_t> begun(history_.size(), nowhere);
  for (std::size_t i = 0; i < moments.size(); ++i) {
    const auto [t, is_end] = moments[i];
    if (is_end) {
      for (const Step& step : steps(t)) {
        if (!step.appends) continue;
        List& list = lists[step.key];
        const bool is_own = list.changed_at == i;
        if (sight == Sight::snapshot && list.changed_at != nowhere && !is_own &&
            list.changed_at > begun[t]) {
          return refuse("two transactions that overlap appended to a key");
        }
        list.elements.push_back(step.value);
        if (is_own) list.lengths.pop_back();
        list.lengths.push_back(list.elements.size());
        list.changed_at = i;
      }
      continue;
    }
    begun[t] = i;
    std::map<ValueId, std::vector<ValueId>> own;
    for (const Step& step : steps(t)) {
      auto& mine = own[step.key];
      if (step.appends) {
        mine.push_back(step.value);
        continue;
      }
      std::span<const ValueId> read;
      if (values.is_list(step.value)) read = values.as_list(step.value);
      const List& list = lists[step.key];
      const auto others = read.first(read.size() - std::min(read.size(), mine.size()));
      const bool right =
          read.size() >= mine.size() &&
          std::equal(mine.begin(), mine.end(), read.begin() + std::ptrdiff_t(others.size())) &&
          others.size() <= list.elements.size() &&
          std::equal(others.begin(), others.end(), list.elements.begin()) &&
          (sight == Sight::committed
               ? std::binary_search(list.lengths.begin(), list.lengths.end(), others.size())
               : others.size() == list.elements.size());
      if (!right) return refuse(fmt::format("operation {} read otherwise", history_.index(t)));
    }
  }
  return {};
}

Result<void> ListRunVerifier::replay_parallel(const std::vector<RunMoment>& moments) const {
  constexpr std::size_t transactions_max = 30'000;
  const Values& values = history_.values();
  std::vector<EventIndex> order;
  for (const RunMoment& moment : moments) {
    if (moment.is_end) order.push_back(moment.transaction);
  }
  if (order.size() > transactions_max) {
    return failure(ErrorKind::resource, "the run is too long to be verified");
  }
  const std::size_t words = order.size() / 64 + 1;
  std::vector<std::vector<std::uint64_t>> seen(order.size());
  boost::unordered_flat_map<ValueId, std::vector<std::size_t>> appenders;  // by key, in order
  std::map<std::pair<ValueId, ValueId>, std::size_t> appender_of;
  for (std::size_t i = 0; i < order.size(); ++i) {
    auto& mine = seen[i];
    mine.assign(words, 0);
    const auto see = [&](std::size_t other) {
      for (std::size_t w = 0; w < words; ++w)
        mine[w] |= seen[other][w];
      mine[other / 64] |= std::uint64_t{1} << (other % 64);
    };
    const auto own = steps(order[i]);
    for (const Step& step : own) {
      if (step.appends) {
        const auto& before = appenders[step.key];
        if (!before.empty() && before.back() != i) see(before.back());
        if (before.empty() || before.back() != i) appenders[step.key].push_back(i);
        appender_of.try_emplace({step.key, step.value}, i);
        continue;
      }
      if (!values.is_list(step.value)) continue;
      for (const ValueId element : values.as_list(step.value)) {
        const auto found = appender_of.find({step.key, element});
        if (found == appender_of.end()) return refuse("a transaction read what was not there yet");
        if (found->second != i) see(found->second);
      }
    }
    std::map<ValueId, std::vector<ValueId>> appended;
    for (const Step& step : own) {
      if (step.appends) {
        appended[step.key].push_back(step.value);
        continue;
      }
      std::vector<ValueId> expected;
      for (const std::size_t other : appenders[step.key]) {
        if (other == i || (mine[other / 64] >> (other % 64) & 1) == 0) continue;
        for (const Step& theirs : steps(order[other])) {
          if (theirs.appends && theirs.key == step.key) expected.push_back(theirs.value);
        }
      }
      const auto& behind = appended[step.key];
      expected.insert(expected.end(), behind.begin(), behind.end());
      std::span<const ValueId> read;
      if (values.is_list(step.value)) read = values.as_list(step.value);
      if (!std::equal(read.begin(), read.end(), expected.begin(), expected.end())) {
        return refuse(fmt::format("operation {} read otherwise", history_.index(order[i])));
      }
    }
  }
  return {};
}

}  // namespace gauntlet
