#include "checker/linearizable/violation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checker/linearizable/shrink.hpp"
#include "checker/linearizable/stale.hpp"

namespace gauntlet {

namespace {

std::string value_text(const Part& part, ValueId value) {
  return part.history->values().to_text(value, 60);
}

std::string seconds(Nanos time_ns) {
  return fmt::format("{:.3f} s", static_cast<double>(time_ns) / nanos_per_second);
}

std::string what_it_did(const Part& part, OpId op) {
  const ModelCall& call = part.call(op);
  const std::string_view name = part.model->functions()[call.function].name;
  const bool crashed = part.operations[op].crashed();
  if (const auto access = part.model->access(call, *part.context)) {
    if (access->needs && access->sets) {
      return fmt::format("{} {} from {} to {}", crashed ? "tried to set" : "set", "the value",
                         value_text(part, *access->needs), value_text(part, *access->sets));
    }
    if (access->excludes) {
      return fmt::format("did not find {}", value_text(part, *access->needs));
    }
    if (access->sets) {
      return fmt::format("{} {}", crashed ? "tried to write" : "wrote",
                         value_text(part, *access->sets));
    }
    return fmt::format("read {}", value_text(part, *access->needs));
  }
  std::string text = fmt::format("{} {}", crashed ? "called" : "did", name);
  if (call.input != ValueId::nil) text += " " + value_text(part, call.input);
  if (call.output != ValueId::nil) text += " and got " + value_text(part, call.output);
  return text;
}

/// Names a violation that no simple pattern fits, by what its fatal operation is.
std::string general_name(const Part& part, const std::vector<OpId>& operations, OpId fatal) {
  const auto fatal_access = part.model->access(part.call(fatal), *part.context);
  if (!fatal_access || !fatal_access->needs || !fatal_access->sets) return "nonlinearizable";
  // Two compare-and-sets that both replaced the same value, and nothing that brought it back.
  int replacing = 0;
  for (const OpId op : operations) {
    const auto access = part.model->access(part.call(op), *part.context);
    if (access && access->needs == fatal_access->needs && access->sets) ++replacing;
    if (access && access->sets == fatal_access->needs && op != operations.front()) {
      return "nonlinearizable";
    }
  }
  return replacing >= 2 ? "lost update" : "nonlinearizable";
}

class Explainer {
 public:
  Explainer(const Part& part, const Judgement& judgement, const Verifier& verifier,
            const Budget& budget)
      : part_(part), judgement_(judgement), verifier_(verifier), budget_(budget) {}

  Anomaly run() {
    anomaly_.name = "nonlinearizable";
    anomaly_.key = part_.key_text();
    anomaly_.rules_out = {"linearizable"};
    anomaly_.detected_at = part_.operations[judgement_.fatal].completion;
    if (!by_pattern()) by_shrinking();
    return std::move(anomaly_);
  }

 private:
  bool by_pattern() {
    const auto stale = find_stale(part_, judgement_.fatal);
    if (!stale) return false;
    ViolationCertificate certificate = blank();
    if (stale->overwritten_by == no_op) {
      certificate.operations = {part_.operations[judgement_.fatal].invocation};
    } else {
      certificate.from = part_.operations[stale->overwritten_by].invocation;
      certificate.operations = {certificate.from, part_.operations[judgement_.fatal].invocation};
      certificate.as_writes = {certificate.from};
    }
    if (!verify(certificate)) return false;
    anomaly_.name = stale->overwritten_by == no_op ? "phantom value" : "stale read";
    anomaly_.explanation = stale->explanation;
    conclude(certificate);
    if (stale->last_writer != no_op) {
      anomaly_.operations.push_back(part_.operations[stale->last_writer].invocation);
      std::sort(anomaly_.operations.begin(), anomaly_.operations.end());
    }
    return true;
  }

