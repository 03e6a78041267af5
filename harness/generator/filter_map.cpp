// Operations dropped or changed on their way.
#include "harness/generator/generators.hpp"
#include "harness/generator/wrapper.hpp"

namespace gauntlet::gen {

namespace {

/// A dropped operation is taken from the inner generator on the spot: it would never be offered, so
/// this changes no answer.
class Filter : public Wrapper {
 public:
  Filter(std::function<bool(const Operation&)> keep, GeneratorPtr inner)
      : Wrapper(std::move(inner)), keep_(std::move(keep)) {}
  Offer poll(const Context& context) override {
    for (int dropped = 0; dropped < dropped_max; ++dropped) {
      Offer offer = inner_->poll(context);
      if (offer.kind != Offer::Kind::operation || keep_(offer.operation)) return offer;
      inner_->accept(context, offer.worker, offer.operation);
    }
    return Offer::pending_until(context.time_ns + nanos_per_millisecond);
  }

 private:
  static constexpr int dropped_max = 1000;  ///< in one poll, which holds the loop's lock
  std::function<bool(const Operation&)> keep_;
};

class Map : public Wrapper {
 public:
  Map(std::function<void(Operation&)> change, GeneratorPtr inner)
      : Wrapper(std::move(inner)), change_(std::move(change)) {}
  Offer poll(const Context& context) override {
    Offer offer = inner_->poll(context);
    if (offer.kind == Offer::Kind::operation) change_(offer.operation);
    return offer;
  }

 private:
  std::function<void(Operation&)> change_;
};

}  // namespace

GeneratorPtr filter(std::function<bool(const Operation&)> keep, GeneratorPtr inner) {
  return std::make_unique<Filter>(std::move(keep), std::move(inner));
}

GeneratorPtr map(std::function<void(Operation&)> change, GeneratorPtr inner) {
  return std::make_unique<Map>(std::move(change), std::move(inner));
}

}  // namespace gauntlet::gen
