// The verdict for machines. The schema is documented in docs/formats.md; entries are added, never
// renamed or removed.
#include <algorithm>

#include "reports/operation_text.hpp"
#include "reports/report.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t operations_max = 1000;
constexpr std::size_t value_bytes_max = 16'384;

Value integer(std::size_t number) {
  return static_cast<std::int64_t>(number);
}

Value strings(const std::vector<std::string>& texts) {
  Value::List list;
  for (const auto& text : texts)
    list.emplace_back(text);
  return list;
}

Value validity_value(Validity validity) {
  if (validity == Validity::unknown) return "unknown";
  return validity == Validity::valid;
}

/// An event with the fields of a line of the history. A value that is too large is cut to text.
Value event_value(const History& history, EventIndex event) {
  if (event >= history.size()) return {};
  Value result;
  result.set("index", history.index(event));
  if (history.has_times()) result.set("time", history.time_ns(event));
  result.set("type", to_string(history.type(event)));
  if (history.is_client(event)) {
    result.set("process", std::int64_t{history.process(event)});
  } else {
    result.set("process", "nemesis");
  }
  result.set("f", history.function_name(history.f(event)));
  const auto set_bounded = [&](const char* name, ValueId id) {
    const std::string text = history.values().to_text(id, value_bytes_max + 1);
    if (text.size() <= value_bytes_max) {
      result.set(name, history.values().to_value(id));
    } else {
      result.set(name, text);
      result.set(std::string(name) + "_cut", true);
    }
  };
  set_bounded("value", history.value(event));
  if (history.key(event) != ValueId::nil) set_bounded("key", history.key(event));
  if (!history.node(event).empty()) result.set("node", history.node(event));
  if (!history.error(event).empty()) {
    result.set("error", history.error(event).substr(0, value_bytes_max));
  }
  return result;
}

Value dead_ends_value(const Anomaly& anomaly, const History& history) {
  const auto index_of = [&](EventIndex event) {
    return event < history.size() ? Value(history.index(event)) : Value();
  };
  Value::List dead_ends;
  for (const DeadEnd& dead_end : anomaly.dead_ends) {
    Value::List order, refused;
    for (const EventIndex event : dead_end.order)
      order.push_back(index_of(event));
    for (const DeadEnd::Refusal& refusal : dead_end.refusals) {
      refused.push_back(
          Value::map({{"operation", index_of(refusal.operation)}, {"reason", refusal.reason}}));
    }
    dead_ends.push_back(Value::map(
        {{"order", std::move(order)}, {"state", dead_end.state}, {"refused", std::move(refused)}}));
  }
  return dead_ends;
}

Value edges_value(const Anomaly& anomaly, const History& history) {
  Value::List edges;
  for (const AnomalyEdge& edge : anomaly.edges) {
    if (edges.size() == operations_max) break;
    if (edge.from >= history.size() || edge.to >= history.size()) continue;
    edges.push_back(Value::map({{"from", history.index(edge.from)},
                                {"to", history.index(edge.to)},
                                {"kind", edge.kind},
                                {"why", edge.why},
                                {"in_cycle", edge.in_cycle}}));
  }
  return edges;
}

Value anomaly_value(const Anomaly& anomaly, const History& history) {
  Value result;
  result.set("name", anomaly.name);
  result.set("key", anomaly.key.empty() ? Value() : Value(anomaly.key));
  result.set("rules_out", strings(anomaly.rules_out));
  result.set("explanation", strings(anomaly.explanation));
  const auto invocations = invocations_of(history, anomaly.operations);
  Value::List operations;
  for (std::size_t i = 0; i < std::min(invocations.size(), operations_max); ++i) {
    operations.push_back(
        Value::map({{"invocation", event_value(history, invocations[i])},
                    {"completion", event_value(history, history.partner(invocations[i]))}}));
  }
  result.set("operations", std::move(operations));
  result.set("operations_total", integer(invocations.size()));
  result.set("edges", edges_value(anomaly, history));
  result.set("dead_ends", dead_ends_value(anomaly, history));
  result.set("dead_ends_total",
             integer(std::max(anomaly.dead_ends_total, anomaly.dead_ends.size())));
  result.set("dead_ends_complete", anomaly.dead_ends_complete);
  result.set("detected_at", event_value(history, anomaly.detected_at));
  result.set("certificate", anomaly.certificate);
  result.set("verified_by", anomaly.verified_by.empty() ? Value() : Value(anomaly.verified_by));
  return result;
}

}  // namespace

Value verdict_to_value(const Verdict& verdict, const History& history) {
  Value result;
  result.set("schema", 1);
  result.set("valid", validity_value(verdict.validity));
  result.set("reason", verdict.reason);
  result.set("checker", verdict.checker);
  result.set("consistency", verdict.consistency);
  result.set("model", verdict.model);
  result.set("algorithm", verdict.algorithm);
  result.set("operations", integer(verdict.operations));
  result.set("crashed", integer(verdict.crashed));
  Value::List anomalies;
  for (const auto& anomaly : verdict.anomalies)
    anomalies.push_back(anomaly_value(anomaly, history));
  result.set("anomalies", std::move(anomalies));
  result.set("anomalies_total",
             integer(std::max(verdict.anomalies_total, verdict.anomalies.size())));
  Value::List parts;
  for (const auto& part : verdict.parts) {
    parts.push_back(Value::map({{"key", part.key},
                                {"valid", validity_value(part.validity)},
                                {"reason", part.reason},
                                {"operations", integer(part.operations)}}));
  }
  result.set("parts", std::move(parts));
  result.set("parts_total", integer(std::max(verdict.parts_total, verdict.parts.size())));
  Value::List models;
  for (const ModelVerdict& model : verdict.models) {
    models.push_back(Value::map({{"name", model.name},
                                 {"valid", validity_value(model.validity)},
                                 {"why", model.why.empty() ? Value() : Value(model.why)}}));
  }
  result.set("models", std::move(models));
  result.set("strongest_holding", strings(verdict.strongest_holding));
  result.set("weakest_failing", strings(verdict.weakest_failing));
  result.set("statistics", verdict.statistics);
  return result;
}

}  // namespace gauntlet
