#include "checker/linearizability_monitor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <deque>

#include "checker/linearizable/online/online_search.hpp"

namespace gauntlet {

namespace {

/// An operation of a model whose answers decide, until its turn comes.
struct Delayed {
  ModelCall call;
  enum class Fate { open, counts, crashed, dropped } fate = Fate::open;
  StreamMoment invoked = no_moment;
  Process process = 0;
  std::uint32_t slot = 0;
};

/// The events of a key that wait for a fate to be known. Operations are numbered from `first`.
struct Delay {
  struct Event {
    std::uint64_t operation;
    StreamMoment moment;
    bool completes;
  };
  std::deque<Delayed> operations;
  std::uint64_t first = 0;
  std::deque<Event> events;
};

struct Watched {
  ValueId key = ValueId::nil;
  OnlineObject object;
  std::unique_ptr<Delay> delay;
  bool given_up = false;
};

struct Outstanding {
  std::uint32_t watched = 0;
  std::uint64_t operation = 0;  ///< slot, or number of a delayed one
  ModelCall call;               ///< as it came, with an unknown outcome
  StreamMoment invoked = no_moment;
};

/// The completion that is being looked at.
struct Completion {
  ModelCall call;
  Process process = 0;
  StreamMoment invoked = no_moment;
  StreamMoment completed = no_moment;
};

}  // namespace

class LinearizabilityMonitor::Watch {
 public:
  Watch(const Model& model, const MonitorOptions& options)
      : model_(model),
        options_(options),
        calls_(model, options_.check, options.renewal_calls),
        effort_(options_.check.budget),
        search_(calls_, effort_, options.configurations_max, options.shared_states_min) {}

  void append(const Operation& event) {
    if (violation_ || !reason_.empty()) return;
    if (events_ >= no_event) return end("it cannot count more than 4,294,967,295 events");
    now_ = static_cast<StreamMoment>(events_++);
    if (event.process < 0) return;
    if (effort_.exhausted()) return end(effort_.reason());
    renew();
    if (event.type == OperationType::invoke) {
      invoke(event);
    } else {
      complete(event);
    }
  }

  const std::optional<Anomaly>& violation() const { return violation_; }
  const std::string& reason() const { return reason_; }
  const std::vector<PartVerdict>& given_up() const { return given_up_; }
  bool watches_all() const { return reason_.empty() && given_up_count_ == 0; }

  MonitorFigures figures() const {
    MonitorFigures figures{events_,
                           watched_.size(),
                           given_up_count_,
                           outstanding_.size(),
                           search_.configurations_peak(),
                           0};
    figures.memory_bytes = calls_.memory_bytes() + keys_.memory_bytes() +
                           watched_.size() * (sizeof(Watched) + 3 * sizeof(std::uint32_t));
    for (const Watched& watched : watched_)
      figures.memory_bytes += watched.object.front.capacity() * sizeof(std::uint32_t);
    return figures;
  }

 private:
  void end(std::string why) {
    reason_ = std::move(why);
    watched_.clear();
    outstanding_.clear();
  }

  void misfit(const Operation& event, const std::string& why) {
    end(fmt::format("event {} (process {}, {}) does not fit: {}", now_, event.process,
                    std::string_view(event.f).substr(0, 60), why));
  }

  std::uint32_t watched_of(const Value& key) {
    const ValueId id = keys_.intern(key);
    const auto [at, is_new] = ids_.try_emplace(id, static_cast<std::uint32_t>(watched_.size()));
    if (is_new) {
      Watched& watched = watched_.emplace_back();
      watched.key = id;
      search_.begin(watched.object);
      if (model_.answers_decide()) watched.delay = std::make_unique<Delay>();
    }
    return at->second;
  }

  // --- events -----------------------------------------------------------------------------------

