#include "bench/histories/simulated_history.hpp"

#include <algorithm>
#include <limits>

namespace gauntlet {

namespace {

constexpr double plant_at = 0.985;

/// A client between an invocation and its completion.
struct Client {
  enum class State { idle, invoked, answered };

  State state = State::idle;
  Process process = 0;
  bool crashes = false;
  Call call;
  Answer answer;
};

/// The compare-and-sets of Plant::counts: those that crashed, and the rounds that they allow.
struct CrashedChains {
  std::int64_t a = 0;
  std::int64_t b = 0;
  std::int64_t c = 0;
  std::int64_t direct = 0;
  std::int64_t first_half = 0;
  std::int64_t second_half = 0;

  Call draw(Random& random) {
    switch (random.below(3)) {
      case 0:
        ++direct;
        return {"cas", Value::list({a, b})};
      case 1:
        ++first_half;
        return {"cas", Value::list({a, c})};
      default:
        ++second_half;
        return {"cas", Value::list({c, b})};
    }
  }

  std::int64_t rounds() const { return direct + std::min(first_half, second_half); }
};

class Simulation {
 public:
  Simulation(const SimulationOptions& options, std::unique_ptr<SimulatedObject> object,
             const std::function<void(const Operation&)>& sink)
      : options_(options),
        object_(std::move(object)),
        sink_(sink),
        random_(Random(options.seed).fork("history")),
        clients_(static_cast<std::size_t>(options.processes)) {
    for (std::size_t i = 0; i < clients_.size(); ++i)
      clients_[i].process = static_cast<Process>(i);
    // Beyond all values that are drawn, at either kind of choice.
    chains_.a = std::int64_t{1} << 29;
    chains_.b = chains_.a + 1;
    chains_.c = chains_.a + 2;
  }

  SimulationResult run() {
    emit_steps(object_->opening(), clients_[0]);
    const auto place =
        static_cast<std::int64_t>(plant_at * static_cast<double>(options_.operations));
    bool planted = options_.plant == Plant::none;
    while (invoked_ < options_.operations) {
      const std::size_t i = random_.below(clients_.size());
      if (!planted && invoked_ >= place && clients_[i].state == Client::State::idle) {
        planted = true;
        plant(clients_[i]);
      } else {
        advance(i, true);
      }
    }
    finish();
    return result_;
  }

 private:
  void emit(const Client& client, OperationType type, const Call& call, const Value& value) {
    event_.index = result_.events++;
    event_.time_ns += random_.between(1'000, 100'000);
    event_.type = type;
    event_.process = client.process;
    event_.f = call.f;
    event_.value = value;
    event_.key = call.key;
    sink_(event_);
  }

  void invoke(Client& client) {
    emit(client, OperationType::invoke, client.call, client.call.value);
    client.state = Client::State::invoked;
    ++invoked_;
  }

  void emit_steps(const std::vector<Step>& steps, Client& client) {
    for (const Step& step : steps) {
      emit(client, OperationType::invoke, step.call, step.call.value);
      ++invoked_;
      emit(client, step.answer.type, step.call, step.answer.value);
    }
  }

  void plant(Client& client) {
    result_.planted_index = result_.events;
    if (options_.plant == Plant::stale) {
      emit_steps(object_->stale_steps(), client);
      result_.violation_index = result_.events - 1;
      return;
    }
    const std::int64_t rounds = chains_.rounds() + (options_.plant == Plant::counts ? 1 : 0);
    for (std::int64_t i = 0; i < rounds; ++i) {
      emit_steps({{{"write", chains_.a}, {OperationType::ok, chains_.a}},
                  {{"read"}, {OperationType::ok, chains_.b}}},
                 client);
    }
    if (options_.plant == Plant::counts) result_.violation_index = result_.events - 1;
    // The object never saw a or b; this puts the register where the object has it.
    const auto state = object_->apply({"read"}, 0);
    emit_steps({{{"write", state->value}, *state}}, client);
  }

