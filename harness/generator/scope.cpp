// Generators for the clients only, or for the nemesis only.
#include "harness/generator/generators.hpp"
#include "harness/generator/wrapper.hpp"

namespace gauntlet::gen {

namespace {

class Scope : public Wrapper {
 public:
  Scope(const WorkerSet& workers, GeneratorPtr inner)
      : Wrapper(std::move(inner)), workers_(workers) {}
  Offer poll(const Context& context) override {
    const Context mine = context.restricted_to(workers_);
    if (mine.all.empty()) return Offer::exhausted();
    if (mine.free.empty()) return Offer::pending();
    return inner_->poll(mine);
  }
  void update(const Context& context, Worker worker, const Operation& event) override {
    if (workers_.contains(worker)) inner_->update(context, worker, event);
  }

 private:
  WorkerSet workers_;
};

}  // namespace

GeneratorPtr on_clients(GeneratorPtr inner) {
  return std::make_unique<Scope>(WorkerSet::range(0, WorkerSet::clients_max), std::move(inner));
}

GeneratorPtr on_nemesis(GeneratorPtr inner) {
  return std::make_unique<Scope>(WorkerSet::range(WorkerSet::nemesis, WorkerSet::nemesis + 1),
                                 std::move(inner));
}

}  // namespace gauntlet::gen
