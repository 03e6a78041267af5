// What most generators around one other share: they pass on what was taken and what happened.
#pragma once

#include <utility>

#include "harness/generator/generator.hpp"

namespace gauntlet::gen {

class Wrapper : public Generator {
 public:
  explicit Wrapper(GeneratorPtr inner) : inner_(std::move(inner)) { GAUNTLET_ASSERT(inner_); }
  Offer poll(const Context& context) override { return inner_->poll(context); }
  void accept(const Context& context, Worker worker, const Operation& taken) override {
    inner_->accept(context, worker, taken);
  }
  void update(const Context& context, Worker worker, const Operation& event) override {
    inner_->update(context, worker, event);
  }

 protected:
  GeneratorPtr inner_;
};

/// An operation that any free worker may take, at any time; pending where none is free.
inline Offer offer_to_any(const Context& context, const Operation& operation) {
  const Worker worker = context.pick();
  if (worker == no_worker) return Offer::pending();
  Offer offer;
  offer.kind = Offer::Kind::operation;
  offer.worker = worker;
  offer.operation = operation;
  return offer;
}

}  // namespace gauntlet::gen
