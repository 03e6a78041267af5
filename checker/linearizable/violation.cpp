#include "checker/linearizable/violation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checker/linearizable/dead_ends.hpp"
#include "checker/linearizable/names.hpp"
#include "checker/linearizable/shrink.hpp"
#include "checker/linearizable/stale.hpp"
#include "checker/linearizable/words.hpp"

namespace gauntlet {

namespace {

class Explainer {
 public:
  Explainer(const Part& part, const Judgement& judgement, const Verifier& verifier,
            const Budget& budget)
      : part_(part),
        judgement_(judgement),
        until_(part.operations[judgement.fatal].completion),
        verifier_(verifier),
        budget_(budget) {}

  Anomaly run() {
    anomaly_.name = "nonlinearizable";
    anomaly_.key = part_.key_text();
    anomaly_.rules_out = {"linearizable"};
    anomaly_.detected_at = until_;
    if (!by_pattern()) by_shrinking();
    return std::move(anomaly_);
  }

 private:
  bool by_pattern() {
    const auto stale = find_stale(part_, judgement_.fatal);
    if (!stale) return false;
    Core core;
    core.until = until_;
    core.is_minimal = true;
    core.operations = {judgement_.fatal};
    ViolationCertificate certificate = blank();
    if (stale->overwritten_by != no_op) {
      core.operations.insert(core.operations.begin(), stale->overwritten_by);
      core.from = part_.operations[stale->overwritten_by].invocation;
      certificate.as_writes = {core.from};
    }
    fill(certificate, core);
    if (!verify(certificate)) return false;
    anomaly_.name = stale->overwritten_by == no_op ? "phantom value" : "stale read";
    anomaly_.explanation = stale->explanation;
    conclude(certificate, core);
    if (stale->last_writer != no_op) {
      anomaly_.operations.push_back(part_.operations[stale->last_writer].invocation);
      std::sort(anomaly_.operations.begin(), anomaly_.operations.end());
    }
    return true;
  }

  void by_shrinking() {
    Budget budget = budget_;
    budget.deadline = budget_.deadline.capped(shrink_time_max);
    const std::optional<Core> core = shrink(part_, judgement_.fatal, budget);
    if (!core || core->operations.size() > shown_max) {
      anomaly_.operations = {part_.operations[judgement_.fatal].invocation};
      anomaly_.explanation.push_back(fmt::format(
          "{}: at its return no order of the operations up to there is possible any more",
          describe_operation(part_, judgement_.fatal)));
      anomaly_.explanation.push_back(
          core ? fmt::format("the conflict could not be narrowed down to fewer than {} operations",
                             core->operations.size())
               : "the conflict could not be narrowed down to a few operations");
      return;
    }
    anomaly_.name = name_violation(part_, *core, judgement_.fatal);
    ViolationCertificate certificate = blank();
    fill(certificate, *core);
    if (core->from != no_event) {
      anomaly_.explanation.push_back(is_access_only(part_)
                                         ? "whatever the value was before the first of these:"
                                         : "whatever had happened before the first of these:");
    }
    for (const OpId op : core->operations)
      anomaly_.explanation.push_back(describe_operation(part_, op));
    anomaly_.explanation.push_back(no_order(*core));
    verify(certificate);
    conclude(certificate, *core);
  }

  static std::string no_order(const Core& core) {
    if (core.operations.size() == 1) return "no order has a place for it";
    std::string text =
        fmt::format("no order of these {} operations agrees with real time and with their values",
                    core.operations.size());
    if (core.is_minimal) text += "; without any one of them there would be one";
    return text;
  }

  void fill(ViolationCertificate& certificate, const Core& core) const {
    certificate.from = core.from;
    for (const OpId op : core.operations)
      certificate.operations.push_back(part_.operations[op].invocation);
  }

  ViolationCertificate blank() const {
    ViolationCertificate certificate;
    certificate.key = part_.key;
    certificate.until = until_;
    return certificate;
  }

  bool verify(const ViolationCertificate& certificate) {
    if (!verifier_.violation(certificate)) return false;
    anomaly_.verified_by = fmt::format("every order of {} operations tried by the verifier",
                                       certificate.operations.size());
    return true;
  }

  void conclude(const ViolationCertificate& certificate, const Core& core) {
    anomaly_.operations = certificate.operations;
    DeadEnds dead_ends = find_dead_ends(CoreCutter(part_, until_).cut(core));
    anomaly_.dead_ends = std::move(dead_ends.longest_first);
    anomaly_.dead_ends_total = dead_ends.total;
    anomaly_.dead_ends_complete = dead_ends.is_complete;
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
  EventIndex until_;
  const Verifier& verifier_;
  const Budget& budget_;
  Anomaly anomaly_;
};

}  // namespace

Anomaly explain(const Part& part, const Judgement& judgement, const Verifier& verifier,
                const Budget& budget) {
  return Explainer(part, judgement, verifier, budget).run();
}

}  // namespace gauntlet