  void invoke(const Operation& event) {
    const auto functions = model_.functions();
    const auto function = std::find_if(functions.begin(), functions.end(),
                                       [&](const auto& f) { return f.name == event.f; });
    if (function == functions.end()) {
      return misfit(event, fmt::format("the model {} has no such function", model_.name()));
    }
    const auto [at, is_new] = outstanding_.try_emplace(event.process);
    if (!is_new) return misfit(event, "its process has an operation outstanding");
    Outstanding& operation = at->second;
    operation.watched = watched_of(event.key);
    operation.invoked = now_;
    operation.call = {static_cast<std::uint16_t>(function - functions.begin()), Outcome::unknown,
                      calls_.values().intern(event.value), ValueId::nil};
    if (model_.by_process()) operation.call.process = event.process;
    ModelCall call = operation.call;
    if (!admit(event, call)) return;
    Watched& watched = watched_[operation.watched];
    if (watched.given_up) return;
    if (watched.delay != nullptr) {
      Delay& delay = *watched.delay;
      operation.operation = delay.first + delay.operations.size();
      delay.operations.push_back({operation.call, Delayed::Fate::open, now_, event.process, 0});
      delay.events.push_back({operation.operation, now_, false});
      return;
    }
    ModelCall failed = operation.call;
    failed.outcome = Outcome::fail;
    OnlineOperation online{calls_.kind(call), now_};
    online.updates = function->updates;
    online.needs_answer =
        function->updates && function->observes && call.outcome == Outcome::unknown;
    online.observes =
        !function->updates || online.needs_answer || model_.counts(failed, calls_.context());
    operation.operation = search_.invoke(watched.object, online);
  }

  /// Puts the call into its normal form.
  bool admit(const Operation& event, ModelCall& call) {
    const std::string why = model_.admit(call, calls_.context());
    if (!why.empty()) misfit(event, why);
    // Where the answer says nothing, a crashed operation does what a completed one does.
    if (!model_.functions()[call.function].observes && call.outcome == Outcome::unknown) {
      call.outcome = Outcome::ok;
    }
    return why.empty();
  }

  void complete(const Operation& event) {
    const auto at = outstanding_.find(event.process);
    if (at == outstanding_.end()) return misfit(event, "its process has nothing outstanding");
    const Outstanding operation = at->second;
    if (model_.functions()[operation.call.function].name != event.f) {
      return misfit(event, "its process has another function outstanding");
    }
    ModelCall call = operation.call;
    if (event.type == OperationType::ok) {
      call.outcome = Outcome::ok;
      call.output = calls_.values().intern(event.value);
    } else if (event.type == OperationType::fail) {
      call.outcome = Outcome::fail;
    }
    const bool counts = model_.counts(call, calls_.context());
    if (!admit(event, call)) return;
    Watched& watched = watched_[operation.watched];
    if (watched.given_up) {
      outstanding_.erase(event.process);
      return;
    }
    OnlineStep step = OnlineStep::possible;
    const auto slot = static_cast<std::uint32_t>(operation.operation);
    if (watched.delay != nullptr) {
      step = learn(watched, operation, call, counts, event.type == OperationType::info);
    } else if (event.type == OperationType::info) {
      step = search_.crash(watched.object, slot);
    } else if (counts) {
      const bool failed = event.type == OperationType::fail;
      step = search_.answer(watched.object, slot, calls_.kind(call), failed);
    } else {
      step = search_.withdraw(watched.object, slot);
    }
    if (step != OnlineStep::possible) {
      // Of a delayed event that is the one whose turn it was.
      if (watched.delay == nullptr) current_ = {call, event.process, operation.invoked, now_};
      conclude(step, watched);
    }
    outstanding_.erase(event.process);
  }