  void by_shrinking() {
    std::size_t end = 0;
    while (part_.events[end].op != judgement_.fatal || !part_.events[end].returns)
      ++end;
    Budget budget = budget_;
    budget.deadline = budget_.deadline.capped(shrink_time_max);
    const Core core = shrink(part_, end + 1, budget);
    anomaly_.name = general_name(part_, core.operations, judgement_.fatal);
    if (core.operations.size() > shown_max) {
      anomaly_.operations = {part_.operations[judgement_.fatal].invocation};
      anomaly_.explanation.push_back(fmt::format(
          "{}: at its return no order of the operations up to there is possible any more",
          describe_operation(part_, judgement_.fatal)));
      anomaly_.explanation.push_back(fmt::format(
          "the conflict could not be narrowed down to fewer than {} operations in the time given",
          core.operations.size()));
      return;
    }
    ViolationCertificate certificate = blank();
    for (const OpId op : core.operations)
      certificate.operations.push_back(part_.operations[op].invocation);
    if (core.from > 0) certificate.from = invocation_or_completion(part_.events[core.from]);
    if (core.from > 0) {
      anomaly_.explanation.push_back("whatever the value was before the first of these:");
    }
    for (const OpId op : core.operations)
      anomaly_.explanation.push_back(describe_operation(part_, op));
    anomaly_.explanation.push_back(fmt::format(
        "no order of these {} operations agrees with real time and with their values; without "
        "any one of them there would be one",
        core.operations.size()));
    if (!core.is_minimal) {
      anomaly_.explanation.back() =
          fmt::format("no order of these {} operations agrees with real time and with their values",
                      core.operations.size());
    }
    verify(certificate);
    conclude(certificate);
  }

  ViolationCertificate blank() const {
    ViolationCertificate certificate;
    certificate.key = part_.key;
    certificate.until = part_.operations[judgement_.fatal].completion;
    return certificate;
  }

  EventIndex invocation_or_completion(PartEvent event) const {
    const PartOperation& operation = part_.operations[event.op];
    return event.returns ? operation.completion : operation.invocation;
  }

  bool verify(const ViolationCertificate& certificate) {
    if (!verifier_.violation(certificate)) return false;
    anomaly_.verified_by = fmt::format("every order of {} operations tried by the verifier",
                                       certificate.operations.size());
    return true;
  }

  void conclude(const ViolationCertificate& certificate) {
    anomaly_.operations = certificate.operations;
    const auto index = [&](EventIndex event) {
      return Value(static_cast<std::int64_t>(part_.history->index(event)));
    };
    Value::List operations;
    for (const EventIndex event : certificate.operations)
      operations.push_back(index(event));
    anomaly_.certificate.set("kind", "operations that cannot be ordered");
    if (part_.history->has_keys()) {
      anomaly_.certificate.set("key", part_.history->values().to_value(part_.key));
    }
    anomaly_.certificate.set("from",
                             certificate.from == no_event ? Value() : index(certificate.from));
    anomaly_.certificate.set("until", index(certificate.until));
    anomaly_.certificate.set("operations", Value(std::move(operations)));
    if (certificate.as_writes.empty()) return;
    Value::List as_writes;
    for (const EventIndex event : certificate.as_writes)
      as_writes.push_back(index(event));
    anomaly_.certificate.set("taken as writes", Value(std::move(as_writes)));
  }

  static constexpr std::size_t shown_max = 60;
  static constexpr std::chrono::seconds shrink_time_max{2};

  const Part& part_;
  const Judgement& judgement_;
  const Verifier& verifier_;
  const Budget& budget_;
  Anomaly anomaly_;
};

}  // namespace

std::string describe_operation(const Part& part, OpId op) {
  const History& history = *part.history;
  const PartOperation& operation = part.operations[op];
  std::string text = fmt::format("process {}", history.process(operation.invocation));
  if (const auto node = history.node(operation.invocation); !node.empty()) {
    text += fmt::format(" on {}", node.substr(0, 60));
  }
  text += " " + what_it_did(part, op);
  if (history.has_keys()) text += fmt::format(" (key {})", part.key_text());
  if (history.has_times()) {
    const std::string from = seconds(history.time_ns(operation.invocation));
    text += operation.crashed() ? fmt::format(" from {} on, with no definite answer", from)
                                : fmt::format(" between {} and {}", from,
                                              seconds(history.time_ns(operation.completion)));
  } else {
    text += operation.crashed()
                ? fmt::format(" (operation {}, with no definite answer)",
                              history.index(operation.invocation))
                : fmt::format(" (operations {} to {})", history.index(operation.invocation),
                              history.index(operation.completion));
  }
  return text;
}

Anomaly explain(const Part& part, const Judgement& judgement, const Verifier& verifier,
                const Budget& budget) {
  return Explainer(part, judgement, verifier, budget).run();
}

}  // namespace gauntlet
