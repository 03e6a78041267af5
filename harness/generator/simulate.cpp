#include "harness/generator/simulate.hpp"

#include <queue>

#include "harness/generator/conductor.hpp"

namespace gauntlet {

namespace {

struct Outstanding {
  Nanos ends_ns;
  std::int64_t index;  ///< of the invocation; breaks ties in order of invocation
  Worker worker;
  Operation operation;
  friend bool operator<(const Outstanding& a, const Outstanding& b) {
    return a.ends_ns != b.ends_ns ? a.ends_ns > b.ends_ns : a.index > b.index;
  }
};

bool same(const Offer& a, const Offer& b) {
  return a.kind == b.kind && a.worker == b.worker && a.time_ns == b.time_ns &&
         a.operation.f == b.operation.f && a.operation.value == b.operation.value &&
         a.operation.key == b.operation.key;
}

class Simulator {
 public:
  Simulator(Generator& generator, const SimulationSetup& setup)
      : setup_(setup),
        conductor_(generator, setup.clients, setup.nemesis, setup.seed),
        random_(Random(setup.seed).fork("simulation")) {}

  Simulation run() {
    while (result_.events.size() < setup_.events_max && result_.time_ns < setup_.time_max_ns) {
      if (!step()) return std::move(result_);
    }
    result_.end = Simulation::End::cut;
    return std::move(result_);
  }

 private:
  /// Begins the operation that is offered now, or else moves on in time. False at the end.
  bool step() {
    const Nanos now = result_.time_ns;
    Offer offer = conductor_.poll(now, preferred_);
    GAUNTLET_ASSERT(same(offer, conductor_.poll(now, preferred_)));
    if (offer.kind == Offer::Kind::operation && offer.time_ns <= now) {
      begin(offer);
      return true;
    }
    const bool waits =
        offer.kind != Offer::Kind::exhausted && offer.time_ns != Offer::after_next_event;
    if (!outstanding_.empty() && (!waits || outstanding_.top().ends_ns <= offer.time_ns)) {
      end();
      return true;
    }
    if (!waits) {
      result_.end = offer.kind == Offer::Kind::exhausted ? Simulation::End::exhausted
                                                         : Simulation::End::stuck;
      return false;
    }
    GAUNTLET_ASSERT(offer.time_ns > now);
    result_.time_ns = std::min(offer.time_ns, setup_.time_max_ns);
    preferred_ = no_worker;
    return true;
  }

  void begin(Offer& offer) {
    conductor_.begin(result_.time_ns, offer);
    result_.events.push_back(offer.operation);
    const Nanos latency =
        setup_.latency ? setup_.latency(offer.operation, random_) : nanos_per_millisecond;
    outstanding_.push(Outstanding{result_.time_ns + latency, offer.operation.index, offer.worker,
                                  std::move(offer.operation)});
    preferred_ = no_worker;
  }

  void end() {
    Outstanding done = outstanding_.top();
    outstanding_.pop();
    result_.time_ns = done.ends_ns;
    done.operation.type = OperationType::ok;
    if (setup_.complete) setup_.complete(done.operation, random_);
    conductor_.end(result_.time_ns, done.worker, done.operation);
    result_.events.push_back(std::move(done.operation));
    preferred_ = done.worker;
  }

  const SimulationSetup& setup_;
  Conductor conductor_;
  Random random_;
  Simulation result_;
  std::priority_queue<Outstanding> outstanding_;
  Worker preferred_ = no_worker;
};

}  // namespace

std::vector<Operation> Simulation::invocations() const {
  std::vector<Operation> result;
  bool nemesis_acts = false;  // both of its events are info
  for (const auto& event : events) {
    if (event.process == nemesis_process) {
      nemesis_acts = !nemesis_acts;
      if (nemesis_acts) result.push_back(event);
    } else if (event.type == OperationType::invoke) {
      result.push_back(event);
    }
  }
  return result;
}

Simulation simulate(Generator& generator, const SimulationSetup& setup) {
  return Simulator(generator, setup).run();
}

Simulation simulate(GeneratorPtr generator, const SimulationSetup& setup) {
  return simulate(*generator, setup);
}

}  // namespace gauntlet
