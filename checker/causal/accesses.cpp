#include "checker/causal/accesses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <numeric>

namespace gauntlet::causal {

namespace {

constexpr std::size_t bytes_an_event = 40;

enum class Function : std::uint8_t { other, read, write, get, put };

Function function_of(std::string_view name) {
  if (name == "read") return Function::read;
  if (name == "write") return Function::write;
  if (name == "get") return Function::get;
  if (name == "put") return Function::put;
  return Function::other;
}

/// An operation that may count, in the order of invocations.
struct Candidate {
  EventIndex invocation;
  SessionId session;
  KeyId key;
  ValueId value;
  bool is_write;
  bool crashed;
  AccessId source;  // of a read: position of the write among the candidates
};

/// Dense numbers in order of appearance.
template <class T>
class Numbering {
 public:
  std::uint32_t operator()(T name) {
    if (has_last_ && name == last_name_) return last_;
    last_ = ids_.try_emplace(name, static_cast<std::uint32_t>(ids_.size())).first->second;
    last_name_ = name;
    has_last_ = true;
    return last_;
  }
  std::size_t size() const { return ids_.size(); }

 private:
  boost::unordered_flat_map<T, std::uint32_t> ids_;
  T last_name_{};
  std::uint32_t last_ = 0;
  bool has_last_ = false;
};

/// Builds the tables that follow from `accesses` and `session_begin`.
void index_writes(Accesses& result, std::size_t keys) {
  const AccessId n = result.size();
  result.readers.assign(n, 0);
  std::vector<std::uint32_t> begin(keys + 1, 0);
  for (const Access& access : result.accesses) {
    if (access.is_write()) ++begin[access.key + 1];
    if (access.reads_a_write()) ++result.readers[access.source];
  }
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  result.writes.resize(begin.back());
  std::vector<std::uint32_t> next(begin.begin(), begin.end() - 1);
  for (AccessId id = 0; id < n; ++id) {
    if (result[id].is_write()) result.writes[next[result[id].key]++] = id;
  }
  result.runs_begin.assign(1, 0);
  for (std::size_t key = 0; key < keys; ++key) {
    for (std::uint32_t at = begin[key]; at < begin[key + 1];) {
      WriteRun run{result[result.writes[at]].session, at, at};
      while (run.end < begin[key + 1] && result[result.writes[run.end]].session == run.session)
        ++run.end;
      at = run.end;
      result.runs.push_back(run);
    }
    result.runs_begin.push_back(static_cast<std::uint32_t>(result.runs.size()));
  }
}

class Building {
 public:
  Building(const History& history, const CheckOptions& options, Effort& effort)
      : history_(history), options_(options), effort_(effort) {
    for (std::size_t f = 0; f < history.function_count(); ++f)
      functions_.push_back(function_of(history.function_name(static_cast<FunctionId>(f))));
    if (options.initial.is_nil()) initial_ = ValueId::nil;
  }

  AccessesOrReason build() {
    if (!effort_.allows(history_.size() * bytes_an_event)) return {{}, effort_.reason()};
    collect();
    if (reason_.empty()) find_sources();
    if (reason_.empty()) number();
    if (!reason_.empty()) return {{}, reason_};
    return {std::move(result_), ""};
  }

 private:
  void collect() {
    candidates_.reserve(history_.size() / 2 + 1);
    for (EventIndex i = 0; i < history_.size() && reason_.empty(); ++i) {
      if (effort_.exhausted()) reason_ = effort_.reason();
      if (!history_.is_client(i) || history_.type(i) != OperationType::invoke) continue;
      collect(i);
    }
  }

  void collect(EventIndex invocation) {
    const EventIndex completion = history_.partner(invocation);
    const OperationType fate =
        completion == no_event ? OperationType::info : history_.type(completion);
    if (fate == OperationType::fail) return;
    const Function function = functions_[history_.f(invocation)];
    if (function == Function::other) {
      reason_ = fmt::format("only reads and writes are judged, and operation {} is {}",
                            history_.index(invocation),
                            history_.function_name(history_.f(invocation)).substr(0, 60));
      return;
    }
    const bool is_write = function == Function::write || function == Function::put;
    const bool crashed = fate == OperationType::info;
    if (!is_write && crashed) return;
    ValueId value = history_.value(is_write ? invocation : completion);
    const bool is_keyed_value = function == Function::get || function == Function::put;
    if (is_keyed_value && is_empty_text(value)) value = ValueId::nil;
    if (!is_write && options_.nil_read == NilRead::any && value == ValueId::nil) return;
    candidates_.push_back({invocation, sessions_(history_.process(invocation)),
                           keys_(history_.key(invocation)), value, is_write, crashed, no_access});
    if (is_write) add_write();
  }

  bool is_empty_text(ValueId value) const {
    return history_.values().kind(value) == Value::Kind::string &&
           history_.values().as_string(value).empty();
  }

  static std::uint64_t written(KeyId key, ValueId value) {
    return std::uint64_t{key} << 32 | static_cast<std::uint32_t>(value);
  }

