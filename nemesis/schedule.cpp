// When which fault comes: quiet, a fault, its heal, quiet, the next fault, ...
//
// Each stretch lasts between half and one and a half intervals, counted from the moment at which
// the nemesis had finished acting, so that a slow injection does not shorten what it begins. All
// draws come from a stream of the schedule's own: the same seed gives the same faults and stretches
// whatever the clients do.
#include <optional>

#include "harness/generator/generators.hpp"
#include "nemesis/nemesis.hpp"

namespace gauntlet {

namespace {

class NemesisSchedule : public Generator {
 public:
  NemesisSchedule(std::vector<FaultRequest> requests, Nanos interval_ns)
      : requests_(std::move(requests)), interval_ns_(interval_ns) {
    GAUNTLET_ASSERT(interval_ns > 0);
  }

  Offer poll(const Context& context) override {
    if (!random_) {
      random_ = context.random->fork("nemesis schedule");
      plan_next(context.time_ns);
    }
    if (acting_) return Offer::pending();
    if (requests_.empty() && !active_) return Offer::exhausted();
    if (!context.free.contains(WorkerSet::nemesis)) return Offer::pending();
    Offer offer;
    offer.kind = Offer::Kind::operation;
    offer.worker = WorkerSet::nemesis;
    offer.time_ns = next_ns_;
    offer.operation = next_;
    return offer;
  }

  void accept(const Context&, Worker, const Operation&) override {
    acting_ = true;
    begun_ = false;
  }

  void update(const Context& context, Worker worker, const Operation& event) override {
    if (!acting_ || worker != WorkerSet::nemesis) return;
    if (!begun_) {  // the invocation itself
      begun_ = true;
      return;
    }
    acting_ = false;
    finished(event);
    plan_next(context.time_ns);
  }

 private:
  struct Active {
    std::string name;
    Value id;
  };

  /// Takes note of what a completion says. A fault that this cluster or database can never take
  /// leaves the schedule.
  void finished(const Operation& completion) {
    if (active_) {
      active_.reset();
      return;
    }
    const FaultRequest& request = requests_[chosen_];
    if (completion.value.find("unsupported") != nullptr) {
      requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(chosen_));
    } else if (completion.value.find("skipped") == nullptr) {
      const Value* id = completion.value.find("fault");
      active_ = Active{request.name, id != nullptr ? *id : Value()};
    }
  }

  void plan_next(Nanos now) {
    const Nanos spread =
        static_cast<Nanos>(random_->below(static_cast<std::uint64_t>(interval_ns_) + 1));
    next_ns_ = now + interval_ns_ / 2 + spread;
    if (active_) {
      next_ = operation("heal-" + active_->name, Value::map({{"fault", active_->id}}));
    } else if (!requests_.empty()) {
      chosen_ = random_->below(requests_.size());
      const FaultRequest& request = requests_[chosen_];
      next_ = operation("inject-" + request.name, Value::map({{"parameters", request.parameters}}));
    }
  }

  std::vector<FaultRequest> requests_;
  Nanos interval_ns_;
  std::optional<Random> random_;
  std::size_t chosen_ = 0;  ///< the request that next_ injects, unless a fault is active
  std::optional<Active> active_;
  Operation next_;
  Nanos next_ns_ = 0;
  bool acting_ = false;  ///< next_ was taken and has not completed
  bool begun_ = false;   ///< its invocation was seen
};

}  // namespace

GeneratorPtr nemesis_schedule(const std::vector<FaultRequest>& requests, Nanos interval_ns) {
  return gen::on_nemesis(std::make_unique<NemesisSchedule>(requests, interval_ns));
}

GeneratorPtr final_heal() {
  return gen::on_nemesis(gen::once(operation("heal-all")));
}

}  // namespace gauntlet
