// Histories whose anomaly is a cycle, judged, for the tests of graphs.
#pragma once

#include <string>

#include "checker/checker.hpp"
#include "reports/report.hpp"

namespace gauntlet {

/// Not movable: `input` points into it.
struct CycleSample {
  CycleSample() {
    input.history = &history;
    input.verdict = &verdict;
    input.title = "cycle";
  }
  CycleSample(const CycleSample&) = delete;
  CycleSample& operator=(const CycleSample&) = delete;

  void add(OperationType type, Process process, std::string f, Value value) {
    Operation operation;
    operation.index = static_cast<std::int64_t>(history.size());
    operation.time_ns = static_cast<Nanos>(history.size() + 1) * nanos_per_millisecond;
    operation.type = type;
    operation.process = process;
    operation.f = std::move(f);
    operation.value = std::move(value);
    history.append(operation);
  }
  void judge(std::string_view checker, std::string model, std::string consistency) {
    GAUNTLET_ASSERT(history.pair().has_value());
    CheckOptions options;
    options.model = std::move(model);
    options.consistency = {std::move(consistency)};
    verdict = CheckerRegistry::instance().find(checker)->check(history, options);
  }

  History history;
  Verdict verdict;
  ReportInput input;
};

/// Two transactions that each read what the other appended to only afterwards: write skew, of lists
/// of the keys and with the elements given.
struct WriteSkew : CycleSample {
  explicit WriteSkew(const Value& x = "x", const Value& y = "y", const Value& one = 1) {
    const auto read = [](const Value& key, const Value& list) {
      return Value::list({"r", key, list});
    };
    const auto append = [](const Value& key, const Value& element) {
      return Value::list({"append", key, element});
    };
    const auto run = [&](Process process, const Value& asked, const Value& answered) {
      add(OperationType::invoke, process, "txn", asked);
      pending.emplace_back(process, answered);
    };
    const auto finish = [&] {
      for (const auto& [process, answered] : pending)
        add(OperationType::ok, process, "txn", answered);
      pending.clear();
    };
    run(0, Value::list({read(x, {}), append(y, one)}),
        Value::list({read(x, Value::List{}), append(y, one)}));
    run(1, Value::list({read(y, {}), append(x, one)}),
        Value::list({read(y, Value::List{}), append(x, one)}));
    finish();
    run(2, Value::list({read(x, {}), read(y, {})}),
        Value::list({read(x, Value::list({one})), read(y, Value::list({one}))}));
    finish();
    judge("list-append", "list-append", "all");
  }

  std::vector<std::pair<Process, Value>> pending;
};

}  // namespace gauntlet
