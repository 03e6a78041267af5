// Sets in which no value is added twice and that nobody reads as a whole: each value by itself.
//
// What the calls about a value answer depends on that value only, so the set is a product of
// objects, one a value, and is linearizable if and only if each is (Herlihy and Wing, TOPLAS 1990,
// theorem 1). A value is absent, then a member from its one add on, and absent again from its one
// remove on. Call an operation positive if it needs the value as a member (contains that answered
// true, a remove that succeeded) or makes it one (an add that is known to have happened), negative
// if it needs it absent (contains or remove that answered false). An add that answered false needs
// another before it, which there is not: it is a violation by itself.
//
// The add takes effect at some moment a, the remove at some r > a (never, if there is none). Let A
// be the first return of a positive operation, and R the last invocation among the contains that
// answered true and the remove. Then a must lie between the add's invocation and A, r between R and
// the remove's return, and a negative operation (i, r') needs i < a or r' > r. So a should be as
// late and r as early as can be:
//  - A <= R: a just before A, r just after R; a negative operation is in order unless A < i and
//    r' < R.
//  - A > R: both just before A, first a and then r. Every negative operation is in order: if A < i,
//    then r < i.
// So there is an order if and only if the add was invoked before A, the contains that answered true
// were invoked before the remove returned, at most one remove succeeded, and no negative operation
// lies between A and R. Of removes that crashed, or have not returned, the one that was invoked
// first serves best, and only if none has succeeded; if there is none either, R is never. Where no
// positive operation returned, nothing need have happened to the value.
//
// The history is gone through once. A is known at the first return of a positive operation and
// stays; R is known from what has returned. So each return is judged at once, by the operations up
// to it, and the first that fails is the place. The orders of the values merge into one: along the
// order of each, let an operation's moment be the latest invocation so far, which is before its
// return; order all by their moments.
//
// Source: the argument is ours; Abdulla et al. ("Efficient linearizability monitoring", PLDI 2025)
// and Lee and Mathur ("Efficient decrease-and-conquer linearizability monitoring", OOPSLA 2025)
// give linear algorithms for sets of complete histories. Cost: O(operations), expected.
#include <algorithm>

#include "checker/linearizable/one_pass/one_pass.hpp"
#include "checker/linearizable/one_pass/set_part.hpp"

namespace gauntlet {
namespace {

class SetMembership {
 public:
  using Moment = SetPart::Moment;
  static constexpr Moment never = SetPart::never;

  explicit SetMembership(const Part& part) : part_(part), set_(part), members_(set_.values) {
    invoked_.resize(part.operations.size(), 0);
  }

  void invoke(OpId op, Moment now) {
    invoked_[op] = now;
    Member& own = member(op);
    if (role(op) == SetPart::Role::add) own.adder = op;
    if (role(op) == SetPart::Role::remove && own.first_remover == no_op) own.first_remover = op;
  }

  bool complete(OpId op, Moment now) {
    Member& own = member(op);
    switch (role(op)) {
      case SetPart::Role::impossible:
        return false;
      case SetPart::Role::add:
        break;
      case SetPart::Role::needs:
        own.last_needed = std::max(own.last_needed, invoked_[op]);
        break;
      case SetPart::Role::remove:
        if (own.remover != no_op) return false;
        own.remover = op;
        own.removed = now;
        break;
      case SetPart::Role::lacks:
        if (own.absent_again == never && invoked_[op] > own.first_positive) own.absent_again = now;
        return own.absent_again == never || own.absent_again > last(own);
      case SetPart::Role::read:
        return false;  // excluded by `applies`
    }
    if (own.adder == no_op) return false;
    own.first_positive = std::min(own.first_positive, now);
    if (own.last_needed > own.removed) return false;
    return own.absent_again == never || own.absent_again > last(own);
  }

