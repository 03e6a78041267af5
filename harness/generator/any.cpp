// Several generators at once over the same workers: whoever is due first.
#include "harness/generator/generators.hpp"
#include "harness/generator/soonest.hpp"

namespace gauntlet::gen {

namespace {

class Any : public Generator {
 public:
  explicit Any(std::vector<GeneratorPtr> parts) : parts_(std::move(parts)) {
    for (const auto& part : parts_)
      GAUNTLET_ASSERT(part);
  }
  Offer poll(const Context& context) override {
    Soonest soonest(context.time_ns);
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      const std::size_t i = (first_ + k) % parts_.size();
      if (soonest.consider(parts_[i]->poll(context), i)) break;
    }
    Offer offer = soonest.take();
    offered_ = soonest.part();
    return offer;
  }
  void accept(const Context& context, Worker worker, const Operation& taken) override {
    parts_[offered_]->accept(context, worker, taken);
    first_ = (offered_ + 1) % parts_.size();
  }
  void update(const Context& context, Worker worker, const Operation& event) override {
    for (auto& part : parts_)
      part->update(context, worker, event);
  }

 private:
  std::vector<GeneratorPtr> parts_;
  std::size_t first_ = 0;    ///< whom to ask first, so that all get their turn
  std::size_t offered_ = 0;  ///< whose operation was last offered
};

}  // namespace

GeneratorPtr any(std::vector<GeneratorPtr> parts) {
  return std::make_unique<Any>(std::move(parts));
}

}  // namespace gauntlet::gen
