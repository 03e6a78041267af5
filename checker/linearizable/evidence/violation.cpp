#include "checker/linearizable/evidence/violation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checker/linearizable/evidence/counting.hpp"
#include "checker/linearizable/evidence/dead_ends.hpp"
#include "checker/linearizable/evidence/names.hpp"
#include "checker/linearizable/evidence/shrink.hpp"
#include "checker/linearizable/evidence/stale.hpp"
#include "checker/linearizable/evidence/words.hpp"

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
    if ((!core || core->operations.size() > usual_max) &&
        (by_count() || by_bounds() || by_holds())) {
      return;
    }
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

  /// A value that was found more often than it was set.
  bool by_count() {
    const auto certificate = find_too_few(part_, judgement_.fatal);
    if (!certificate || !verifier_.too_few(*certificate)) return false;
    std::string values;
    for (const ValueId value : certificate->values)
      values += (values.empty() ? "" : " or ") + part_.history->values().to_text(value, 60);
    const std::vector<EventIndex> entered = entering(part_, *certificate);
    const std::size_t needed = certificate->needers.size();
    anomaly_.name = "too few writes";
    anomaly_.verified_by = "operations counted by the verifier";
    anomaly_.operations = certificate->needers;
    for (const auto* more : {&certificate->separators, &entered})
      anomaly_.operations.insert(anomaly_.operations.end(), more->begin(), more->end());
    std::sort(anomaly_.operations.begin(), anomaly_.operations.end());
    anomaly_.operations.erase(std::unique(anomaly_.operations.begin(), anomaly_.operations.end()),
                              anomaly_.operations.end());
    anomaly_.explanation = {
        describe_operation(part_, judgement_.fatal),
        fmt::format("it is the last of {} operations that found {}; between any two of them the "
                    "value was certainly another one",
                    needed, values),
        fmt::format("so the value became {} {} times at least, each time by an operation of its "
                    "own",
                    values, needed),
        fmt::format("but only {} operations can have done so, those included of which nobody "
                    "knows whether they happened{}",
                    entered.size(),
                    entered.size() + 1 == needed ? "" : ", and the initial value counts once")};
    anomaly_.certificate.set("kind", "values found more often than set");
    set_key();
    anomaly_.certificate.set("until", index(certificate->until));
    Value::List of;
    for (const ValueId value : certificate->values)
      of.push_back(part_.history->values().to_value(value));
    anomaly_.certificate.set("values", std::move(of));
    anomaly_.certificate.set("found by", indices(certificate->needers));
    anomaly_.certificate.set("another value proved by", indices(certificate->separators));
    anomaly_.certificate.set("set by", indices(entered));
    anomaly_.dead_ends_complete = false;
    return true;
  }

  /// A counter whose value no choice of additions makes.
  bool by_bounds() {
    const auto bounds = find_out_of_bounds(part_, judgement_.fatal);
    if (!bounds || !verifier_.out_of_bounds(bounds->certificate)) return false;
    anomaly_.name = bounds->is_below ? "lost increment" : "phantom increment";
    anomaly_.verified_by = "additions summed up by the verifier";
    anomaly_.operations = bounds->operations;
    const bool is_since = bounds->since != no_op;
    anomaly_.explanation = {
        describe_operation(part_, judgement_.fatal),
        is_since ? "before it began, " + describe_operation(part_, bounds->since)
                 : fmt::format("the initial value is {}", to_json(part_.context->initial)),
        fmt::format("with the additions {} that certainly come before the read, and those of the "
                    "others that make it {}, the value is {}",
                    is_since ? "after that" : "from the start",
                    bounds->is_below ? "least" : "greatest", bounds->limit),
        fmt::format("which is {} than what was read", bounds->is_below ? "more" : "less")};
    anomaly_.certificate.set("kind", "counter out of bounds");
    set_key();
    anomaly_.certificate.set("read", index(bounds->certificate.read));
    anomaly_.certificate.set("since", is_since ? index(bounds->certificate.since) : Value());
    anomaly_.dead_ends_complete = false;
    return true;
  }

  /// A lock of which more was acquired than released, or the other way round.
  bool by_holds() {
    const auto holds = find_wrong_holds(part_, judgement_.fatal);
    if (!holds || !verifier_.wrong_holds(holds->certificate)) return false;
    anomaly_.name = !holds->acquired_too_much            ? "release without hold"
                    : part_.model->name() == "semaphore" ? "too many permits"
                                                         : "double hold";
    anomaly_.verified_by = "acquisitions and releases counted by the verifier";
    anomaly_.operations = {part_.operations[judgement_.fatal].invocation};
    anomaly_.explanation = {
        describe_operation(part_, judgement_.fatal),
        fmt::format("when it returned, {} {} had returned, but no more than {} {} had even begun",
                    holds->did, holds->acquired_too_much ? "acquisitions" : "releases", holds->may,
                    holds->acquired_too_much ? "releases" : "acquisitions")};
    for (const OpId op : holds->holders) {
      if (!holds->acquired_too_much || op == judgement_.fatal) continue;
      anomaly_.operations.push_back(part_.operations[op].invocation);
      anomaly_.explanation.push_back(describe_operation(part_, op) +
                                     ", and had not begun to release it");
    }
    std::sort(anomaly_.operations.begin(), anomaly_.operations.end());
    anomaly_.certificate.set("kind", "acquired and released do not fit");
    set_key();
    anomaly_.certificate.set("until", index(until_));
    anomaly_.dead_ends_complete = false;
    return true;
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
    anomaly_.certificate.set("kind", "operations that cannot be ordered");
    set_key();
    anomaly_.certificate.set("from",
                             certificate.from == no_event ? Value() : index(certificate.from));
    anomaly_.certificate.set("until", index(certificate.until));
    anomaly_.certificate.set("operations", indices(certificate.operations));
    if (certificate.as_writes.empty()) return;
    anomaly_.certificate.set("taken as writes", indices(certificate.as_writes));
  }

  void set_key() {
    if (!part_.history->has_keys()) return;
    anomaly_.certificate.set("key", part_.history->values().to_value(part_.key));
  }
  Value index(EventIndex event) const {
    return static_cast<std::int64_t>(part_.history->index(event));
  }
  Value indices(const std::vector<EventIndex>& events) const {
    Value::List list;
    for (const EventIndex event : events)
      list.push_back(index(event));
    return list;
  }

  static constexpr std::size_t shown_max = 60;
  static constexpr std::size_t usual_max = 12;  // beyond, counting may tell it better
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