  /// Chains the operations by their moments: at each moment those of one value.
  std::vector<OpId> order() {
    std::vector<std::uint32_t> ends(members_.size() + 1, 0);
    for (OpId op = 0; op < part_.operations.size(); ++op)
      ++ends[set_.value(part_, op) + 1];
    for (std::size_t i = 1; i < ends.size(); ++i)
      ends[i] += ends[i - 1];
    std::vector<OpId> of_value(part_.operations.size());
    {
      std::vector<std::uint32_t> at(ends.begin(), ends.end() - 1);
      for (OpId op = 0; op < part_.operations.size(); ++op)
        of_value[at[set_.value(part_, op)]++] = op;
    }
    first_at_.resize(part_.events.size(), no_op);
    next_.resize(part_.operations.size(), no_op);
    for (std::size_t v = 0; v < members_.size(); ++v)
      chain(members_[v], {of_value.begin() + ends[v], of_value.begin() + ends[v + 1]});
    std::vector<OpId> result;
    result.reserve(part_.operations.size());
    for (const OpId first : first_at_) {
      for (OpId op = first; op != no_op; op = next_[op])
        result.push_back(op);
    }
    return result;
  }

 private:
  struct Member {
    OpId adder = no_op;             // invoked
    OpId remover = no_op;           // has succeeded
    Moment removed = never;         // when it returned
    OpId first_remover = no_op;     // invoked, may succeed
    Moment first_positive = never;  // A: the first return of a positive operation
    Moment last_needed = 0;         // the last invocation of a contains that answered true
    Moment absent_again = never;    // the first return of a negative operation invoked after A
  };

  Member& member(OpId op) { return members_[set_.value(part_, op)]; }
  SetPart::Role role(OpId op) const { return set_.role(part_, op); }

  /// R, never if nothing removes the value.
  Moment last(const Member& own) const {
    const OpId remover = own.remover != no_op ? own.remover : own.first_remover;
    return remover == no_op ? never : std::max(own.last_needed, invoked_[remover]);
  }

  void chain(const Member& own, std::span<const OpId> operations) {
    last_op_ = no_op;
    last_moment_ = 0;
    const bool was_member = own.first_positive != never;
    const auto each = [&](SetPart::Role wanted, bool early) {
      for (const OpId op : operations) {
        const bool is_early = invoked_[op] < own.first_positive;
        if (role(op) != wanted || part_.operations[op].crashed()) continue;
        if (wanted != SetPart::Role::lacks || is_early == early) append(op);
      }
    };
    each(SetPart::Role::lacks, true);
    if (!was_member) return;
    append(own.adder);
    each(SetPart::Role::needs, true);
    // One that crashed is left out where nothing needs it.
    if (own.remover != no_op) {
      append(own.remover);
    } else if (own.absent_again != never) {
      append(own.first_remover);
    }
    each(SetPart::Role::lacks, false);
  }

  void append(OpId op) {
    const Moment moment = std::max(last_moment_, invoked_[op]);
    if (last_op_ != no_op && moment == last_moment_) {
      next_[last_op_] = op;
    } else {
      first_at_[moment] = op;
    }
    last_op_ = op;
    last_moment_ = moment;
  }

  const Part& part_;
  SetPart set_;
  std::vector<Member> members_;  // by value
  std::vector<Moment> invoked_;  // by operation
  std::vector<OpId> first_at_;   // by moment
  std::vector<OpId> next_;       // by operation: the next at the same moment
  OpId last_op_ = no_op;
  Moment last_moment_ = 0;
};

class SetMembershipAlgorithm : public PartAlgorithm {
 public:
  std::string_view name() const override { return "set-membership"; }
  std::string_view description() const override {
    return "sets with unique adds and no reads of all: each value by itself, O(n)";
  }
  AlgorithmFacts facts() const override {
    return {
        .idea =
            "A set is a product of objects, one a value, and each is absent, then a member, then "
            "absent again: its add takes effect as late and its remove as early as they can.",
        .conditions = "no value is added twice, and nobody reads the whole set",
        .guarantee = "Sound and complete; the place is the earliest.",
        .cost = "O(operations)",
        .source =
            "ours; Abdulla et al., PLDI 2025, and Lee and Mathur, OOPSLA 2025, give "
            "linear algorithms for complete histories",
        .models = {"set", "grow-only-set"}};
  }
  int rank() const override { return 20; }
  bool applies(const Part& part) const override {
    return SetPart::has_unique_adds(part) && !SetPart(part).has(SetPart::Role::read);
  }
  Judgement judge(const Part& part, const Budget& budget) const override {
    return judge_in_one_pass(part, budget, "membership of each value by itself",
                             SetMembership(part));
  }
};

GAUNTLET_REGISTER(PartAlgorithm, SetMembershipAlgorithm);

}  // namespace
}  // namespace gauntlet