  /// A delayed operation's fate is known; whatever waited only for it takes its turn.
  OnlineStep learn(Watched& watched, const Outstanding& operation, const ModelCall& call,
                   bool counts, bool crashed) {
    Delay& delay = *watched.delay;
    Delayed& delayed = delay.operations[operation.operation - delay.first];
    delayed.call = call;
    delayed.fate = !counts   ? Delayed::Fate::dropped
                   : crashed ? Delayed::Fate::crashed
                             : Delayed::Fate::counts;
    if (counts && !crashed) delay.events.push_back({operation.operation, now_, true});
    OnlineStep step = OnlineStep::possible;
    while (step == OnlineStep::possible && !delay.events.empty()) {
      const Delay::Event event = delay.events.front();
      Delayed& next = delay.operations[event.operation - delay.first];
      if (next.fate == Delayed::Fate::open) break;
      renew();
      step = take_turn(watched, next, event);
      if (step == OnlineStep::possible) delay.events.pop_front();
      while (!delay.operations.empty() && delay.operations.front().fate == Delayed::Fate::dropped &&
             (delay.events.empty() || delay.events.front().operation > delay.first)) {
        delay.operations.pop_front();
        ++delay.first;
      }
    }
    return step;
  }

  OnlineStep take_turn(Watched& watched, Delayed& delayed, const Delay::Event& event) {
    if (delayed.fate == Delayed::Fate::dropped) return OnlineStep::possible;
    if (event.completes) {
      current_ = {delayed.call, delayed.process, delayed.invoked, event.moment};
      const OnlineStep step =
          search_.answer(watched.object, delayed.slot, calls_.kind(delayed.call), false);
      if (step == OnlineStep::possible) delayed.fate = Delayed::Fate::dropped;
      return step;
    }
    OnlineOperation online{calls_.kind(delayed.call), event.moment};
    online.updates = calls_.updates(online.kind);
    online.observes = !online.updates;
    delayed.slot = search_.invoke(watched.object, online);
    if (delayed.fate != Delayed::Fate::crashed) return OnlineStep::possible;
    delayed.fate = Delayed::Fate::dropped;
    return search_.crash(watched.object, delayed.slot);
  }

  void renew() {
    while (calls_.wants_renewal()) {
      calls_.begin_renewal();
      for (Watched& watched : watched_) {
        if (!watched.given_up) search_.renew(watched.object);
      }
      calls_.end_renewal();
    }
  }

  // --- conclusions ------------------------------------------------------------------------------

  void conclude(OnlineStep step, Watched& watched) {
    switch (step) {
      case OnlineStep::possible:
        return;
      case OnlineStep::impossible:
        return violate(watched);
      case OnlineStep::exhausted:
        return end(effort_.reason());
      case OnlineStep::ambiguous:
        return give_up(watched,
                       fmt::format("the model {} lets an answer decide what a call does, and does "
                                   "not say so (answers_decide)",
                                   model_.name()));
      case OnlineStep::too_many:
        return give_up(watched, fmt::format("more than {} configurations at event {}",
                                            options_.configurations_max, now_));
    }
  }

  std::string key_text(const Watched& watched) const {
    return watched.key == ValueId::nil ? std::string() : keys_.to_text(watched.key, 100);
  }

  void give_up(Watched& watched, std::string why) {
    constexpr std::size_t given_up_max = 100;
    ++given_up_count_;
    if (given_up_.size() < given_up_max) {
      given_up_.push_back({key_text(watched), Validity::unknown, std::move(why), 0});
    }
    watched.object = {};
    watched.delay.reset();
    watched.given_up = true;
  }

  std::string call_text(const ModelCall& call) const {
    const Values& values = calls_.context().values;
    std::string text(model_.functions()[call.function].name);
    if (call.input != ValueId::nil) text += " " + values.to_text(call.input, 60);
    return text;
  }

