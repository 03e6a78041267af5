// Random histories of any model, of three kinds: random throughout; of clients that use a real
// object, so that they are valid; and these with a single change.
#pragma once

#include <string>
#include <vector>

#include "checker/models/model.hpp"
#include "model_objects.hpp"

namespace gauntlet::testing {

/// What random histories of a model are made of.
struct ModelShape {
  int operations = 6;
  int processes = 3;
  int values = 3;  ///< distinct ones; 0: each is new
  double crash = 0.15;
  double fail = 0.05;
  /// Of the model's functions, in their order; a function that is not mentioned weighs 1.
  std::vector<double> weights = {};
};

enum class HistoryKind { random, valid, mutated };

/// Makes the operations of one history.
class ModelSimulation {
 public:
  ModelSimulation(Random& random, const Model& model, const ModelShape& shape)
      : random_(random), model_(model), shape_(shape), object_(make_test_object(model.name())) {
    if (object_ == nullptr) std::abort();  // a new model needs an object in model_objects.hpp
    object_->values.count = shape.values;
    for (int i = 0; i < shape.processes; ++i)
      clients_.push_back({i});
    next_process_ = shape.processes;
  }

  std::vector<TestOperation> run(HistoryKind kind) {
    is_random_ = kind == HistoryKind::random;
    while (static_cast<int>(operations_.size()) < shape_.operations || running_ > 0) {
      ++now_;
      const std::size_t i = random_.below(clients_.size());
      if (clients_[i].operation >= 0) {
        go_on(i);
      } else if (static_cast<int>(operations_.size()) < shape_.operations) {
        invoke(i);
      }
      apply_late();
    }
    if (kind == HistoryKind::mutated) mutate();
    return std::move(operations_);
  }

 private:
  struct Client {
    int process;
    int operation = -1;  // the one outstanding
    bool crashes = false, done = false;
    int patience = 0;
  };

  const std::string& draw_function() {
    const auto functions = model_.functions();
    const auto weight = [&](std::size_t i) {
      return i < shape_.weights.size() ? shape_.weights[i] : 1.0;
    };
    double total = 0;
    for (std::size_t i = 0; i < functions.size(); ++i)
      total += weight(i);
    double left = random_.fraction() * total;
    std::size_t chosen = 0;
    while (chosen + 1 < functions.size() && left >= weight(chosen))
      left -= weight(chosen++);
    return function_ = functions[chosen].name;
  }

  void invoke(std::size_t i) {
    Client& client = clients_[i];
    TestOperation operation{client.process, draw_function(), {}, {}, now_, 0};
    operation.value = object_->input(random_, operation.f, static_cast<int>(i));
    operation.answer = object_->answer(random_, operation);
    client.operation = static_cast<int>(operations_.size());
    client.crashes = random_.chance(shape_.crash);
    client.done = is_random_;
    client.patience = 4;
    operations_.push_back(operation);
    ++running_;
  }

  void go_on(std::size_t i) {
    Client& client = clients_[i];
    TestOperation& operation = operations_[static_cast<std::size_t>(client.operation)];
    if (!client.done && !client.crashes) {
      const bool refused = random_.chance(shape_.fail);
      auto answer = refused ? std::nullopt : object_->apply(random_, operation);
      if (!answer && !refused && --client.patience > 0) return;  // it waits for somebody else
      if (answer) {
        operation.answer = std::move(*answer);
      } else {
        operation.type = OperationType::fail;
      }
      client.done = true;
      return;
    }
    operation.completed = now_;
    if (client.crashes) {
      operation.type = random_.chance(0.5) ? OperationType::info : OperationType::invoke;
      // Half of them take effect: now, which is after the operation was given up, or later.
      if (!is_random_ && random_.chance(0.5)) late_.push_back(client.operation);
      client.process = next_process_++;
    } else if (is_random_ && random_.chance(shape_.fail)) {
      operation.type = OperationType::fail;
    }
    client.operation = -1;
    --running_;
  }

  void apply_late() {
    if (late_.empty() || !random_.chance(0.3)) return;
    const std::size_t i = random_.below(late_.size());
    // It may change what it was called with: a client that looked just before it called.
    object_->apply(random_, operations_[static_cast<std::size_t>(late_[i])]);
    late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  /// One change: an answer, a completion's moment, or an operation that is gone.
  void mutate() {
    const std::size_t i = random_.below(operations_.size());
    switch (random_.below(4)) {
      case 0:
        operations_.erase(operations_.begin() + static_cast<std::ptrdiff_t>(i));
        return;
      case 1:
        move_completion(operations_[i]);
        return;
      default:
        change_answer();
        return;
    }
  }

  /// Of an operation whose answer says something; one that failed or crashed may thereby succeed.
  void change_answer() {
    std::vector<std::size_t> telling;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      for (const ModelFunction& function : model_.functions()) {
        if (function.name == operations_[i].f && function.observes) telling.push_back(i);
      }
    }
    if (telling.empty()) return;
    TestOperation& operation = operations_[telling[random_.below(telling.size())]];
    operation.answer = object_->answer(random_, operation);
    operation.type = OperationType::ok;
  }

  void move_completion(TestOperation& operation) {
    for (TestOperation& each : operations_) {
      each.invoked *= 2;
      each.completed *= 2;
    }
    const int latest = 2 * now_;
    operation.completed =
        static_cast<int>(random_.between(operation.invoked / 2, latest / 2)) * 2 + 1;
    operation.process = next_process_++;  // it may overlap its process's next now
  }

  Random& random_;
  const Model& model_;
  const ModelShape& shape_;
  std::unique_ptr<TestObject> object_;
  std::vector<Client> clients_;
  std::vector<TestOperation> operations_;
  std::vector<int> late_;  // crashed operations that will take effect
  std::string function_;
  int next_process_ = 0, now_ = 0, running_ = 0;
  bool is_random_ = false;
};

/// `model` is registered and has an object in model_objects.hpp.
inline std::vector<TestOperation> model_operations(Random& random, const Model& model,
                                                   const ModelShape& shape, HistoryKind kind) {
  return ModelSimulation(random, model, shape).run(kind);
}

}  // namespace gauntlet::testing