  void add_write() {
    const auto position = static_cast<AccessId>(candidates_.size() - 1);
    const Candidate& write = candidates_.back();
    const auto [at, is_new] = writes_.try_emplace(written(write.key, write.value), position);
    if (!is_new) {
      reason_ = fmt::format(
          "the value {} was written to the same key by operations {} and {}: which write a read "
          "of it reads from is not known",
          history_.values().to_text(write.value, 60),
          history_.index(candidates_[at->second].invocation), history_.index(write.invocation));
    } else if (is_initial(write.value)) {
      reason_ = fmt::format(
          "operation {} wrote {}, the value that the key had at the start: whether a read of it "
          "reads from that write is not known",
          history_.index(write.invocation), history_.values().to_text(write.value, 60));
    }
  }

  /// Equal values have equal ids, so the initial value's is found once; most values that are asked
  /// for are small integers, which an id of the initial value's kind tells apart at once.
  bool is_initial(ValueId value) {
    if (initial_) return value == *initial_;
    if (history_.values().kind(value) != options_.initial.kind()) return false;
    if (history_.values().to_value(value) != options_.initial) return false;
    initial_ = value;
    return true;
  }

  void find_sources() {
    for (Candidate& read : candidates_) {
      if (read.is_write) continue;
      if (effort_.exhausted()) {
        reason_ = effort_.reason();
        return;
      }
      const auto at = writes_.find(written(read.key, read.value));
      if (at == writes_.end()) {
        read.source = is_initial(read.value) ? initial_value : thin_air;
      } else {
        read.source = at->second;
        candidates_[at->second].crashed = false;  // it happened
      }
    }
  }

  void number() {
    std::vector<AccessId> begin(sessions_.size() + 1, 0);
    for (const Candidate& candidate : candidates_)
      begin[candidate.session + 1] += !candidate.crashed;
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    result_.accesses.resize(begin.back());
    std::vector<AccessId> next(begin.begin(), begin.end() - 1);
    std::vector<AccessId> ids(candidates_.size(), no_access);
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const Candidate& candidate = candidates_[i];
      if (candidate.crashed) continue;
      ids[i] = next[candidate.session]++;
      result_.accesses[ids[i]] = {candidate.source, candidate.key, candidate.session,
                                  candidate.invocation};
    }
    for (Access& access : result_.accesses) {
      if (access.reads_a_write()) access.source = ids[access.source];
    }
    result_.session_begin = std::move(begin);
    index_writes(result_, keys_.size());
    order_by_time();
  }

  void order_by_time() {
    result_.in_time.resize(result_.size());
    std::iota(result_.in_time.begin(), result_.in_time.end(), 0u);
    std::vector<AccessId> at(history_.size(), no_access);
    for (AccessId id = 0; id < result_.size(); ++id) {
      const EventIndex invocation = result_[id].invocation;
      at[result_[id].is_write() ? invocation : history_.partner(invocation)] = id;
    }
    std::size_t next = 0;
    for (const AccessId id : at) {
      if (id != no_access) result_.in_time[next++] = id;
    }
  }

  const History& history_;
  const CheckOptions& options_;
  Effort& effort_;
  std::vector<Function> functions_;
  std::optional<ValueId> initial_;
  std::vector<Candidate> candidates_;
  Numbering<Process> sessions_;
  Numbering<ValueId> keys_;
  boost::unordered_flat_map<std::uint64_t, AccessId> writes_;
  std::string reason_;
  Accesses result_;
};

}  // namespace

AccessId Accesses::last_before(const WriteRun& run, AccessId end) const {
  const auto of_run = writes_of(run);
  const auto at = std::lower_bound(of_run.begin(), of_run.end(), end);
  return at == of_run.begin() ? no_access : *(at - 1);
}

AccessesOrReason accesses_of(const History& history, const CheckOptions& options, Effort& effort) {
  return Building(history, options, effort).build();
}

Accesses writes_and_reads_of(const Accesses& accesses, SessionId session,
                             std::vector<AccessId>& kept) {
  Accesses result;
  kept.clear();
  std::vector<AccessId> ids(accesses.size(), no_access);
  result.session_begin.assign(1, 0);
  for (SessionId s = 0; s < accesses.sessions(); ++s) {
    for (AccessId id = accesses.session_begin[s]; id < accesses.session_begin[s + 1]; ++id) {
      if (!accesses[id].is_write() && s != session) continue;
      ids[id] = static_cast<AccessId>(kept.size());
      kept.push_back(id);
      result.accesses.push_back(accesses[id]);
    }
    result.session_begin.push_back(result.size());
  }
  for (Access& access : result.accesses) {
    if (access.reads_a_write()) access.source = ids[access.source];
  }
  index_writes(result, accesses.keys());
  for (const AccessId id : accesses.in_time) {
    if (ids[id] != no_access) result.in_time.push_back(ids[id]);
  }
  return result;
}

}  // namespace gauntlet::causal
