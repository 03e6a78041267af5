// The verifier's checks of evidence that counts: a value of a register that was found more often
// than it was set, a sum of a counter that no choice of additions makes, and a lock that was
// acquired more often than released.
#include <algorithm>

#include "checker/verifier_claim.hpp"

namespace gauntlet {

/// Look at the periods in which the register holds one of the values V. Each operation that needs
/// one of them takes effect in such a period. Two never share a period if both end it (they set a
/// value not in V), or if in real time something lies between them that proves a value not in V:
/// the end of the earlier one itself, or a separator. A period begins at the start, if the initial
/// value is in V, or with an operation that enters: it sets a value of V and needs none. If all who
/// need were invoked after a separator returned, their periods begin after that separator took
/// effect, so what returned before its invocation began none of them; nor did what was invoked
/// after the end of what is looked at. So with fewer operations that enter than need, there is no
/// order.
Result<void> Verifier::too_few(const CountCertificate& certificate) const {
  constexpr std::size_t needers_max = 2000;
  const auto listed = invocations_.find(certificate.key);
  if (listed == invocations_.end()) return rejected("there is no such key");
  const auto is_one = [&](const std::optional<ValueId>& value) {
    const auto& values = certificate.values;
    return value && std::find(values.begin(), values.end(), *value) != values.end();
  };
  const auto read = [&](const std::vector<EventIndex>& events) {
    std::vector<Claim> claims;
    for (const EventIndex invoked : events) {
      auto found = claim(invoked);
      if (!found || found->completed > certificate.until) return std::vector<Claim>();
      found->access = model_.access(found->call, context_);
      if (!found->access || found->access->excludes) return std::vector<Claim>();
      claims.push_back(*found);
    }
    std::sort(claims.begin(), claims.end(),
              [](const Claim& a, const Claim& b) { return a.invoked < b.invoked; });
    return claims;
  };
  const std::vector<Claim> needers = read(certificate.needers);
  const std::vector<Claim> separators = read(certificate.separators);
  if (needers.empty() || separators.size() != certificate.separators.size()) {
    return rejected("the evidence holds an operation that proves nothing");
  }
  if (needers.size() > needers_max) {
    return failure(ErrorKind::resource, "the evidence has too many operations");
  }
  const auto leaves = [&](const Claim& claim) {
    return claim.access->sets && !is_one(claim.access->sets);
  };
  for (const Claim& claim : separators) {
    const bool needs_another = claim.access->needs && !is_one(claim.access->needs);
    if (!needs_another && !leaves(claim)) return rejected("a separator proves no other value");
  }
  // Of the separators from each on, the first return.
  std::vector<EventIndex> first_return(separators.size() + 1, Claim::never);
  for (std::size_t i = separators.size(); i-- > 0;)
    first_return[i] = std::min(first_return[i + 1], separators[i].completed);
  for (std::size_t i = 0; i < needers.size(); ++i) {
    if (!is_one(needers[i].access->needs)) return rejected("an operation needs no such value");
    for (std::size_t k = 0; k < i; ++k) {
      const Claim& a = needers[k].completed < needers[i].completed ? needers[k] : needers[i];
      const Claim& b = &a == &needers[k] ? needers[i] : needers[k];
      if (a.invoked == b.invoked) return rejected("an operation is listed twice");
      if (leaves(a) && (leaves(b) || a.completed < b.invoked)) continue;
      const auto behind =
          std::partition_point(separators.begin(), separators.end(),
                               [&](const Claim& claim) { return claim.invoked <= a.completed; });
      if (first_return[static_cast<std::size_t>(behind - separators.begin())] >= b.invoked) {
        return rejected("two operations may have found the value at once");
      }
    }
  }
  // The latest separator before all of them, if there is one.
  const Claim* first = nullptr;
  for (const Claim& claim : separators) {
    if (claim.completed < needers.front().invoked) first = &claim;
  }
  std::size_t periods = first == nullptr && is_one(context_.initial_id);
  for (const EventIndex invoked : listed->second) {
    if (invoked > certificate.until) break;
    const auto found = claim(invoked);
    if (!found || (first != nullptr && found->completed < first->invoked)) continue;
    const auto access = model_.access(found->call, context_);
    if (!access) return rejected("only a register's values may be counted");
    periods += is_one(access->sets) && !(is_one(access->needs) && !access->excludes);
  }
  if (periods >= needers.size()) return rejected("the value was set often enough");
  return {};
}

/// A counter holds, at the moment of a read, what it held at an earlier one (or the initial value),
/// plus the additions between. Those that were invoked after the earlier read returned and returned
/// before the later one was invoked lie between; those that returned before the earlier one was
/// invoked, or were invoked after the later one returned, do not; the others may.
Result<void> Verifier::out_of_bounds(const BoundsCertificate& certificate) const {
  const auto listed = invocations_.find(certificate.key);
  if (listed == invocations_.end()) return rejected("there is no such key");
  if (model_.name() != "counter") return rejected("only a counter has bounds");
  const auto is_read = [](const std::optional<Claim>& claim) {
    return claim && claim->call.function == 1 && claim->call.outcome == Outcome::ok;
  };
  const auto later = claim(certificate.read);
  if (!is_read(later)) return rejected("the evidence holds no read");
  __extension__ using Sum = __int128;  // no history is long enough to overflow it
  const auto value = [&](ValueId id) { return Sum{context_.values.as_integer(id)}; };
  std::optional<Claim> earlier;
  Sum low = context_.initial.is_integer() ? context_.initial.integer() : 0;
  if (certificate.since != no_event) {
    earlier = claim(certificate.since);
    if (!is_read(earlier) || earlier->completed >= later->invoked) {
      return rejected("the evidence holds no earlier read");
    }
    low = value(earlier->call.output);
  }
  Sum high = low;
  for (const EventIndex invoked : listed->second) {
    if (invoked > later->completed) break;
    const auto found = claim(invoked);
    if (!found || found->call.function != 0) continue;
    if (earlier && found->completed < earlier->invoked) continue;
    const Sum n = value(found->call.input);
    const bool lies_between =
        found->completed < later->invoked && (!earlier || found->invoked > earlier->completed);
    if (lies_between || n < 0) low += n;
    if (lies_between || n > 0) high += n;
  }
  const Sum found = value(later->call.output);
  constexpr Sum bound = std::numeric_limits<std::int64_t>::max();
  if (low < -bound || high > bound) return rejected("the counter may have wrapped around");
  if (low <= found && found <= high) return rejected("the value is within the bounds");
  return {};
}

/// A mutex has one permit, with or without tokens. In any order of what had happened by `until`,
/// what was acquired and not released is between none and all permits; so is the difference between
/// all that returned acquired and all that may have been released, and the other way round.
Result<void> Verifier::wrong_holds(const HoldsCertificate& certificate) const {
  const auto listed = invocations_.find(certificate.key);
  if (listed == invocations_.end()) return rejected("there is no such key");
  const bool counts_permits = model_.name() == "semaphore";
  if (!counts_permits && model_.name() != "mutex" && model_.name() != "fenced-mutex") {
    return rejected("only a lock is held");
  }
  const bool has_initial = counts_permits && context_.initial.is_integer();
  __extension__ using Sum = __int128;
  const Sum permits = has_initial ? context_.initial.integer() : 1;
  Sum acquired = 0, released = 0;              // certainly
  Sum acquired_maybe = 0, released_maybe = 0;  // at most
  for (const EventIndex invoked : listed->second) {
    if (invoked > certificate.until) break;
    const auto found = claim(invoked);
    if (!found) continue;
    const bool is_one = !counts_permits || found->call.input == ValueId::nil;
    const Sum count = is_one ? 1 : context_.values.as_integer(found->call.input);
    const bool acquires = found->call.function == 0;
    (acquires ? acquired_maybe : released_maybe) += count;
    if (found->completed <= certificate.until) (acquires ? acquired : released) += count;
  }
  if (acquired - released_maybe > permits || released > acquired_maybe) return {};
  return rejected("the acquisitions and releases may fit together");
}

}  // namespace gauntlet
