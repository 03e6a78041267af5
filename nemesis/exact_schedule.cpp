#include "nemesis/exact_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/duration.hpp"
#include "base/suggest.hpp"
#include "harness/generator/generators.hpp"
#include "nemesis/words.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t acts_max = 10'000;
constexpr Nanos at_max_ns = 30 * 3600 * nanos_per_second;

/// Takes the next word off `text`.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  const std::string_view word = text.substr(0, text.find_first_of(" \t\r\n"));
  text.remove_prefix(word.size());
  text = trimmed(text);
  return word;
}

/// "partition halves" and "partition : shape=halves" become "partition:shape=halves".
std::string request_text(std::string_view text) {
  std::string joined;
  std::string first;  // parameter
  while (!text.empty()) {
    std::string_view word = take_word(text);
    while (!word.empty()) {
      const std::string part(take_until(word, ':'));
      if (joined.empty()) {
        joined = part;
        const Fault* fault = FaultRegistry::instance().find(part);
        if (fault != nullptr && !fault->parameters().empty())
          first = fault->parameters().front().name;
      } else {
        const bool bare = part.find('=') == std::string::npos && !first.empty();
        joined += ":" + (bare ? first + "=" : "") + part;
      }
    }
  }
  return joined;
}

std::vector<std::string> fault_names() {
  std::vector<std::string> names;
  for (const Fault* fault : FaultRegistry::instance().all())
    names.emplace_back(fault->name());
  return names;
}

Result<ScheduledAct> parse_heal(std::string_view what) {
  ScheduledAct act;
  if (what.empty() || what == "all") {
    act.kind = ScheduledAct::Kind::heal_all;
    return act;
  }
  const char* end = what.data() + what.size();
  const auto [rest, error] = std::from_chars(what.data(), end, act.injection);
  if (error == std::errc() && rest == end && act.injection > 0) {
    act.kind = ScheduledAct::Kind::heal_one;
    return act;
  }
  act.kind = ScheduledAct::Kind::heal_fault;
  act.fault.name = what;
  if (FaultRegistry::instance().find(act.fault.name) != nullptr) return act;
  return failure(ErrorKind::usage, fmt::format("no fault '{}' to heal", what),
                 did_you_mean(what, fault_names()));
}

std::string time_text(Nanos time_ns) {
  if (time_ns % nanos_per_second == 0) return fmt::format("{}s", time_ns / nanos_per_second);
  if (time_ns % nanos_per_millisecond == 0)
    return fmt::format("{}ms", time_ns / nanos_per_millisecond);
  return fmt::format("{}us", time_ns / 1000);
}

Result<ScheduledAct> parse_clause(std::string_view clause) {
  std::string_view rest = clause;
  if (const auto word = take_word(rest); word != "at") {
    return failure(ErrorKind::usage, fmt::format("expected 'at', not '{}'", word),
                   "write at TIME FAULT or at TIME heal");
  }
  const std::string_view when = take_word(rest);
  const auto at = parse_duration(when);
  if (!at || *at > at_max_ns) {
    return failure(ErrorKind::usage, fmt::format("'{}' is no time", when),
                   "write 500ms, 20s or 5m, up to 30h");
  }
  auto act = parse_act(rest);
  if (act) act->at_ns = *at;
  return act;
}

class ExactSchedule : public Generator {
 public:
  explicit ExactSchedule(std::vector<ScheduledAct> schedule) : schedule_(std::move(schedule)) {}

  Offer poll(const Context& context) override {
    if (acting_) return Offer::pending();
    while (next_ < schedule_.size() && pointless(schedule_[next_]))
      ++next_;
    if (next_ == schedule_.size()) return Offer::exhausted();
    if (!context.free.contains(WorkerSet::nemesis)) return Offer::pending();
    Offer offer;
    offer.kind = Offer::Kind::operation;
    offer.worker = WorkerSet::nemesis;
    offer.time_ns = schedule_[next_].at_ns;
    offer.operation = operation_of(schedule_[next_]);
    return offer;
  }

  void accept(const Context&, Worker, const Operation&) override {
    acting_ = true;
    invoked_ = false;
  }

  void update(const Context&, Worker worker, const Operation& event) override {
    if (!acting_ || worker != WorkerSet::nemesis) return;
    if (!invoked_) {
      invoked_ = true;
      return;
    }
    acting_ = false;
    if (schedule_[next_++].kind != ScheduledAct::Kind::inject) return;
    const Value* id = event.value.find("fault");
    const bool skipped = event.value.find("skipped") != nullptr || id == nullptr;
    injected_.push_back(skipped ? Value() : *id);
  }

 private:
  bool pointless(const ScheduledAct& act) const {
    return act.kind == ScheduledAct::Kind::heal_one &&
           (act.injection > injected_.size() || injected_[act.injection - 1].is_nil());
  }

