#include "harness/generator/groups.hpp"

#include "harness/generator/soonest.hpp"

namespace gauntlet::gen {

void Groups::add(const WorkerSet& workers, GeneratorPtr generator, Value key) {
  GAUNTLET_ASSERT(generator && groups_.size() < none);
  if (workers.empty()) return;
  const auto index = static_cast<std::uint16_t>(groups_.size());
  for (Worker w = workers.next(0); w != no_worker; w = workers.next(w + 1))
    group_of_[static_cast<std::size_t>(w)] = index;
  groups_.push_back(Group{workers, std::move(generator), std::move(key)});
  ++alive_;
}

Offer Groups::poll_group(const Context& context, Group& group) {
  const Context mine = context.restricted_to(group.workers);
  while (group.generator) {
    Offer offer = group.generator->poll(mine);
    if (offer.kind != Offer::Kind::exhausted) {
      if (offer.kind == Offer::Kind::operation && !group.key.is_nil()) {
        offer.operation.key = group.key;
      }
      return offer;
    }
    if (!renew(group)) {
      group.generator.reset();
      --alive_;
    }
  }
  return Offer::exhausted();
}

Offer Groups::poll(const Context& context) {
  if (!formed_) {
    formed_ = true;
    group_of_.assign(WorkerSet::clients_max + 1, none);
    form(context);
  }
  ++polls_;
  Soonest soonest(context.time_ns);
  // Whether the search may stop with this worker's group.
  const auto ask = [&](Worker worker) {
    Group* group = group_of(worker);
    if (group == nullptr || group->asked == polls_) return false;
    group->asked = polls_;
    return soonest.consider(poll_group(context, *group), 0);
  };
  const auto ask_all = [&] {
    if (context.preferred != no_worker && context.free.contains(context.preferred) &&
        ask(context.preferred)) {
      return;
    }
    for (Worker w = context.free.next(context.cursor); w != no_worker; w = context.free.next(w + 1))
      if (ask(w)) return;
    for (Worker w = context.free.next(0); w != no_worker && w < context.cursor;
         w = context.free.next(w + 1))
      if (ask(w)) return;
  };
  ask_all();
  Offer offer = soonest.take();
  // Groups whose workers are all busy were not asked and may have more.
  if (offer.kind == Offer::Kind::exhausted && alive_ > 0) return Offer::pending();
  return offer;
}

void Groups::accept(const Context& context, Worker worker, const Operation& taken) {
  group_of(worker)->generator->accept(context, worker, taken);
}

void Groups::update(const Context& context, Worker worker, const Operation& event) {
  if (!formed_) return;
  Group* group = group_of(worker);
  if (group != nullptr && group->generator && concerns(*group, event)) {
    group->generator->update(context, worker, event);
  }
}

}  // namespace gauntlet::gen
