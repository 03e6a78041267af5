// set-elements: what became of each element that was added to a set, from the reads of the whole.
//
// One pass over a history, O(events + elements read). It asks less than linearizability, and its
// answers need no search, since each rests on one read and at most one add:
//  - an element that was acknowledged before a read was invoked, and that the read lacks, is lost
//    if no later read has it, and else that read is stale: nothing removes elements;
//  - an element that a read has, and that no add of it which may have happened was invoked before
//    the read completed, is unexpected;
//  - an element that a read lists twice is duplicated;
//  - an element that a read has although its add was indefinite is recovered, which is no fault.
// Every finding is looked up once more in the history, by means of its own, before it is told.
#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "checker/checker.hpp"

namespace gauntlet {
namespace {

constexpr std::size_t lost_adds_max = 10'000;

/// The adds of one value to one set.
struct Element {
  EventIndex invoked = no_event;          ///< the first that may have happened
  EventIndex acknowledged = no_event;     ///< completion of the first that succeeded
  EventIndex acknowledged_by = no_event;  ///< its invocation
  EventIndex seen = no_event;             ///< invocation of the last read that has it
};

struct Finding {
  const char* name;
  ValueId key, value;
  EventIndex add = no_event, read = no_event;  ///< invocations
};

using Elements = boost::unordered_flat_map<ValueId, Element>;

class SetElementsJudge {
 public:
  SetElementsJudge(const History& history, const CheckOptions& options)
      : history_(history), options_(options) {}

  Verdict judge() {
    verdict_.checker = "set-elements";
    verdict_.consistency = "linearizable";
    verdict_.model = "grow-only-set";
    verdict_.algorithm = "every element looked for in every read";
    if (!history_.has_real_time()) return unknown("the history has no order of real time");
    if (!collect()) return verdict_;
    for (const EventIndex read : reads_) {
      if (options_.budget.deadline.passed() || options_.budget.stopped())
        return unknown("the time did not suffice");
      look_at(read);
    }
    for (const EventIndex read : reads_)
      look_for_missing(read);
    return conclude();
  }

 private:
  Verdict unknown(std::string reason) {
    verdict_.validity = Validity::unknown;
    verdict_.reason = std::move(reason);
    return verdict_;
  }

  bool collect() {
    const FunctionId add = history_.find_function("add");
    const FunctionId read = history_.find_function("read");
    for (EventIndex i = 0; i < history_.size(); ++i) {
      if (!history_.is_client(i) || history_.type(i) != OperationType::invoke) continue;
      const EventIndex end = history_.partner(i);
      const OperationType type = end == no_event ? OperationType::info : history_.type(end);
      const FunctionId f = history_.f(i);
      if (f != add && f != read) {
        verdict_.reason =
            fmt::format("it calls {}, which is none of add and read", history_.function_name(f));
        return false;
      }
      ++verdict_.operations;
      if (type == OperationType::info) ++verdict_.crashed;
      if (f == add) take_add(i, end, type);
      if (f != read || type != OperationType::ok) continue;
      if (history_.values().kind(history_.value(end)) != Value::Kind::list) {
        verdict_.reason = "a read of a set answered no list";
        return false;
      }
      reads_.push_back(i);
    }
    return true;
  }

  void take_add(EventIndex invoked, EventIndex end, OperationType type) {
    if (type == OperationType::fail) return;
    Element& element = sets_[history_.key(invoked)][history_.value(invoked)];
    if (element.invoked == no_event) element.invoked = invoked;
    if (type != OperationType::ok) return;
    ++acknowledged_;
    if (element.acknowledged != no_event && element.acknowledged < end) return;
    element.acknowledged = end;
    element.acknowledged_by = invoked;
  }

  void look_at(EventIndex read) {
    const EventIndex end = history_.partner(read);
    Elements& elements = sets_[history_.key(read)];
    boost::unordered_flat_set<ValueId> seen;
    for (const ValueId value : history_.values().as_list(history_.value(end))) {
      if (!seen.insert(value).second) {
        find({"duplicated element", history_.key(read), value, no_event, read});
        continue;
      }
      const auto at = elements.find(value);
      if (at == elements.end() || at->second.invoked > end) {
        find({"unexpected element", history_.key(read), value, no_event, read});
        continue;
      }
      at->second.seen = read;
    }
  }

  void look_for_missing(EventIndex read) {
    const EventIndex end = history_.partner(read);
    const auto list = history_.values().as_list(history_.value(end));
    const boost::unordered_flat_set<ValueId> members(list.begin(), list.end());
    for (const auto& [value, element] : sets_[history_.key(read)]) {
      if (element.acknowledged == no_event || element.acknowledged > read) continue;
      if (members.contains(value)) continue;
      const bool later = element.seen != no_event && element.seen > read;
      if (!later && !lost_.insert({history_.key(read), value}).second) continue;
      find({later ? "stale read" : "lost element", history_.key(read), value,
            element.acknowledged_by, read});
    }
  }

