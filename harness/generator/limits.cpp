// Ends: after so many operations, so much time, so many processes, or a first success.
#include <algorithm>

#include "harness/generator/generators.hpp"
#include "harness/generator/wrapper.hpp"

namespace gauntlet::gen {

namespace {

class Limit : public Wrapper {
 public:
  Limit(std::size_t operations_max, GeneratorPtr inner)
      : Wrapper(std::move(inner)), left_(operations_max) {}
  Offer poll(const Context& context) override {
    if (left_ == 0) return Offer::exhausted();
    return inner_->poll(context);
  }
  void accept(const Context& context, Worker worker, const Operation& taken) override {
    --left_;
    inner_->accept(context, worker, taken);
  }

 private:
  std::size_t left_;
};

class TimeLimit : public Wrapper {
 public:
  TimeLimit(Nanos duration_ns, GeneratorPtr inner)
      : Wrapper(std::move(inner)), duration_ns_(duration_ns) {}
  Offer poll(const Context& context) override {
    if (!end_ns_) end_ns_ = context.time_ns + duration_ns_;
    if (context.time_ns >= *end_ns_) return Offer::exhausted();
    Offer offer = inner_->poll(context);
    // What lies beyond the end will never be; but the loop must ask again at the end.
    if (offer.kind == Offer::Kind::operation && offer.time_ns >= *end_ns_) {
      return Offer::pending_until(*end_ns_);
    }
    if (offer.kind == Offer::Kind::pending) offer.time_ns = std::min(offer.time_ns, *end_ns_);
    return offer;
  }

 private:
  Nanos duration_ns_;
  std::optional<Nanos> end_ns_;
};

class ProcessLimit : public Wrapper {
 public:
  ProcessLimit(std::size_t processes_max, GeneratorPtr inner)
      : Wrapper(std::move(inner)), processes_max_(processes_max) {}
  Offer poll(const Context& context) override {
    if (seen_.size() < processes_max_) return inner_->poll(context);
    WorkerSet allowed;
    for (Worker w = context.all.next(0); w != no_worker; w = context.all.next(w + 1)) {
      if (std::binary_search(seen_.begin(), seen_.end(), context.process_of(w))) allowed.insert(w);
      if (w == WorkerSet::nemesis) break;
    }
    if (allowed.empty()) return Offer::exhausted();
    return inner_->poll(context.restricted_to(allowed));
  }
  void accept(const Context& context, Worker worker, const Operation& taken) override {
    const auto at = std::lower_bound(seen_.begin(), seen_.end(), taken.process);
    if (at == seen_.end() || *at != taken.process) seen_.insert(at, taken.process);
    inner_->accept(context, worker, taken);
  }

 private:
  std::size_t processes_max_;
  std::vector<Process> seen_;  ///< ascending
};

class UntilOk : public Wrapper {
 public:
  using Wrapper::Wrapper;
  Offer poll(const Context& context) override {
    if (done_) return Offer::exhausted();
    return inner_->poll(context);
  }
  void accept(const Context& context, Worker worker, const Operation& taken) override {
    active_.insert(worker);
    inner_->accept(context, worker, taken);
  }
  void update(const Context& context, Worker worker, const Operation& event) override {
    if (event.type != OperationType::invoke && active_.contains(worker)) {
      active_.erase(worker);
      done_ = done_ || event.type == OperationType::ok;
    }
    inner_->update(context, worker, event);
  }

 private:
  WorkerSet active_;  ///< workers with an operation of ours outstanding
  bool done_ = false;
};

}  // namespace

GeneratorPtr limit(std::size_t operations_max, GeneratorPtr inner) {
  return std::make_unique<Limit>(operations_max, std::move(inner));
}

GeneratorPtr once(GeneratorPtr inner) {
  return limit(1, std::move(inner));
}

GeneratorPtr time_limit(Duration duration, GeneratorPtr inner) {
  return std::make_unique<TimeLimit>(duration.count(), std::move(inner));
}

GeneratorPtr process_limit(std::size_t processes_max, GeneratorPtr inner) {
  return std::make_unique<ProcessLimit>(processes_max, std::move(inner));
}

GeneratorPtr until_ok(GeneratorPtr inner) {
  return std::make_unique<UntilOk>(std::move(inner));
}

}  // namespace gauntlet::gen
