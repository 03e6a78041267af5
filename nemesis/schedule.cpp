// When which fault comes: series of quiet, a fault, its heal, quiet, the next fault, ...
//
// With an even pace each stretch lasts between half and one and a half intervals, counted from the
// moment at which the nemesis had finished acting, so that a slow injection does not shorten what
// it begins; with a random one injections are counted from each other. Several series run beside
// each other, each with its own clock and its own fault in place; what is due first comes first,
// and series avoid the faults that others have in place. Each draws from a stream of its own: the
// same seed gives the same faults and stretches whatever the clients do.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "harness/generator/generators.hpp"
#include "nemesis/nemesis.hpp"

namespace gauntlet {

namespace {

/// A series: at any time it waits for its next act.
struct Series {
  Random random;
  std::vector<FaultRequest> requests;  ///< that it may choose from; empty: it has ended
  FaultRequest chosen;                 ///< what next injects, or what is in place
  bool active = false;                 ///< chosen is in place
  Value id;                            ///< of the fault in place
  Operation next;
  Nanos next_ns = 0;
  Nanos injected_ns = 0;  ///< when its last injection began

  bool ended() const { return requests.empty() && !active; }
};

/// What a draw is made from: a package counts once, whatever it holds.
std::string item_of(const FaultRequest& request, std::size_t index) {
  return request.package.empty() ? fmt::format("{}", index) : request.package;
}

class NemesisSchedule : public Generator {
 public:
  NemesisSchedule(std::vector<FaultRequest> requests, Pace pace)
      : requests_(std::move(requests)), pace_(std::move(pace)) {}

  Offer poll(const Context& context) override {
    if (!begun_) begin(context);
    if (acting_ != nullptr) return Offer::pending();
    Series* first = nullptr;
    for (auto& series : series_) {
      const bool sooner = !series.ended() && (first == nullptr || series.next_ns < first->next_ns);
      if (sooner) first = &series;
    }
    if (first == nullptr) return Offer::exhausted();
    if (!context.free.contains(WorkerSet::nemesis)) return Offer::pending();
    offered_ = first;
    Offer offer;
    offer.kind = Offer::Kind::operation;
    offer.worker = WorkerSet::nemesis;
    offer.time_ns = first->next_ns;
    offer.operation = first->next;
    return offer;
  }

  void accept(const Context& context, Worker, const Operation&) override {
    acting_ = offered_;
    invoked_ = false;
    if (!acting_->active) acting_->injected_ns = context.time_ns;
  }

  void update(const Context& context, Worker worker, const Operation& event) override {
    if (acting_ == nullptr || worker != WorkerSet::nemesis) return;
    if (!invoked_) {  // the invocation itself
      invoked_ = true;
      return;
    }
    Series& series = *acting_;
    acting_ = nullptr;
    finished(series, event, context.time_ns);
  }

 private:
  void begin(const Context& context) {
    begun_ = true;
    for (auto& group : groups()) {
      const std::string stream =
          series_.empty() ? "nemesis schedule" : fmt::format("nemesis schedule {}", series_.size());
      series_.push_back(
          {context.random->fork(stream), std::move(group), {}, false, {}, {}, 0, context.time_ns});
    }
    for (auto& series : series_)
      plan_injection(series, context.time_ns);
  }

  /// What each series may choose from.
  std::vector<std::vector<FaultRequest>> groups() const {
    if (pace_.kind == Pace::Kind::even)
      return std::vector(static_cast<std::size_t>(pace_.overlap), requests_);
    std::vector<std::string> names;
    std::vector<std::vector<FaultRequest>> result;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      const std::string name = pace_.group == Pace::Group::all     ? ""
                               : pace_.group == Pace::Group::fault ? fmt::format("{}", i)
                                                                   : item_of(requests_[i], i);
      const auto at = std::ranges::find(names, name);
      if (at == names.end()) {
        names.push_back(name);
        result.push_back({requests_[i]});
      } else {
        result[static_cast<std::size_t>(at - names.begin())].push_back(requests_[i]);
      }
    }
    return result;
  }

  /// Takes note of what a completion says. A fault that this cluster or database can never take
  /// leaves the schedule, and the next one comes at once.
  void finished(Series& series, const Operation& completion, Nanos now) {
    if (series.active) {
      series.active = false;
      plan_injection(series, now);
    } else if (completion.value.find("unsupported") != nullptr) {
      drop(series.chosen.name, now);
    } else if (completion.value.find("skipped") != nullptr) {
      plan_injection(series, now);
    } else {
      const Value* id = completion.value.find("fault");
      series.active = true;
      series.id = id != nullptr ? *id : Value();
      plan_heal(series, now);
    }
  }

  void drop(const std::string& fault, Nanos now) {
    for (auto& series : series_) {
      std::erase_if(series.requests, [&](const auto& one) { return one.name == fault; });
      if (series.active || series.chosen.name != fault) continue;
      choose(series);
      series.next_ns = std::max(after_quiet(pace_, now), series.next_ns);
    }
  }

  void plan_injection(Series& series, Nanos now) {
    if (pace_.kind == Pace::Kind::even) {
      series.next_ns = now + draw_stretch(pace_.interval_ns, series.random);
    } else {
      const Nanos due = series.injected_ns + draw_gap(pace_, series.random);
      series.next_ns = after_quiet(pace_, std::max(now, due));
    }
    choose(series);
  }

  void plan_heal(Series& series, Nanos now) {
    const bool even = pace_.kind == Pace::Kind::even;
    const Nanos lasts = even ? pace_.interval_ns : pace_.lasts_ns;
    series.next_ns = before_quiet(pace_, now, now + draw_stretch(lasts, series.random));
    series.next = operation("heal-" + series.chosen.name, Value::map({{"fault", series.id}}));
  }

  /// Draws an item, then one of its faults; of those that no other series has chosen, if any.
  void choose(Series& series) {
    series.chosen = {};
    std::set<std::string> taken;
    for (const auto& other : series_) {
      if (&other != &series) taken.insert(other.chosen.name);
    }
    std::vector<std::vector<const FaultRequest*>> items;
    for (const bool avoid : {true, false}) {
      std::vector<std::string> names;
      for (std::size_t i = 0; i < series.requests.size(); ++i) {
        const FaultRequest& request = series.requests[i];
        if (avoid && taken.contains(request.name)) continue;
        const std::string name = item_of(request, i);
        const auto at = std::ranges::find(names, name);
        const auto index = static_cast<std::size_t>(at - names.begin());
        if (at == names.end()) {
          names.push_back(name);
          items.emplace_back();
        }
        items[index].push_back(&request);
      }
      if (!items.empty()) break;
    }
    if (items.empty()) return;
    const auto& item = items[series.random.below(items.size())];
    series.chosen = *item[item.size() == 1 ? 0 : series.random.below(item.size())];
    series.next = operation("inject-" + series.chosen.name,
                            Value::map({{"parameters", series.chosen.parameters}}));
  }

  std::vector<FaultRequest> requests_;
  Pace pace_;
  std::vector<Series> series_;  ///< does not change its size once begun
  bool begun_ = false;
  Series* offered_ = nullptr;
  Series* acting_ = nullptr;  ///< its next was taken and has not completed
  bool invoked_ = false;      ///< its invocation was seen
};

}  // namespace

GeneratorPtr nemesis_schedule(const std::vector<FaultRequest>& requests, const Pace& pace) {
  return gen::on_nemesis(std::make_unique<NemesisSchedule>(requests, pace));
}

GeneratorPtr final_heal() {
  return gen::on_nemesis(gen::once(operation("heal-all")));
}

}  // namespace gauntlet