  /// Looks it up in the history again, by comparing with every event.
  bool holds(const Finding& finding) const {
    const EventIndex end = history_.partner(finding.read);
    const auto list = history_.values().as_list(history_.value(end));
    const auto times = std::count(list.begin(), list.end(), finding.value);
    if (finding.add != no_event) {
      const EventIndex added = history_.partner(finding.add);
      return times == 0 && added != no_event && history_.type(added) == OperationType::ok &&
             added < finding.read && history_.value(finding.add) == finding.value &&
             history_.key(finding.add) == finding.key;
    }
    if (std::string_view(finding.name) == "duplicated element") return times > 1;
    const FunctionId add = history_.find_function("add");
    for (EventIndex i = 0; i < end; ++i) {
      if (history_.f(i) != add || history_.type(i) != OperationType::invoke) continue;
      const EventIndex done = history_.partner(i);
      if (done != no_event && history_.type(done) == OperationType::fail) continue;
      if (history_.value(i) == finding.value && history_.key(i) == finding.key) return false;
    }
    return times > 0;
  }

  void find(const Finding& finding) {
    ++counts_[finding.name];
    if (std::string_view(finding.name) == "lost element")
      lost_adds_.push_back(history_.index(finding.add));
    ++verdict_.anomalies_total;
    if (verdict_.anomalies.size() >= options_.anomalies_max || !holds(finding)) return;
    const EventIndex end = history_.partner(finding.read);
    const std::string value = history_.values().to_text(finding.value, 60);
    Anomaly anomaly;
    anomaly.name = finding.name;
    anomaly.key = history_.values().to_text(finding.key, 60);
    anomaly.rules_out = {"linearizable"};
    if (finding.add != no_event) anomaly.operations.push_back(finding.add);
    anomaly.operations.push_back(finding.read);
    anomaly.detected_at = end;
    Value certificate = Value::map({{"read", history_.index(finding.read)},
                                    {"element", history_.values().to_value(finding.value)}});
    if (finding.add != no_event) {
      certificate.set("add", history_.index(finding.add));
      anomaly.explanation = {
          fmt::format("Operation {} added {}, and was acknowledged before operation {} began.",
                      history_.index(finding.add), value, history_.index(finding.read)),
          fmt::format("Operation {} read the whole set, and {} is not in it; nothing removes "
                      "elements.",
                      history_.index(finding.read), value)};
    } else {
      anomaly.explanation = {
          fmt::format("Operation {} read {}, {}.", history_.index(finding.read), value,
                      std::string_view(finding.name) == "duplicated element"
                          ? "more than once"
                          : "which no add that may have happened had added before the read ended")};
    }
    anomaly.certificate = std::move(certificate);
    anomaly.verified_by = "a second look at each event";
    verdict_.anomalies.push_back(std::move(anomaly));
  }

  /// Operations that added what was lost, the first of them.
  Value lost_adds() {
    std::ranges::sort(lost_adds_);
    lost_adds_.resize(std::min(lost_adds_.size(), lost_adds_max));
    return Value(Value::List(lost_adds_.begin(), lost_adds_.end()));
  }

  Verdict conclude() {
    std::int64_t recovered = 0, never_read = 0;
    for (const auto& [key, elements] : sets_) {
      for (const auto& [value, element] : elements) {
        if (element.acknowledged == no_event && element.seen != no_event) ++recovered;
        if (element.acknowledged != no_event && element.seen == no_event) ++never_read;
      }
    }
    const auto counted = [&](const char* name) { return static_cast<std::int64_t>(counts_[name]); };
    verdict_.statistics = Value::map({{"acknowledged", acknowledged_},
                                      {"reads", static_cast<std::int64_t>(reads_.size())},
                                      {"lost", counted("lost element")},
                                      {"stale", counted("stale read")},
                                      {"unexpected", counted("unexpected element")},
                                      {"duplicated", counted("duplicated element")},
                                      {"recovered", recovered},
                                      {"never_read", never_read}});
    if (!lost_adds_.empty()) verdict_.statistics.set("lost_adds", lost_adds());
    if (reads_.empty()) return unknown("no read of a set succeeded");
    if (acknowledged_ == 0) return unknown("no add succeeded");
    const std::string text = fmt::format(
        "{} acknowledged elements, {} reads: {} lost, {} unexpected, {} duplicated, {} recovered",
        acknowledged_, reads_.size(), counted("lost element"), counted("unexpected element"),
        counted("duplicated element"), recovered);
    if (verdict_.anomalies_total > 0 && verdict_.anomalies.empty())
      return unknown("what was found did not stand a second look: " + text);
    verdict_.validity = verdict_.anomalies.empty() ? Validity::valid : Validity::invalid;
    verdict_.reason = text;
    return verdict_;
  }

  const History& history_;
  const CheckOptions& options_;
  Verdict verdict_;
  boost::unordered_flat_map<ValueId, Elements> sets_;  // by key
  std::vector<EventIndex> reads_;                      // invocations of those that succeeded
  boost::unordered_flat_set<std::pair<ValueId, ValueId>> lost_;
  boost::unordered_flat_map<std::string_view, std::size_t> counts_;
  std::vector<std::int64_t> lost_adds_;  // indices
  std::int64_t acknowledged_ = 0;
};

class SetElements : public Checker {
 public:
  std::string_view name() const override { return "set-elements"; }
  std::string_view description() const override {
    return "sets that only grow: elements lost, unexpected, duplicated, recovered";
  }
  Verdict check(const History& history, const CheckOptions& options) const override {
    return SetElementsJudge(history, options).judge();
  }
};

GAUNTLET_REGISTER(Checker, SetElements);

}  // namespace
}  // namespace gauntlet
