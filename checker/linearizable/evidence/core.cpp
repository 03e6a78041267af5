#include "checker/linearizable/evidence/core.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

namespace gauntlet {

CoreCutter::CoreCutter(const Part& part, EventIndex until)
    : part_(part), until_(until), context_(std::in_place, *part.context) {}

bool CoreCutter::lists_whole_state(const ModelCall& call) const {
  return part_.model->has_subjects() && call.outcome == Outcome::ok &&
         !part_.model->updates(call, *part_.context) &&
         part_.history->values().is_list(call.output) &&
         !part_.model->subject(call, *part_.context);
}

Part& CoreCutter::cut(const Core& core) {
  cut_ = Part();
  cut_.model = part_.model;
  cut_.history = part_.history;
  cut_.key = part_.key;
  cut_.starts_anywhere = core.from != no_event || part_.starts_anywhere;
  cut_.start = part_.start;
  context_.emplace(*part_.context);
  cut_.context = &*context_;
  left_out_.but_for.clear();

  struct Placed {
    EventIndex at;
    PartEvent event;
  };
  std::vector<Placed> events;
  boost::unordered_flat_map<std::uint32_t, std::uint32_t> kinds;
  bool lists = false;
  for (const OpId op : core.operations) {
    PartOperation operation = part_.operations[op];
    const auto [kind, is_new] =
        kinds.try_emplace(operation.kind, static_cast<std::uint32_t>(cut_.kinds.size()));
    if (is_new) {
      cut_.kinds.push_back(part_.kinds[operation.kind]);
      lists = lists || lists_whole_state(cut_.kinds.back());
      const auto subject = part_.model->subject(cut_.kinds.back(), *part_.context);
      if (subject) left_out_.but_for.insert(*subject);
    }
    operation.kind = kind->second;
    const auto name = static_cast<OpId>(cut_.operations.size());
    events.push_back({operation.invocation, {name, 0}});
    const bool began_before = core.from != no_event && operation.invocation < core.from;
    if (operation.completion > core.until || began_before) operation.completion = no_event;
    if (!operation.crashed()) events.push_back({operation.completion, {name, 1}});
    cut_.crashed += operation.crashed();
    cut_.operations.push_back(operation);
  }
  std::sort(events.begin(), events.end(),
            [](const Placed& a, const Placed& b) { return a.at < b.at; });
  std::size_t pending = 0;
  for (const Placed& placed : events) {
    cut_.events.push_back(placed.event);
    if (cut_.operations[placed.event.op].crashed()) continue;
    pending = placed.event.returns ? pending - 1 : pending + 1;
    cut_.pending_max = std::max(cut_.pending_max, pending);
  }
  if (lists && !subjects_are_known_) {
    subjects_are_known_ = true;
    for (OpId op = 0; op < part_.operations.size(); ++op) {
      if (part_.operations[op].invocation > until_) break;
      if (!part_.model->updates(part_.call(op), *part_.context)) continue;
      const auto subject = part_.model->subject(part_.call(op), *part_.context);
      if (subject) subjects_updated_.insert(*subject);
    }
  }
  if (lists) context_->left_out = &left_out_;
  return cut_;
}

}  // namespace gauntlet
