#include "checker/verifier.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <limits>

namespace gauntlet {

namespace {

constexpr EventIndex never = std::numeric_limits<EventIndex>::max();

/// An operation that counts, read straight from the history.
struct Claim {
  EventIndex invoked;
  EventIndex completed;  // never: it may not have happened
  ModelCall call;
  std::optional<RegisterAccess> access;
};

Error rejected(std::string what) {
  return failure(ErrorKind::internal, std::move(what));
}

class Claims {
 public:
  Claims(const History& history, const Model& model, const CheckOptions& options, ValueId key)
      : context_{history.values(), options.initial, options.nil_read, options.failed_cas,
                 ValueId::nil} {
    const auto functions = model.functions();
    for (EventIndex event = 0; event < history.size(); ++event) {
      const bool is_ours = history.is_client(event) && history.key(event) == key &&
                           history.type(event) == OperationType::invoke;
      if (!is_ours) continue;
      Claim claim{event, history.partner(event), {}, {}};
      const std::string_view name = history.function_name(history.f(event));
      while (claim.call.function < functions.size() &&
             functions[claim.call.function].name != name) {
        ++claim.call.function;
      }
      if (claim.call.function == functions.size()) continue;
      claim.call.input = history.value(event);
      if (model.by_process()) claim.call.process = history.process(event);
      const OperationType type =
          claim.completed == no_event ? OperationType::info : history.type(claim.completed);
      claim.call.outcome = type == OperationType::ok     ? Outcome::ok
                           : type == OperationType::fail ? Outcome::fail
                                                         : Outcome::unknown;
      if (type == OperationType::ok) claim.call.output = history.value(claim.completed);
      if (claim.call.outcome == Outcome::unknown) claim.completed = never;
      if (!model.counts(claim.call, context_)) continue;
      if (!model.admit(claim.call, context_).empty()) continue;
      claims_.push_back(claim);
    }
    std::vector<ModelCall> calls;
    for (const Claim& claim : claims_)
      calls.push_back(claim.call);
    context_.initial_id = find_initial(history.values(), calls, options.initial);
    for (Claim& claim : claims_)
      claim.access = model.access(claim.call, context_);
  }

  std::vector<Claim>& all() { return claims_; }
  const ModelContext& context() const { return context_; }

 private:
  ModelContext context_;
  std::vector<Claim> claims_;
};

/// Whether the operations that are left out may be left out: see verify_violation.
///
/// For a register it is enough that no kept operation needs a value which an omitted one sets.
/// Proof: take a legal order of all and drop the omitted ones. Before a kept operation that needs v
/// the register held v, put there by the last update that changed the state (or from the start);
/// that update set v, so it is a kept one, and what was dropped after it changed nothing. So the
/// register still holds v there. Omitted operations go together: what they needed does not matter.
/// One that sets the very value that it needs changes nothing.
Result<void> omissions_are_sound(const Model& model, const std::vector<Claim>& kept,
                                 const std::vector<Claim>& omitted) {
  boost::unordered_flat_set<ValueId> set_by_omitted;
  for (const Claim& claim : omitted) {
    if (!model.updates(claim.call)) continue;
    if (!claim.access || !claim.access->sets) {
      return rejected("an operation that may matter was left out");
    }
    if (claim.access->needs != claim.access->sets) set_by_omitted.insert(*claim.access->sets);
  }
  if (set_by_omitted.empty()) return {};
  for (const Claim& claim : kept) {
    if (claim.access->excludes) return rejected("a kept operation may need any value");
    if (claim.access->needs && set_by_omitted.contains(*claim.access->needs)) {
      return rejected("an update was left out whose value is needed");
    }
  }
  return {};
}

/// Tries all orders, depth first; remembers which (operations taken, state) lead nowhere.
class Orders {
 public:
  Orders(const Model& model, const ModelContext& context, const std::vector<Claim>& claims,
         EventIndex from, bool as_register, std::size_t steps_max)
      : claims_(claims), from_(from), initial_(context.initial_id), steps_left_(steps_max) {
    for (const Claim& claim : claims)
      calls_.push_back(claim.call);
    if (!as_register) states_ = model.states(calls_, context);
  }