  void violate(const Watched& watched) {
    Anomaly anomaly;
    anomaly.name = "nonlinearizable";
    anomaly.key = key_text(watched);
    anomaly.rules_out = {"linearizable"};
    anomaly.detected_at = current_.completed;
    std::string what = fmt::format("{} by process {}", call_text(current_.call), current_.process);
    if (current_.call.outcome == Outcome::fail) {
      what += " failed";
    } else if (current_.call.output != ValueId::nil ||
               !model_.functions()[current_.call.function].updates) {
      what += " answered " + calls_.context().values.to_text(current_.call.output, 60);
    } else {
      what += " was acknowledged";
    }
    anomaly.explanation = {
        fmt::format("{} (events {} to {})", what, current_.invoked, current_.completed),
        fmt::format("the orders that explain all before leave {}",
                    fmt::join(states_text(watched.object), " or "))};
    std::vector<std::string> others;
    for (const OnlineOperation& other : watched.object.slots) {
      if (other.invoked == no_moment) continue;
      anomaly.operations.push_back(other.invoked);
      if (other.invoked != current_.invoked && others.size() < names_max) {
        others.push_back(
            fmt::format("{} (event {})", call_text(calls_.call(other.kind)), other.invoked));
      }
    }
    std::sort(anomaly.operations.begin(), anomaly.operations.end());
    anomaly.explanation.push_back(
        others.empty() ? "nothing else was outstanding"
                       : fmt::format("outstanding besides: {}", fmt::join(others, ", ")));
    if (!watched.object.supply.empty()) {
      std::vector<std::string> crashed;
      for (const auto& entry : watched.object.supply) {
        if (crashed.size() == names_max) break;
        crashed.push_back(fmt::format("{} ({})", call_text(calls_.call(entry.name)), entry.figure));
      }
      anomaly.explanation.push_back(
          fmt::format("of unknown fate, and how many: {}", fmt::join(crashed, ", ")));
    }
    anomaly.explanation.push_back("no order of these explains it, whatever they will answer");
    violation_ = std::move(anomaly);
  }

  std::vector<std::string> states_text(const OnlineObject& object) const {
    std::vector<std::string> texts;
    OnlineConfiguration configuration;
    const std::uint32_t* words = object.front.data();
    for (std::uint32_t i = 0; i < object.front_count && texts.size() < names_max; ++i) {
      words = unpack(words, configuration);
      std::string text = calls_.describe(configuration.state);
      if (std::find(texts.begin(), texts.end(), text) == texts.end()) {
        texts.push_back(std::move(text));
      }
    }
    return texts;
  }

  static constexpr std::size_t names_max = 10;  ///< listed in an explanation

  const Model& model_;
  const MonitorOptions options_;
  OnlineCalls calls_;
  Effort effort_;
  OnlineSearch search_;
  Values keys_;
  boost::unordered_flat_map<ValueId, std::uint32_t> ids_;  ///< by key: into watched_
  std::deque<Watched> watched_;
  boost::unordered_flat_map<Process, Outstanding> outstanding_;
  std::uint64_t events_ = 0;
  StreamMoment now_ = 0;
  Completion current_;
  std::optional<Anomaly> violation_;
  std::string reason_;
  std::vector<PartVerdict> given_up_;
  std::size_t given_up_count_ = 0;
};

LinearizabilityMonitor::LinearizabilityMonitor(const Model& model, const MonitorOptions& options)
    : watch_(std::make_unique<Watch>(model, options)) {}
LinearizabilityMonitor::~LinearizabilityMonitor() = default;
LinearizabilityMonitor::LinearizabilityMonitor(LinearizabilityMonitor&&) noexcept = default;
LinearizabilityMonitor& LinearizabilityMonitor::operator=(LinearizabilityMonitor&&) noexcept =
    default;

void LinearizabilityMonitor::append(const Operation& event) {
  watch_->append(event);
}
const std::optional<Anomaly>& LinearizabilityMonitor::violation() const {
  return watch_->violation();
}
const std::string& LinearizabilityMonitor::reason() const {
  return watch_->reason();
}
const std::vector<PartVerdict>& LinearizabilityMonitor::given_up() const {
  return watch_->given_up();
}
bool LinearizabilityMonitor::watches_all() const {
  return watch_->watches_all();
}
MonitorFigures LinearizabilityMonitor::figures() const {
  return watch_->figures();
}

const Model* find_model(std::string_view name) {
  return ModelRegistry::instance().find(name);
}

}  // namespace gauntlet
