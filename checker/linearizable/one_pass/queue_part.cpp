#include "checker/linearizable/one_pass/queue_part.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

namespace gauntlet {

bool QueuePart::fits(const Part& part, std::string_view model) {
  if (part.model->name() != model || part.starts_anywhere) return false;
  if (part.events.size() >= static_cast<std::size_t>(never) / 2) return false;
  std::vector<bool> added(part.kinds.size(), false);
  for (const PartOperation& operation : part.operations) {
    if (part.kinds[operation.kind].function != 0) continue;
    if (added[operation.kind]) return false;
    added[operation.kind] = true;
  }
  return true;
}

QueuePart::QueuePart(const Part& part) : part_(part) {
  boost::unordered_flat_map<ValueId, ElementId> ids;
  ids.reserve(part.kinds.size() / 2);
  kinds_.reserve(part.kinds.size());
  for (const ModelCall& call : part.kinds) {
    const bool adds = call.function == 0;
    if (!adds && call.outcome != Outcome::ok) {
      kinds_.push_back({answer_unknown, false});
    } else if (!adds && call.output == ValueId::nil) {
      kinds_.push_back({answered_empty, false});
    } else {
      const ValueId value = adds ? call.input : call.output;
      const auto [at, is_new] = ids.try_emplace(value, static_cast<ElementId>(values_.size()));
      if (is_new) values_.push_back(value);
      kinds_.push_back({at->second, adds});
    }
  }
  elements_.resize(values_.size());
  for (std::size_t e = 0; e < part.events.size(); ++e)
    note(part.events[e], static_cast<Moment>(e));
}

void QueuePart::note(PartEvent event, Moment now) {
  const Kind kind = kinds_[part_.operations[event.op].kind];
  if (kind.element == answered_empty || kind.element == answer_unknown) return;
  QueueElement& element = elements_[kind.element];
  if (kind.adds && !event.returns) {
    element.add = event.op;
    element.add_call = now;
  } else if (kind.adds) {
    element.add_return = now;
  } else if (!event.returns) {
    if (element.take_call != never) return;
    element.take_call = now;
    element.take = event.op;
  } else if (element.take_return == never) {
    has_crossed_duplicates_ = has_crossed_duplicates_ || element.take != event.op;
    element.take_return = now;
    element.take = event.op;
  }
}

}  // namespace gauntlet