  Operation operation_of(const ScheduledAct& act) const {
    switch (act.kind) {
      case ScheduledAct::Kind::inject:
        return operation("inject-" + act.fault.name,
                         Value::map({{"parameters", act.fault.parameters}}));
      case ScheduledAct::Kind::heal_all:
        return operation("heal-all");
      case ScheduledAct::Kind::heal_fault:
        return operation("heal-" + act.fault.name);
      case ScheduledAct::Kind::heal_one:
        break;
    }
    const auto injection =
        std::ranges::find_if(schedule_, [left = act.injection](const ScheduledAct& one) mutable {
          return one.kind == ScheduledAct::Kind::inject && --left == 0;
        });
    GAUNTLET_ASSERT(injection != schedule_.end());
    return operation("heal-" + injection->fault.name,
                     Value::map({{"fault", injected_[act.injection - 1]}}));
  }

  std::vector<ScheduledAct> schedule_;
  std::size_t next_ = 0;
  std::vector<Value> injected_;  ///< ids of the injections so far; nil where it was skipped
  bool acting_ = false;
  bool invoked_ = false;
};

}  // namespace

Result<ScheduledAct> parse_act(std::string_view text) {
  std::string_view rest = text;
  std::string_view word = take_word(rest);
  if (word == "heal") return parse_heal(rest);
  if (word != "inject") rest = trimmed(text);
  if (rest.empty()) {
    return failure(ErrorKind::usage, "nothing is to be done", "name a fault, or write heal");
  }
  const std::string asked = request_text(rest);
  const std::string name = asked.substr(0, asked.find(':'));
  if (FaultRegistry::instance().find(name) == nullptr) {
    auto words = fault_names();
    words.insert(words.begin(), "heal");
    return failure(ErrorKind::usage, fmt::format("no fault '{}'", name), did_you_mean(name, words));
  }
  auto request = parse_fault_request(asked);
  if (!request) return request.error();
  ScheduledAct act;
  act.fault = std::move(*request);
  return act;
}

Result<void> check_next(const std::vector<ScheduledAct>& before, const ScheduledAct& act) {
  if (before.size() == acts_max)
    return failure(ErrorKind::usage, fmt::format("a schedule has {} acts at most", acts_max));
  if (act.at_ns > at_max_ns)
    return failure(ErrorKind::usage, time_text(act.at_ns) + " is too late", "write 30h at most");
  if (!before.empty() && act.at_ns < before.back().at_ns) {
    return failure(ErrorKind::usage,
                   fmt::format("{} comes before {}, which is in front of it", time_text(act.at_ns),
                               time_text(before.back().at_ns)),
                   "put the acts in the order of their times");
  }
  std::vector<std::string> names;
  for (const auto& one : before) {
    if (one.kind == ScheduledAct::Kind::inject) names.push_back(one.fault.name);
  }
  if (act.kind == ScheduledAct::Kind::heal_one && act.injection > names.size()) {
    return failure(ErrorKind::usage,
                   fmt::format("there is no injection {} to heal by then", act.injection),
                   fmt::format("there are {}", names.size()));
  }
  const bool unknown =
      act.kind == ScheduledAct::Kind::heal_fault && std::ranges::count(names, act.fault.name) == 0;
  if (unknown) {
    return failure(ErrorKind::usage,
                   fmt::format("no {} is injected before it is healed", act.fault.name),
                   did_you_mean(act.fault.name, names));
  }
  return {};
}

Result<std::vector<ScheduledAct>> parse_schedule(std::string_view text) {
  std::vector<ScheduledAct> schedule;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view clause = trimmed(take_until(rest, ';'));
    if (clause.empty()) continue;
    auto act = parse_clause(clause);
    Result<void> follows;
    if (!act) follows = act.error();
    if (act) follows = check_next(schedule, *act);
    if (!follows) {
      Error error = follows.error();
      error.what =
          fmt::format("schedule, column {}: {}", clause.data() - text.data() + 1, error.what);
      return error;
    }
    schedule.push_back(std::move(*act));
  }
  return schedule;
}

std::string to_text(const std::vector<ScheduledAct>& schedule) {
  std::string text;
  for (const auto& act : schedule) {
    text += fmt::format("{}at {} ", text.empty() ? "" : "; ", time_text(act.at_ns));
    switch (act.kind) {
      case ScheduledAct::Kind::inject:
        text += to_text(act.fault);
        break;
      case ScheduledAct::Kind::heal_all:
        text += "heal";
        break;
      case ScheduledAct::Kind::heal_fault:
        text += "heal " + act.fault.name;
        break;
      case ScheduledAct::Kind::heal_one:
        text += fmt::format("heal {}", act.injection);
        break;
    }
  }
  return text;
}

Result<void> check_schedule(const std::vector<ScheduledAct>& schedule,
                            const std::vector<std::string>& nodes) {
  for (const auto& act : schedule) {
    if (act.kind != ScheduledAct::Kind::inject) continue;
    if (auto fits = check_fault_requests({act.fault}, nodes); !fits) return fits;
  }
  return {};
}

GeneratorPtr exact_schedule(std::vector<ScheduledAct> schedule) {
  return gen::on_nemesis(std::make_unique<ExactSchedule>(std::move(schedule)));
}

}  // namespace gauntlet
