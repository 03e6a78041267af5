// The oracle: linearizability by definition, for histories of up to about 12 operations. It tries
// every order, after every completion, and shares nothing with the checker: it reads the history's
// rows and knows a cas-register by heart.
#pragma once

#include <optional>
#include <vector>

#include "checker/checker.hpp"
#include "history/history.hpp"

namespace gauntlet::testing {

struct OracleAnswer {
  bool valid = true;
  EventIndex place = no_event;  ///< the earliest completion at which no order is possible
};

class RegisterOracle {
 public:
  RegisterOracle(const History& history, const CheckOptions& options) : options_(options) {
    for (EventIndex i = 0; i < history.size(); ++i) {
      if (history.type(i) != OperationType::invoke) continue;
      Row row;
      const Operation invocation = history.operation(i);
      row.f = invocation.f;
      row.argument = invocation.value;
      row.invoked = i;
      row.completed = no_event;
      row.failed = false;
      if (history.partner(i) != no_event) {
        const Operation completion = history.operation(history.partner(i));
        row.answer = completion.value;
        row.failed = completion.type == OperationType::fail;
        if (completion.type != OperationType::info) row.completed = history.partner(i);
      }
      const bool checked = row.f == "cas" && options.failed_cas == FailedCas::check;
      if (row.failed && !checked) continue;
      rows_.push_back(row);
    }
    events_ = history.size();
  }

  OracleAnswer judge() {
    for (EventIndex end = 0; end < events_; ++end) {
      bool completes = false;
      for (const Row& row : rows_)
        completes = completes || row.completed == end;
      if (!completes) continue;
      end_ = end;
      taken_.assign(rows_.size(), false);
      if (!extend(options_.initial)) return {false, end};
    }
    return {};
  }

 private:
  struct Row {
    std::string f;
    Value argument, answer;
    EventIndex invoked, completed;
    bool failed;
  };

  bool must(const Row& row) const { return row.completed != no_event && row.completed <= end_; }

  bool extend(const Value& state) {
    bool done = true;
    for (std::size_t i = 0; i < rows_.size(); ++i)
      done = done && (taken_[i] || !must(rows_[i]));
    if (done) return true;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      if (taken_[i] || row.invoked > end_) continue;
      bool first = true;  // nothing that is left returned before this was invoked
      for (std::size_t j = 0; j < rows_.size(); ++j) {
        first = first && (taken_[j] || !must(rows_[j]) || rows_[j].completed > row.invoked);
      }
      if (!first) continue;
      Value after = state;
      if (row.f == "read") {
        if (!must(row)) continue;
        const bool any = options_.nil_read == NilRead::any && row.answer.is_nil();
        if (!any && row.answer != state) continue;
      } else if (row.f == "write") {
        after = row.argument;
      } else if (row.failed) {
        if (row.argument.items()[0] == state) continue;
      } else {
        if (row.argument.items()[0] != state) continue;
        after = row.argument.items()[1];
      }
      taken_[i] = true;
      if (extend(after)) return true;
      taken_[i] = false;
    }
    return false;
  }

  const CheckOptions& options_;
  std::vector<Row> rows_;
  std::vector<bool> taken_;
  EventIndex events_ = 0;
  EventIndex end_ = 0;
};

}  // namespace gauntlet::testing
