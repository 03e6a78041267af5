#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <limits>

#include "base/effort.hpp"
#include "checker/verifier_claim.hpp"

namespace gauntlet {

namespace {

constexpr std::uint16_t no_position = std::numeric_limits<std::uint16_t>::max();

/// The position of `event` in the ascending `events`, or of the first one after it. It is looked
/// for around `near`, since orders follow real time by and large: O(log distance).
std::size_t position_of(EventIndex event, const std::vector<EventIndex>& events, std::size_t near) {
  std::size_t low = std::min(near, events.size()), high = low;
  for (std::size_t step = 1; low > 0 && events[low - 1] >= event; step *= 2)
    low -= std::min(low, step);
  for (std::size_t step = 1; high < events.size() && events[high] < event; step *= 2)
    high += std::min(events.size() - high, step);
  const auto begin = events.begin();
  return static_cast<std::size_t>(std::lower_bound(begin + static_cast<std::ptrdiff_t>(low),
                                                   begin + static_cast<std::ptrdiff_t>(high),
                                                   event) -
                                  begin);
}

}  // namespace

Verifier::Verifier(const History& history, const Model& model, const CheckOptions& options)
    : history_(history),
      model_(model),
      budget_(options.budget),
      context_(context_of(history, model, options)) {
  const auto functions = model.functions();
  for (std::size_t f = 0; f < history.function_count(); ++f) {
    const auto at =
        std::find_if(functions.begin(), functions.end(), [&](const ModelFunction& function) {
          return function.name == history.function_name(static_cast<FunctionId>(f));
        });
    functions_.push_back(
        at == functions.end() ? no_position : static_cast<std::uint16_t>(at - functions.begin()));
  }
  for (EventIndex event = 0; event < history.size(); ++event) {
    if (!history.is_client(event) || history.type(event) != OperationType::invoke) continue;
    invocations_[history.key(event)].push_back(event);
  }
  // The initial value has an id only if some operation mentions it.
  context_.initial_id = find_initial(history.values(), {}, context_.initial);
  for (const auto& [key, invocations] : invocations_) {
    for (const EventIndex invoked : invocations) {
      if (context_.initial_id != absent_value) return;
      const auto found = claim(invoked);
      if (!found) continue;
      const ModelCall calls[] = {found->call};
      context_.initial_id = find_initial(history.values(), calls, context_.initial);
    }
  }
}

/// Nothing for an operation that does not count.
std::optional<Verifier::Claim> Verifier::claim(EventIndex invoked) const {
  const std::uint16_t function = functions_[history_.f(invoked)];
  if (function == no_position) return std::nullopt;
  Claim claim{invoked, history_.partner(invoked), {}};
  claim.call.function = function;
  claim.call.input = history_.value(invoked);
  if (model_.by_process()) claim.call.process = history_.process(invoked);
  const OperationType fate =
      claim.completed == no_event ? OperationType::info : history_.type(claim.completed);
  claim.call.outcome = fate == OperationType::ok     ? Outcome::ok
                       : fate == OperationType::fail ? Outcome::fail
                                                     : Outcome::unknown;
  if (fate == OperationType::ok) claim.call.output = history_.value(claim.completed);
  if (claim.call.outcome == Outcome::unknown) claim.completed = Claim::never;
  if (!model_.counts(claim.call, context_)) return std::nullopt;
  if (!model_.admit(claim.call, context_).empty()) return std::nullopt;
  return claim;
}

/// Tries all orders, depth first; remembers which (operations taken, state) lead nowhere.
class Verifier::Orders {
 public:
  Orders(const Model& model, const ModelContext& context, const std::vector<Claim>& claims,
         EventIndex from, bool as_register, std::size_t steps_max)
      : claims_(claims), from_(from), initial_(context.initial_id), steps_left_(steps_max) {
    for (const Claim& claim : claims)
      calls_.push_back(claim.call);
    if (!as_register) states_ = model.states(calls_, context);
  }