  void advance(std::size_t i, bool may_invoke) {
    apply_late();
    Client& client = clients_[i];
    switch (client.state) {
      case Client::State::idle:
        if (!may_invoke) return;
        client.call = object_->next_call(random_, i);
        client.crashes = random_.chance(options_.crash_share);
        if (client.crashes && plants_counts() && random_.chance(0.5)) {
          crash_in_chain(client);
          return;
        }
        invoke(client);
        return;
      case Client::State::invoked:
        if (client.crashes) {
          crash(client, i);
        } else if (auto answer = object_->apply(client.call, i)) {
          client.answer = std::move(*answer);
          client.state = Client::State::answered;
        }
        return;
      case Client::State::answered:
        emit(client, client.answer.type, client.call, client.answer.value);
        client.state = Client::State::idle;
        return;
    }
  }

  bool plants_counts() const {
    return options_.plant == Plant::counts || options_.plant == Plant::counts_valid;
  }

  void crash_in_chain(Client& client) {
    client.call = chains_.draw(random_);
    invoke(client);
    retire(client);
  }

  void crash(Client& client, std::size_t i) {
    if (object_->crash_takes_effect(client.call, random_)) {
      if (options_.late_effects && random_.chance(0.5)) {
        late_.push_back(client.call);
      } else {
        object_->apply(client.call, i);
      }
    }
    retire(client);
  }

  void retire(Client& client) {
    emit(client, OperationType::info, client.call, client.call.value);
    client.process += static_cast<Process>(options_.processes);
    client.state = Client::State::idle;
    ++result_.crashed;
  }

  /// Lets a crashed call take effect now and then.
  void apply_late() {
    constexpr double share = 0.005;
    if (late_.empty() || !random_.chance(share)) return;
    const std::size_t i = random_.below(late_.size());
    object_->apply(late_[i], 0);
    late_[i] = std::move(late_.back());
    late_.pop_back();
  }

  /// Completes what is open, in random order.
  void finish() {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < clients_.size(); ++i)
      open.push_back(i);
    while (!open.empty()) {
      const std::size_t k = random_.below(open.size());
      advance(open[k], false);
      if (clients_[open[k]].state == Client::State::idle) {
        open[k] = open.back();
        open.pop_back();
      }
    }
  }

  const SimulationOptions& options_;
  std::unique_ptr<SimulatedObject> object_;
  const std::function<void(const Operation&)>& sink_;
  Random random_;
  std::vector<Client> clients_;
  std::vector<Call> late_;
  CrashedChains chains_;
  Operation event_;
  std::int64_t invoked_ = 0;
  SimulationResult result_;
};

Error refused(std::string what, std::string remedy) {
  return failure(ErrorKind::usage, std::move(what), std::move(remedy));
}

}  // namespace

Result<SimulationResult> simulate_history(const SimulationOptions& options,
                                          const std::function<void(const Operation&)>& sink) {
  auto object = make_simulated_object(options.model, options.values, options.shares);
  if (!object) {
    return refused("no model named " + options.model,
                   "choose register, cas-register, kv, counter, set, grow-only-set, queue, stack, "
                   "priority-queue or mutex");
  }
  constexpr std::int64_t value_count_max = std::int64_t{1} << 28;
  if (options.processes < 1 || options.operations < 1 || options.crash_share < 0 ||
      options.crash_share > 1 || options.values.count < 0 ||
      options.values.count > value_count_max) {
    return refused("a number is out of its range",
                   "give 1 process and 1 operation at least, 0 to 2^28 values, a crash share from "
                   "0 to 1");
  }
  const FunctionShares& shares = options.shares;
  const double shares_total = shares.read + shares.write + shares.cas;
  if (shares.read < 0 || shares.write < 0 || shares.cas < 0 || !(shares_total > 0) ||
      (options.model == "register" && !(shares.read + shares.write > 0))) {
    return refused("the shares of the functions make no sense",
                   "give none below 0, and one above 0 that the model has");
  }
  const double process_max =
      static_cast<double>(options.processes) *
      (1 + static_cast<double>(options.operations) * options.crash_share * 2);
  if (process_max > static_cast<double>(std::numeric_limits<Process>::max())) {
    return refused("crashes would use up all numbers of processes", "let fewer crash");
  }
  if (options.plant != Plant::none && options.plant != Plant::stale &&
      options.model != "cas-register") {
    return refused("counts are planted in a cas-register only", "choose that model");
  }
  if (options.model == "mutex" && options.crash_share > 0 &&
      (options.plant == Plant::stale || options.late_effects)) {
    return refused("a release of a mutex that takes effect late would free another's lock",
                   "let none crash, or plant nothing and have no late effects");
  }
  return Simulation(options, std::move(object), sink).run();
}

}  // namespace gauntlet
