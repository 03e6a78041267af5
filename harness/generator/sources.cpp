// Where operations come from: one for ever, a list, a function.
#include "harness/generator/generators.hpp"
#include "harness/generator/wrapper.hpp"

namespace gauntlet::gen {

namespace {

class Fixed : public Generator {
 public:
  explicit Fixed(Operation operation) : operation_(std::move(operation)) {}
  Offer poll(const Context& context) override { return offer_to_any(context, operation_); }
  void accept(const Context&, Worker, const Operation&) override {}

 private:
  Operation operation_;
};

class Sequence : public Generator {
 public:
  explicit Sequence(std::vector<Operation> operations) : operations_(std::move(operations)) {}
  Offer poll(const Context& context) override {
    if (next_ == operations_.size()) return Offer::exhausted();
    return offer_to_any(context, operations_[next_]);
  }
  void accept(const Context&, Worker, const Operation&) override { ++next_; }

 private:
  std::vector<Operation> operations_;
  std::size_t next_ = 0;
};

/// Keeps what the function made until it is taken, so that polling again does not draw again.
class Function : public Generator {
 public:
  explicit Function(std::function<std::optional<Operation>(const Context&)> make)
      : make_(std::move(make)) {}
  Offer poll(const Context& context) override {
    if (!made_) {
      if (ended_) return Offer::exhausted();
      if (context.free.empty()) return Offer::pending();
      made_ = make_(context);
      if (!made_) {
        ended_ = true;
        return Offer::exhausted();
      }
    }
    return offer_to_any(context, *made_);
  }
  void accept(const Context&, Worker, const Operation&) override { made_.reset(); }

 private:
  std::function<std::optional<Operation>(const Context&)> make_;
  std::optional<Operation> made_;
  bool ended_ = false;
};

}  // namespace

GeneratorPtr fixed(Operation operation) {
  return std::make_unique<Fixed>(std::move(operation));
}

GeneratorPtr sequence(std::vector<Operation> operations) {
  return std::make_unique<Sequence>(std::move(operations));
}

GeneratorPtr once(Operation operation) {
  return sequence({std::move(operation)});
}

GeneratorPtr nothing() {
  return sequence({});
}

GeneratorPtr function(std::function<std::optional<Operation>(const Context&)> make) {
  return std::make_unique<Function>(std::move(make));
}

}  // namespace gauntlet::gen