  bool exist() {
    if (states_ && from_ != no_event) {
      const std::vector<StateId> starts = states_->anywhere();
      return starts.empty() || std::any_of(starts.begin(), starts.end(),
                                           [this](StateId start) { return extend(0, start); });
    }
    if (states_) return extend(0, states_->initial());
    return extend(0, from_ == no_event ? static_cast<std::uint64_t>(initial_) : any_value);
  }
  bool gave_up() const { return steps_left_ == 0; }

 private:
  bool optional(const Claim& claim) const { return claim.is_optional(from_); }

  /// The state after taking claim `i`, or nothing.
  std::optional<std::uint64_t> step(std::uint64_t state, std::size_t i) {
    if (states_) {
      const StateId after =
          states_->step(static_cast<StateId>(state), static_cast<std::uint32_t>(i));
      return after == no_state ? std::nullopt : std::optional<std::uint64_t>(after);
    }
    const RegisterAccess& access = *claims_[i].access;
    if (access.needs && state != any_value && state != static_cast<std::uint32_t>(*access.needs)) {
      return std::nullopt;
    }
    if (access.sets) return static_cast<std::uint32_t>(*access.sets);
    return access.needs ? static_cast<std::uint32_t>(*access.needs) : state;
  }

  bool extend(std::uint64_t taken, std::uint64_t state) {
    if (steps_left_ == 0) return true;
    --steps_left_;
    EventIndex first_completion = Claim::never;  // of those that must still be taken
    for (std::size_t i = 0; i < claims_.size(); ++i) {
      if ((taken >> i & 1u) != 0 || optional(claims_[i])) continue;
      first_completion = std::min(first_completion, claims_[i].completed);
    }
    if (first_completion == Claim::never) return true;
    if (!dead_.insert({taken, state}).second) return false;
    for (std::size_t i = 0; i < claims_.size(); ++i) {
      if ((taken >> i & 1u) != 0 || claims_[i].invoked > first_completion) continue;
      const auto after = step(state, i);
      if (after && extend(taken | std::uint64_t{1} << i, *after)) return true;
    }
    return false;
  }

  static constexpr std::uint64_t any_value = std::uint64_t{1} << 32;

