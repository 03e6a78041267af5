#include "checker/linearizable/evidence/counting.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>

namespace gauntlet {

namespace {

bool is_one(const std::vector<ValueId>& values, const std::optional<ValueId>& value) {
  return value && std::find(values.begin(), values.end(), *value) != values.end();
}

/// What operations have to do with the values V.
class OfValues {
 public:
  OfValues(const Part& part, const std::vector<ValueId>& values) : part_(part), values_(values) {}

  bool needs(OpId op) const {
    const auto access = this->access(op);
    return is_one(values_, access.needs) && !access.excludes;
  }
  bool enters(OpId op) const {
    const auto access = this->access(op);
    return is_one(values_, access.sets) && !is_one(values_, access.needs);
  }
  /// Proves a value that is not in V.
  bool separates(OpId op) const {
    const auto access = this->access(op);
    const bool needs_another = access.needs && !access.excludes && !is_one(values_, access.needs);
    return needs_another || (access.sets && !is_one(values_, access.sets));
  }

 private:
  RegisterAccess access(OpId op) const {
    return part_.model->access(part_.call(op), *part_.context).value_or(RegisterAccess{});
  }

  const Part& part_;
  const std::vector<ValueId>& values_;
};

/// Goes back in time: from an operation that needs a value to the latest separator that returned
/// before it began, from there to the latest that needs one and returned before that, and so on,
/// until more need than enter after the separator.
std::optional<CountCertificate> chain(const Part& part, OpId found, std::vector<ValueId> values) {
  constexpr std::size_t needers_max = 2000;
  const OfValues of(part, values);
  CountCertificate certificate;
  certificate.key = part.key;
  certificate.until = part.operations[found].completion;
  std::size_t entered = 0;  // doubtful ones first, then those that return after the separator
  for (OpId op = 0; op < part.operations.size(); ++op) {
    const PartOperation& operation = part.operations[op];
    if (operation.invocation > certificate.until) break;
    entered += operation.completion > certificate.until && of.enters(op);
  }
  auto event = std::partition_point(part.events.begin(), part.events.end(), [&](PartEvent each) {
    const PartOperation& operation = part.operations[each.op];
    return (each.returns ? operation.completion : operation.invocation) <= certificate.until;
  });
  const auto count_back_to = [&](EventIndex start) {
    while (event != part.events.begin()) {
      const PartEvent before = *std::prev(event);
      const PartOperation& operation = part.operations[before.op];
      if ((before.returns ? operation.completion : operation.invocation) < start) break;
      entered += before.returns && of.enters(before.op);
      --event;
    }
  };
  const auto latest_before = [&](OpId limit, auto is_wanted) {
    const EventIndex begin = part.operations[limit].invocation;
    for (OpId op = limit; op-- > 0;) {
      if (part.operations[op].completion < begin && is_wanted(op)) return op;
    }
    return no_op;
  };
  bool is_proved = false;
  for (OpId at = found; at != no_op && certificate.needers.size() < needers_max;) {
    certificate.needers.push_back(part.operations[at].invocation);
    const OpId separator = latest_before(at, [&](OpId op) { return of.separates(op); });
    if (separator == no_op) {
      count_back_to(0);
      const std::size_t initially = is_one(values, part.context->initial_id);
      is_proved = certificate.needers.size() > entered + initially;
      break;
    }
    certificate.separators.push_back(part.operations[separator].invocation);
    count_back_to(part.operations[separator].invocation);
    is_proved = certificate.needers.size() > entered;
    if (is_proved) break;
    at = of.needs(separator) ? separator
                             : latest_before(separator, [&](OpId op) { return of.needs(op); });
  }
  if (!is_proved) return std::nullopt;
  std::reverse(certificate.needers.begin(), certificate.needers.end());
  std::reverse(certificate.separators.begin(), certificate.separators.end());
  certificate.values = std::move(values);
  return certificate;
}

/// Values from which crashed compare-and-sets lead to one of `values`.
std::vector<ValueId> sources_of(const Part& part, const std::vector<ValueId>& values,
                                EventIndex until) {
  constexpr std::size_t sources_max = 6;
  std::vector<ValueId> sources;
  for (const PartOperation& operation : part.operations) {
    if (operation.invocation > until || sources.size() == sources_max) break;
    if (operation.completion <= until) continue;
    const auto access = part.model->access(part.kinds[operation.kind], *part.context);
    if (!access || !access->needs || !is_one(values, access->sets)) continue;
    if (!is_one(values, access->needs) && !is_one(sources, access->needs)) {
      sources.push_back(*access->needs);
    }
  }
  return sources;
}

}  // namespace

std::optional<CountCertificate> find_too_few(const Part& part, OpId found) {
  const auto access = part.model->access(part.call(found), *part.context);
  if (!access || !access->needs || access->excludes || part.starts_anywhere) return std::nullopt;
  const EventIndex until = part.operations[found].completion;
  const std::vector<ValueId> alone{*access->needs};
  if (auto certificate = chain(part, found, alone)) return certificate;
  const std::vector<ValueId> sources = sources_of(part, alone, until);
  for (const ValueId source : sources) {
    if (auto certificate = chain(part, found, {*access->needs, source})) return certificate;
  }
  if (sources.size() < 2) return std::nullopt;
  std::vector<ValueId> all = sources;
  all.insert(all.begin(), *access->needs);
  return chain(part, found, std::move(all));
}

std::vector<EventIndex> entering(const Part& part, const CountCertificate& certificate) {
  const OfValues of(part, certificate.values);
  const bool has_first = !certificate.separators.empty() &&
                         certificate.separators.front() < certificate.needers.front();
  std::vector<EventIndex> events;
  for (OpId op = 0; op < part.operations.size(); ++op) {
    const PartOperation& operation = part.operations[op];
    if (operation.invocation > certificate.until) break;
    if (has_first && operation.completion < certificate.separators.front()) continue;
    if (of.enters(op)) events.push_back(operation.invocation);
  }
  return events;
}

std::optional<OutOfBounds> find_out_of_bounds(const Part& part, OpId read) {
  if (part.model->name() != "counter" || part.starts_anywhere) return std::nullopt;
  if (part.updates(part.operations[read].kind)) return std::nullopt;
  __extension__ using Sum = __int128;
  constexpr std::size_t reads_max = 8;
  constexpr std::size_t shown_max = 12;
  const auto value = [&](ValueId id) { return Sum{part.context->values.as_integer(id)}; };
  const auto judge = [&](OpId since) -> std::optional<OutOfBounds> {
    const PartOperation& later = part.operations[read];
    OutOfBounds bounds;
    bounds.certificate = {part.key, later.invocation, no_event};
    bounds.since = since;
    const Value& initial = part.context->initial;
    Sum low = initial.is_integer() ? initial.integer() : 0;
    if (since != no_op) {
      low = value(part.call(since).output);
      bounds.certificate.since = part.operations[since].invocation;
      bounds.operations.push_back(bounds.certificate.since);
    }
    Sum high = low;
    for (OpId op = 0; op < part.operations.size(); ++op) {
      const PartOperation& operation = part.operations[op];
      if (operation.invocation > later.completion) break;
      if (!part.updates(operation.kind)) continue;
      if (since != no_op && operation.completion < part.operations[since].invocation) continue;
      const Sum n = value(part.call(op).input);
      const bool lies_between =
          operation.completion < later.invocation &&
          (since == no_op || operation.invocation > part.operations[since].completion);
      if (lies_between || n < 0) low += n;
      if (lies_between || n > 0) high += n;
      if (bounds.operations.size() <= shown_max) bounds.operations.push_back(operation.invocation);
    }
    const Sum found = value(part.call(read).output);
    if (low <= found && found <= high) return std::nullopt;
    bounds.is_below = found < low;
    bounds.limit = std::to_string(static_cast<std::int64_t>(bounds.is_below ? low : high));
    if (bounds.operations.size() > shown_max) bounds.operations.resize(since != no_op ? 1 : 0);
    bounds.operations.push_back(later.invocation);
    std::sort(bounds.operations.begin(), bounds.operations.end());
    return bounds;
  };
  // The nearest earlier read tells it best.
  std::size_t tried = 0;
  for (OpId op = read; op-- > 0 && tried < reads_max;) {
    const PartOperation& operation = part.operations[op];
    if (part.updates(operation.kind) || operation.completion >= part.operations[read].invocation) {
      continue;
    }
    ++tried;
    if (auto bounds = judge(op)) return bounds;
  }
  return judge(no_op);
}

std::optional<WrongHolds> find_wrong_holds(const Part& part, OpId last) {
  constexpr std::size_t holders_max = 12;
  const std::string_view model = part.model->name();
  if (model != "mutex" && model != "fenced-mutex" && model != "semaphore") return std::nullopt;
  if (part.starts_anywhere) return std::nullopt;
  WrongHolds holds;
  holds.certificate = {part.key, part.operations[last].completion};
  holds.acquired_too_much = part.call(last).function == 0;
  boost::unordered_flat_set<Process> releasing;
  for (OpId op = static_cast<OpId>(part.operations.size()); op-- > 0;) {
    const PartOperation& operation = part.operations[op];
    if (operation.invocation > holds.certificate.until) continue;
    const bool acquires = part.call(op).function == 0;
    const bool has_returned = operation.completion <= holds.certificate.until;
    if (acquires == holds.acquired_too_much) {
      holds.did += has_returned;
    } else {
      ++holds.may;
    }
    const Process process = part.history->process(operation.invocation);
    if (!acquires) {
      releasing.insert(process);
    } else if (has_returned && !releasing.contains(process) && holds.holders.size() < holders_max) {
      holds.holders.push_back(op);
    }
  }
  return holds;
}

}  // namespace gauntlet
