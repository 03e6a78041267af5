// A generator for every worker, and ranges of workers reserved for one.
#include "harness/generator/generators.hpp"
#include "harness/generator/groups.hpp"

namespace gauntlet::gen {

namespace {

class EachWorker : public Groups {
 public:
  explicit EachWorker(Factory factory) : factory_(std::move(factory)) {}

 protected:
  void form(const Context& context) override {
    for (Worker w = context.all.next(0); w != no_worker; w = context.all.next(w + 1))
      add(WorkerSet::range(w, w + 1), factory_());
  }

 private:
  Factory factory_;
};

class Reserve : public Groups {
 public:
  Reserve(std::vector<Reservation> reservations, GeneratorPtr rest)
      : reservations_(std::move(reservations)), rest_(std::move(rest)) {
    for (const auto& reservation : reservations_)
      GAUNTLET_ASSERT(reservation.workers > 0 && reservation.generator);
  }

 protected:
  void form(const Context& context) override {
    Worker w = context.all.next(0);
    for (auto& reservation : reservations_) {
      WorkerSet workers;
      for (int n = 0; n < reservation.workers && w != no_worker && w != WorkerSet::nemesis; ++n) {
        workers.insert(w);
        w = context.all.next(w + 1);
      }
      add(workers, std::move(reservation.generator));
    }
    WorkerSet others;
    for (; w != no_worker; w = context.all.next(w + 1))
      others.insert(w);
    add(others, std::move(rest_));
  }

 private:
  std::vector<Reservation> reservations_;
  GeneratorPtr rest_;
};

}  // namespace

GeneratorPtr each_worker(Factory factory) {
  return std::make_unique<EachWorker>(std::move(factory));
}

GeneratorPtr reserve(std::vector<Reservation> reservations, GeneratorPtr rest) {
  return std::make_unique<Reserve>(std::move(reservations), std::move(rest));
}

}  // namespace gauntlet::gen
