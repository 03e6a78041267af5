// A random choice for each operation, and strict alternation.
#include "harness/generator/generators.hpp"

namespace gauntlet::gen {

namespace {

/// The choice is drawn once and kept until its operation is taken.
class Mix : public Generator {
 public:
  explicit Mix(std::vector<Weighted> parts) : parts_(std::move(parts)) {
    for (const auto& part : parts_) {
      GAUNTLET_ASSERT(part.weight > 0 && part.generator);
      weight_total_ += part.weight;
    }
  }
  Offer poll(const Context& context) override {
    while (!parts_.empty()) {
      if (chosen_ == none) choose(*context.random);
      Offer offer = parts_[chosen_].generator->poll(context);
      if (offer.kind != Offer::Kind::exhausted) return offer;
      remove_chosen();
    }
    return Offer::exhausted();
  }
  void accept(const Context& context, Worker worker, const Operation& taken) override {
    parts_[chosen_].generator->accept(context, worker, taken);
    chosen_ = none;
  }
  void update(const Context& context, Worker worker, const Operation& event) override {
    for (auto& part : parts_)
      part.generator->update(context, worker, event);
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  void choose(Random& random) {
    double at = random.fraction() * weight_total_;
    for (chosen_ = 0; chosen_ + 1 < parts_.size(); ++chosen_) {
      at -= parts_[chosen_].weight;
      if (at < 0) return;
    }
  }
  void remove_chosen() {
    parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(chosen_));
    chosen_ = none;
    weight_total_ = 0;
    for (const auto& part : parts_)
      weight_total_ += part.weight;
  }

  std::vector<Weighted> parts_;
  double weight_total_ = 0;
  std::size_t chosen_ = none;
};

class FlipFlop : public Generator {
 public:
  FlipFlop(GeneratorPtr first, GeneratorPtr second) : parts_{std::move(first), std::move(second)} {
    GAUNTLET_ASSERT(parts_[0] && parts_[1]);
  }
  Offer poll(const Context& context) override { return parts_[turn_]->poll(context); }
  void accept(const Context& context, Worker worker, const Operation& taken) override {
    parts_[turn_]->accept(context, worker, taken);
    turn_ = 1 - turn_;
  }
  void update(const Context& context, Worker worker, const Operation& event) override {
    for (auto& part : parts_)
      part->update(context, worker, event);
  }

 private:
  std::array<GeneratorPtr, 2> parts_;
  std::size_t turn_ = 0;
};

}  // namespace

GeneratorPtr mix(std::vector<Weighted> parts) {
  return std::make_unique<Mix>(std::move(parts));
}

GeneratorPtr flip_flop(GeneratorPtr first, GeneratorPtr second) {
  return std::make_unique<FlipFlop>(std::move(first), std::move(second));
}

}  // namespace gauntlet::gen