  const std::vector<Claim>& claims_;
  EventIndex from_;
  ValueId initial_;
  std::size_t steps_left_;
  std::vector<ModelCall> calls_;
  std::unique_ptr<StateSpace> states_;
  boost::unordered_flat_set<std::pair<std::uint64_t, std::uint64_t>> dead_;
};

/// Of `kept`, the operations that do the same as an omitted one, may not have happened either, and
/// can be taken no later.
std::size_t Verifier::equals_of(const Claim& omitted, const std::vector<Claim>& kept,
                                EventIndex from) {
  const auto does_the_same = [&](const Claim& claim) {
    if (!omitted.access) {
      return claim.call.function == omitted.call.function &&
             claim.call.input == omitted.call.input && claim.call.outcome == Outcome::unknown &&
             claim.call.process == omitted.call.process;
    }
    return claim.access && claim.access->needs == omitted.access->needs &&
           claim.access->sets == omitted.access->sets;
  };
  return static_cast<std::size_t>(std::count_if(kept.begin(), kept.end(), [&](const Claim& claim) {
    const bool in_time =
        claim.invoked <= omitted.invoked || (from != no_event && claim.invoked < from);
    return in_time && claim.is_optional(from) && does_the_same(claim);
  }));
}

/// How many operations that do the same and may not have happened can matter in an order, at most;
/// the others are left out of it.
///
/// In a register: take a legal order with as few of those that may not have happened (call them
/// doubtful) as possible. A run of them between two others never has the register at one value
/// twice, or what lies between could go; so it holds each sort once at most. And the operation that
/// follows the run needs a value, or the whole run could go. So there are as many runs at most as
/// there are operations that happened and need a value.
/// In a model with subjects: a doubtful operation about no value takes one value that was put, or
/// does nothing (Model::subject). So at most as many matter as values were put and are not taken by
/// operations that happened.
std::size_t Verifier::matter_max(const std::vector<Claim>& kept, EventIndex from) const {
  std::size_t needers = 0;
  boost::unordered_flat_map<ValueId, std::int64_t> remain;
  for (const Claim& claim : kept) {
    needers += claim.access && claim.access->needs && !claim.is_optional(from);
    const auto subject = model_.subject(claim.call, context_);
    if (!subject || !model_.updates(claim.call, context_)) continue;
    const bool takes = model_.functions()[claim.call.function].observes;
    if (!takes) ++remain[*subject];
    if (takes && !claim.is_optional(from)) --remain[*subject];
  }
  for (const auto& [subject, count] : remain)
    needers += static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
  return needers;
}

/// Whether the operations that are left out may be left out: see Verifier::violation. Answers the
/// subjects that are gone, where a kept operation's answer may list them.
///
/// Operations that change nothing may go, and all those about a value together: Model::subject. Of
/// doubtful operations that do the same, those invoked first may stay for all, if they are as many
/// as can matter: in an order that uses another, one that stays can take its place.
/// For a register it is enough that no kept operation needs a value which an omitted one sets.
/// Proof: take a legal order of all and drop the omitted ones. Before a kept operation that needs v
/// the register held v, put there by the last update that changed the state (or from the start);
/// that update set v, so it is a kept one, and what was dropped after it changed nothing. So the
/// register still holds v there. Omitted operations go together: what they needed does not matter.
/// One that sets the very value that it needs changes nothing. (The equals of kept operations need
/// what those need, so they may be dropped afterwards.)
Result<ValueSet> Verifier::sound_omissions(const std::vector<Claim>& kept,
                                           const ViolationCertificate& certificate) const {
  const EventIndex from = certificate.from;
  const std::size_t matter = matter_max(kept, from);
  ValueSet subjects_gone, subjects_kept, needed;
  bool is_register = true, may_list = false;
  for (const Claim& claim : kept) {
    const auto subject = model_.subject(claim.call, context_);
    if (subject) subjects_kept.insert(*subject);
    may_list = may_list || (!subject && context_.values.is_list(claim.call.output));
    // What needs any value but one may need whatever an omitted one sets.
    is_register = is_register && claim.access && !claim.access->excludes;
    if (claim.access && claim.access->needs) needed.insert(*claim.access->needs);
  }
  auto next_kept = kept.begin();
  for (const EventIndex invoked : invocations_.find(certificate.key)->second) {
    if (invoked > certificate.until) break;
    if (next_kept != kept.end() && next_kept->invoked == invoked) {
      ++next_kept;
      continue;
    }
    const auto claim = claim_within(certificate, invoked);
    if (!claim || !model_.updates(claim->call, context_)) continue;
    if (const auto subject = model_.subject(claim->call, context_)) {
      if (subjects_kept.contains(*subject)) {
        return rejected("of the operations about a value only some were left out");
      }
      if (may_list) subjects_gone.insert(*subject);
      continue;
    }
    const bool has_equals = claim->access
                                ? is_register && matter > 0
                                : model_.has_subjects() && claim->call.outcome == Outcome::unknown;
    if (has_equals && claim->is_optional(from) && equals_of(*claim, kept, from) >= matter) continue;
    if (!claim->access || !claim->access->sets) {
      return rejected("an operation that may matter was left out");
    }
    if (claim->access->needs == claim->access->sets) continue;
    if (!is_register || needed.contains(*claim->access->sets)) {
      return rejected("an update was left out whose value may be needed");
    }
  }
  return subjects_gone;
}

Result<void> Verifier::order(const OrderCertificate& certificate) const {
  const auto listed = invocations_.find(certificate.key);
  if (listed == invocations_.end()) return rejected("there is no such key");
  const std::vector<EventIndex>& invocations = listed->second;
  std::vector<bool> held(invocations.size(), false);
  const auto replay = model_.replay(context_);
  Effort effort(budget_);
  EventIndex last_invoked = 0;  // the latest invocation among those in the order so far
  std::size_t i = 0;
  for (const EventIndex invoked : certificate.order) {
    if (effort.exhausted()) return failure(ErrorKind::timeout, effort.reason());
    i = position_of(invoked, invocations, i);
    const bool is_listed = i < invocations.size() && invocations[i] == invoked;
    const auto taken = is_listed ? claim(invoked) : std::nullopt;
    if (!taken) return rejected("the order holds an operation that does not count");
    if (held[i]) return rejected("the order holds an operation twice");
    held[i] = true;
    if (taken->completed < last_invoked) return rejected("the order contradicts real time");
    last_invoked = std::max(last_invoked, invoked);
    if (!replay->step(taken->call)) return rejected("the order is not legal for the model");
  }
  for (std::size_t other = 0; other < invocations.size(); ++other) {
    if (held[other]) continue;
    // One that may not have happened need not be in the order.
    const auto missing = claim(invocations[other]);
    if (missing && missing->completed != Claim::never) {
      return rejected("the order lacks an operation that happened");
    }
  }
  return {};
}

/// The operation as it looks in the part of the history that the certificate is about; nothing if
/// it is not there.
std::optional<Verifier::Claim> Verifier::claim_within(const ViolationCertificate& certificate,
                                                      EventIndex invoked) const {
  auto found = claim(invoked);
  if (!found || invoked > certificate.until) return std::nullopt;
  found->access = model_.access(found->call, context_);
  if (found->completed > certificate.until) found->completed = Claim::never;
  if (certificate.from != no_event && found->completed < certificate.from) return std::nullopt;
  return found;
}

Result<void> Verifier::violation(const ViolationCertificate& certificate,
                                 std::size_t steps_max) const {
  const auto listed = invocations_.find(certificate.key);
  if (listed == invocations_.end()) return rejected("there is no such key");
  if (certificate.operations.size() > 64) {
    return failure(ErrorKind::resource, "the evidence has more than 64 operations");
  }
  std::vector<EventIndex> wanted = certificate.operations;
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::vector<Claim> kept;
  for (const EventIndex invoked : wanted) {
    const bool is_listed =
        std::binary_search(listed->second.begin(), listed->second.end(), invoked);
    const auto found = is_listed ? claim_within(certificate, invoked) : std::nullopt;
    if (!found) {
      return rejected("an operation of the evidence is not in the part of the history looked at");
    }
    kept.push_back(*found);
  }
  const auto knows_access = [](const Claim& claim) {
    return claim.access && !claim.access->excludes;
  };
  const bool as_register = (certificate.from != no_event || !certificate.as_writes.empty()) &&
                           std::all_of(kept.begin(), kept.end(), knows_access);
  if (!as_register && !certificate.as_writes.empty()) {
    return rejected("only a register may be looked at in this way");
  }
  for (Claim& claim : kept) {
    const auto& as_writes = certificate.as_writes;
    if (std::find(as_writes.begin(), as_writes.end(), claim.invoked) == as_writes.end()) continue;
    if (!claim.access->sets) claim.access->sets = claim.access->needs;
    claim.access->needs.reset();
  }
  const auto subjects_gone = sound_omissions(kept, certificate);
  if (!subjects_gone) return subjects_gone.error();
  const LeftOut left_out{*subjects_gone};
  ModelContext context = context_;
  context.left_out = &left_out;
  Orders orders(model_, context, kept, certificate.from, as_register, steps_max);
  const bool exist = orders.exist();
  if (orders.gave_up()) return failure(ErrorKind::resource, "there are too many orders to try");
  if (exist) return rejected("the operations of the evidence can be ordered");
  return {};
}

}  // namespace gauntlet
