#include "checker/linearizable/evidence/stale.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/duration.hpp"
#include "checker/linearizable/evidence/words.hpp"

namespace gauntlet {

namespace {

/// The value that the register certainly had at some moment during the operation's last step.
std::optional<ValueId> leaves_behind(const RegisterAccess& access) {
  if (access.sets) return access.sets;
  return access.excludes ? std::nullopt : access.needs;
}

std::vector<std::string> tell(const Part& part, OpId found, ValueId value, const Stale& stale) {
  const std::string text = part.history->values().to_text(value, 60);
  std::vector<std::string> sentences{describe_operation(part, found)};
  if (stale.overwritten_by == no_op) {
    sentences.push_back(
        fmt::format("no operation that was invoked before that had {} to write, and it is not the "
                    "initial value",
                    text));
    return sentences;
  }
  const std::string other = describe_operation(part, stale.overwritten_by);
  sentences.push_back(fmt::format("but before that, {}", other));
  sentences.push_back(stale.last_writer == no_op
                          ? fmt::format("{} was the initial value, and nobody wrote it again", text)
                          : fmt::format("the last write of {} had returned before: {}", text,
                                        describe_operation(part, stale.last_writer)));
  sentences.push_back(fmt::format(
      "no write of {} was outstanding after that, so {} was gone for good", text, text));
  if (part.history->has_times()) {
    sentences.push_back(fmt::format("the read is stale by at least {} and {} version{}",
                                    format_duration(stale.lag_ns), stale.versions,
                                    stale.versions == 1 ? "" : "s"));
  }
  return sentences;
}

}  // namespace

std::optional<Stale> find_stale(const Part& part, OpId found) {
  const auto access_of = [&](OpId op) { return part.model->access(part.call(op), *part.context); };
  const auto found_access = access_of(found);
  if (!found_access || !found_access->needs || found_access->excludes) return std::nullopt;
  const ValueId value = *found_access->needs;
  const PartOperation& read = part.operations[found];

  Stale stale;
  EventIndex last_return = 0;  // of the operations that set the value
  bool is_written = false;
  for (OpId op = 0; op < part.operations.size(); ++op) {
    const PartOperation& operation = part.operations[op];
    if (operation.invocation > read.completion) break;
    const auto access = access_of(op);
    if (!access) return std::nullopt;  // an append: what it left behind depends on others
    if (op == found || access->sets != value) continue;
    if (operation.crashed()) return std::nullopt;
    if (!is_written || operation.completion > last_return) stale.last_writer = op;
    last_return = std::max(last_return, operation.completion);
    is_written = true;
  }
  const bool is_initial = value == part.context->initial_id;
  if (!is_written && !is_initial) {
    stale.explanation = tell(part, found, value, stale);
    return stale;
  }
  EventIndex chain_end = 0;
  for (OpId op = 0; op < part.operations.size(); ++op) {
    const PartOperation& operation = part.operations[op];
    if (operation.invocation > read.invocation) break;
    const bool lies_between = !operation.crashed() && operation.completion < read.invocation &&
                              (!is_written || operation.invocation > last_return);
    if (!lies_between) continue;
    const auto access = access_of(op);
    const auto behind = leaves_behind(*access);
    if (!behind || *behind == value) continue;
    const bool is_first = stale.overwritten_by == no_op;
    if (is_first || operation.completion < part.operations[stale.overwritten_by].completion) {
      stale.overwritten_by = op;
    }
    // A greedy chain by invocation: each counted update follows the one counted before.
    if (access->sets && (stale.versions == 0 || operation.invocation > chain_end)) {
      ++stale.versions;
      chain_end = operation.completion;
    }
  }
  if (stale.overwritten_by == no_op) return std::nullopt;
  stale.versions = std::max<std::size_t>(stale.versions, 1);
  stale.lag_ns = part.history->time_ns(read.invocation) -
                 part.history->time_ns(part.operations[stale.overwritten_by].completion);
  stale.explanation = tell(part, found, value, stale);
  return stale;
}

}  // namespace gauntlet