  bool exist() {
    if (states_) return extend(0, states_->initial());
    return extend(0, from_ == no_event ? static_cast<std::uint64_t>(initial_) : any_value);
  }
  bool gave_up() const { return steps_left_ == 0; }

 private:
  bool optional(const Claim& claim) const {
    return claim.completed == never || (from_ != no_event && claim.invoked < from_);
  }

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
    EventIndex first_completion = never;  // of those that must still be taken
    for (std::size_t i = 0; i < claims_.size(); ++i) {
      if ((taken >> i & 1u) != 0 || optional(claims_[i])) continue;
      first_completion = std::min(first_completion, claims_[i].completed);
    }
    if (first_completion == never) return true;
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

}  // namespace

Result<void> verify_order(const History& history, const Model& model, const CheckOptions& options,
                          const OrderCertificate& certificate) {
  Claims claims(history, model, options, certificate.key);
  boost::unordered_flat_map<EventIndex, std::uint32_t> claim_at;
  std::vector<ModelCall> calls;
  for (const Claim& claim : claims.all()) {
    claim_at[claim.invoked] = static_cast<std::uint32_t>(calls.size());
    calls.push_back(claim.call);
  }
  const auto states = model.states(calls, claims.context());
  StateId state = states->initial();
  std::vector<bool> taken(calls.size(), false);
  EventIndex last_invoked = 0;  // the latest invocation among those taken so far
  for (const EventIndex invoked : certificate.order) {
    const auto at = claim_at.find(invoked);
    if (at == claim_at.end()) return rejected("the order holds an operation that does not count");
    const Claim& claim = claims.all()[at->second];
    if (taken[at->second]) return rejected("the order holds an operation twice");
    taken[at->second] = true;
    if (claim.completed != never && claim.completed < last_invoked) {
      return rejected("the order contradicts real time");
    }
    last_invoked = std::max(last_invoked, invoked);
    state = states->step(state, at->second);
    if (state == no_state) return rejected("the order is not legal for the model");
  }
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (!taken[i] && claims.all()[i].completed != never) {
      return rejected("the order lacks an operation that happened");
    }
  }
  return {};
}

Result<void> verify_violation(const History& history, const Model& model,
                              const CheckOptions& options, const ViolationCertificate& certificate,
                              std::size_t orders_max) {
  Claims claims(history, model, options, certificate.key);
  const boost::unordered_flat_set<EventIndex> wanted(certificate.operations.begin(),
                                                     certificate.operations.end());
  std::vector<Claim> kept, omitted;
  for (Claim claim : claims.all()) {
    if (claim.invoked > certificate.until) continue;
    if (claim.completed > certificate.until) claim.completed = never;
    if (certificate.from != no_event && claim.completed < certificate.from) continue;
    (wanted.contains(claim.invoked) ? kept : omitted).push_back(claim);
  }
  if (kept.size() != wanted.size()) {
    return rejected("an operation of the evidence is not in the part of the history looked at");
  }
  if (kept.size() > 64) {
    return failure(ErrorKind::resource, "the evidence has more than 64 operations");
  }
  const bool as_register = certificate.from != no_event || !certificate.as_writes.empty();
  for (Claim& claim : kept) {
    if (!as_register) break;
    if (!claim.access || claim.access->excludes) {
      return rejected("only a register may be looked at in this way");
    }
    const auto& as_writes = certificate.as_writes;
    if (std::find(as_writes.begin(), as_writes.end(), claim.invoked) == as_writes.end()) continue;
    if (!claim.access->sets) claim.access->sets = claim.access->needs;
    claim.access->needs.reset();
  }
  if (auto sound = omissions_are_sound(model, kept, omitted); !sound) return sound;
  Orders orders(model, claims.context(), kept, certificate.from, as_register, orders_max);
  const bool exist = orders.exist();
  if (orders.gave_up()) return failure(ErrorKind::resource, "there are too many orders to try");
  if (exist) return rejected("the operations of the evidence can be ordered");
  return {};
}

}  // namespace gauntlet
