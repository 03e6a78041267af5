#include "cli/test_generator.hpp"

#include <memory>

#include "harness/generator/generators.hpp"

namespace gauntlet {

namespace {

/// Passes everything on, and remembers when the inner generator is exhausted.
class Lead : public Generator {
 public:
  Lead(GeneratorPtr inner, std::shared_ptr<bool> ended)
      : inner_(std::move(inner)), ended_(std::move(ended)) {}

  Offer poll(const Context& context) override {
    Offer offer = inner_->poll(context);
    *ended_ = offer.kind == Offer::Kind::exhausted;
    return offer;
  }
  void accept(const Context& context, Worker worker, const Operation& operation) override {
    inner_->accept(context, worker, operation);
  }
  void update(const Context& context, Worker worker, const Operation& event) override {
    inner_->update(context, worker, event);
  }

 private:
  GeneratorPtr inner_;
  std::shared_ptr<bool> ended_;
};

/// Is exhausted as soon as the one that it accompanies is.
class Companion : public Generator {
 public:
  Companion(GeneratorPtr inner, std::shared_ptr<bool> lead_ended)
      : inner_(std::move(inner)), lead_ended_(std::move(lead_ended)) {}

  Offer poll(const Context& context) override {
    return *lead_ended_ ? Offer::exhausted() : inner_->poll(context);
  }
  void accept(const Context& context, Worker worker, const Operation& operation) override {
    inner_->accept(context, worker, operation);
  }
  void update(const Context& context, Worker worker, const Operation& event) override {
    inner_->update(context, worker, event);
  }

 private:
  GeneratorPtr inner_;
  std::shared_ptr<bool> lead_ended_;
};

}  // namespace

GeneratorPtr test_generator(const TestPlan& plan, WorkloadGenerators workload, GeneratorPtr nemesis,
                            std::function<void(const std::string&)> on_phase) {
  const auto phase = [on_phase = std::move(on_phase)](std::string name) {
    return gen::log([on_phase, name = std::move(name)] { on_phase(name); });
  };
  const auto load_ended = std::make_shared<bool>(false);
  GeneratorPtr load = std::move(workload.main);
  if (plan.operations_max > 0) {
    load = gen::limit(static_cast<std::size_t>(plan.operations_max), std::move(load));
  }
  if (plan.rate > 0) load = gen::stagger(static_cast<double>(plan.rate), std::move(load));
  load = std::make_unique<Lead>(gen::on_clients(std::move(load)), load_ended);
  if (plan.has_faults()) {
    load = gen::any(std::move(load), GeneratorPtr(std::make_unique<Companion>(
                                         gen::on_nemesis(std::move(nemesis)), load_ended)));
  }
  std::vector<GeneratorPtr> phases;
  phases.push_back(phase("load"));
  phases.push_back(gen::time_limit(std::chrono::nanoseconds(plan.time_limit_ns), std::move(load)));
  if (plan.has_faults()) {
    phases.push_back(phase("heal"));
    phases.push_back(gen::on_nemesis(final_heal()));
    phases.push_back(phase("recovery"));
    phases.push_back(gen::sleep(std::chrono::nanoseconds(plan.recovery_ns)));
  }
  if (workload.last_reads != nullptr) {
    phases.push_back(phase("last reads"));
    phases.push_back(
        gen::time_limit(std::chrono::seconds(60), gen::on_clients(std::move(workload.last_reads))));
  }
  return gen::phases(std::move(phases));
}

}  // namespace gauntlet
