#include "checker/linearizable/evidence/words.hpp"

#include <fmt/format.h>

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

std::string what_it_is(const Part& part, OpId op) {
  const ModelCall& call = part.call(op);
  const std::string name(part.model->functions()[call.function].name);
  if (const auto access = part.model->access(call, *part.context)) {
    if (access->needs && access->sets) {
      return fmt::format("{} from {} to {}", name, value_text(part, *access->needs),
                         value_text(part, *access->sets));
    }
    return fmt::format("{} of {}", name, value_text(part, access->sets.value_or(*access->needs)));
  }
  std::string text = name;
  if (call.input != ValueId::nil) text += " " + value_text(part, call.input);
  const bool answers = part.model->functions()[call.function].observes &&
                       call.outcome == Outcome::ok && call.output != call.input;
  const bool takes_nothing = call.input == ValueId::nil && call.output == ValueId::nil;
  if (answers && !(takes_nothing && part.model->updates(call, *part.context))) {
    text += " → " + value_text(part, call.output);
  }
  return text;
}

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

std::string name_operation(const Part& part, OpId op) {
  return fmt::format("the {} by process {}", what_it_is(part, op),
                     part.history->process(part.operations[op].invocation));
}

std::string name_briefly(const Part& part, OpId op) {
  return fmt::format("{} (process {})", what_it_is(part, op),
                     part.history->process(part.operations[op].invocation));
}

}  // namespace gauntlet
