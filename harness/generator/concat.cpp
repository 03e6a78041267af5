// One generator after another, with and without barriers, and the same one over and over.
#include <limits>

#include "harness/generator/generators.hpp"
#include "harness/generator/wrapper.hpp"

namespace gauntlet::gen {

namespace {

/// Events go to the current part only: earlier ones are over, later ones have not begun.
class Concat : public Generator {
 public:
  explicit Concat(std::vector<GeneratorPtr> parts) : parts_(std::move(parts)) {
    for (const auto& part : parts_)
      GAUNTLET_ASSERT(part);
  }
  Offer poll(const Context& context) override {
    for (; current_ < parts_.size(); ++current_) {
      Offer offer = parts_[current_]->poll(context);
      if (offer.kind != Offer::Kind::exhausted) return offer;
      parts_[current_].reset();
    }
    return Offer::exhausted();
  }
  void accept(const Context& context, Worker worker, const Operation& taken) override {
    parts_[current_]->accept(context, worker, taken);
  }
  void update(const Context& context, Worker worker, const Operation& event) override {
    if (current_ < parts_.size()) parts_[current_]->update(context, worker, event);
  }

 private:
  std::vector<GeneratorPtr> parts_;
  std::size_t current_ = 0;
};

class Synchronize : public Wrapper {
 public:
  using Wrapper::Wrapper;
  Offer poll(const Context& context) override {
    if (!open_) {
      if (!(context.free == context.all)) return Offer::pending();
      open_ = true;
    }
    return inner_->poll(context);
  }

 private:
  bool open_ = false;
};

class Repeat : public Generator {
 public:
  Repeat(std::size_t times, Factory factory) : left_(times), factory_(std::move(factory)) {}
  Offer poll(const Context& context) override {
    while (left_ > 0) {
      if (!current_) {
        current_ = factory_();
        GAUNTLET_ASSERT(current_);
        empty_ = true;
      }
      Offer offer = current_->poll(context);
      if (offer.kind != Offer::Kind::exhausted) {
        empty_ = false;
        return offer;
      }
      // A factory whose product never offers anything would keep us here for ever.
      left_ = empty_ ? 0 : (left_ == endless ? endless : left_ - 1);
      current_.reset();
    }
    return Offer::exhausted();
  }
  void accept(const Context& context, Worker worker, const Operation& taken) override {
    current_->accept(context, worker, taken);
  }
  void update(const Context& context, Worker worker, const Operation& event) override {
    if (current_) current_->update(context, worker, event);
  }

  static constexpr std::size_t endless = std::numeric_limits<std::size_t>::max();

 private:
  std::size_t left_;
  Factory factory_;
  GeneratorPtr current_;
  bool empty_ = true;  ///< the current one has answered nothing but "exhausted"
};

}  // namespace

GeneratorPtr concat(std::vector<GeneratorPtr> parts) {
  return std::make_unique<Concat>(std::move(parts));
}

GeneratorPtr synchronize(GeneratorPtr inner) {
  return std::make_unique<Synchronize>(std::move(inner));
}

GeneratorPtr phases(std::vector<GeneratorPtr> parts) {
  for (auto& part : parts)
    part = synchronize(std::move(part));
  return concat(std::move(parts));
}

GeneratorPtr repeat(std::size_t times, Factory factory) {
  return std::make_unique<Repeat>(times, std::move(factory));
}

GeneratorPtr cycle(Factory factory) {
  return repeat(Repeat::endless, std::move(factory));
}

}  // namespace gauntlet::gen
