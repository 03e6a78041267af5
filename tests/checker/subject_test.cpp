// What the models say about single calls, against their steps: which calls may be left out of a
// legal sequence, which change nothing; and replays.
#include <doctest/doctest.h>

#include <algorithm>

#include "checker/models/model.hpp"
#include "draw.hpp"
#include "histories.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

/// Calls of a model, drawn at random, some of them with an answer that is not known.
class Calls {
 public:
  Calls(const Model& model, Random& random, int count) : model_(model) {
    const std::string name(model.name());
    std::vector<TestOperation> operations;
    for (int i = 0; i < count; ++i) {
      const std::string f(model.functions()[random.below(model.functions().size())].name);
      const auto fate = random.chance(0.15) ? OperationType::info : OperationType::ok;
      operations.push_back({i, f, draw(random, name, f, false), draw(random, name, f, true), 2 * i,
                            2 * i + 1, fate});
    }
    history_ = make_history(operations);
    CheckOptions options;
    options.initial = name == "semaphore" ? Value(2) : Value();
    context.emplace(context_of(history_, model, options));
    for (EventIndex event = 0; event < history_.size(); event += 2) {
      ModelCall call;
      while (model.functions()[call.function].name != history_.function_name(history_.f(event)))
        ++call.function;
      call.input = history_.value(event);
      call.process = static_cast<Process>(random.below(2));
      const bool is_known = history_.type(event + 1) == OperationType::ok;
      call.outcome = is_known ? Outcome::ok : Outcome::unknown;
      if (is_known) call.output = history_.value(event + 1);
      if (model.counts(call, *context) && model.admit(call, *context).empty()) all.push_back(call);
    }
  }

  bool is_legal(const std::vector<ModelCall>& calls) const {
    const auto states = model_.states(calls, *context);
    StateId state = states->initial();
    for (std::uint32_t i = 0; i < calls.size() && state != no_state; ++i)
      state = states->step(state, i);
    return state != no_state;
  }

  std::vector<ModelCall> all;
  std::optional<ModelContext> context;

 private:
  const Model& model_;
  History history_;
};

}  // namespace

TEST_CASE("all calls about a value may be left out together") {
  for (const Model* model : ModelRegistry::instance().all()) {
    CAPTURE(model->name());
    Random random = Random(11).fork(std::string(model->name()));
    for (int i = 0; i < 1500; ++i) {
      Calls calls(*model, random, 40);
      std::vector<ModelCall> legal;
      for (const ModelCall& call : calls.all) {
        legal.push_back(call);
        if (!calls.is_legal(legal)) legal.pop_back();
      }
      ValueSet subjects;
      for (const ModelCall& call : legal) {
        const auto subject = model->subject(call, *calls.context);
        if (subject && random.chance(0.5)) subjects.insert(*subject);
      }
      if (subjects.empty()) continue;
      std::vector<ModelCall> rest;
      std::vector<std::size_t> doubtful;  // positions in `rest`
      for (const ModelCall& call : legal) {
        const auto subject = model->subject(call, *calls.context);
        if (subject && subjects.contains(*subject)) continue;
        if (!subject && call.outcome == Outcome::unknown) doubtful.push_back(rest.size());
        rest.push_back(call);
      }
      const LeftOut left_out{subjects};
      calls.context->left_out = &left_out;
      bool is_legal = false;
      for (std::size_t choice = 0; choice < std::size_t{1} << doubtful.size(); ++choice) {
        std::vector<ModelCall> chosen;
        for (std::size_t k = 0; k < rest.size(); ++k) {
          const auto at = std::find(doubtful.begin(), doubtful.end(), k);
          const bool goes = at != doubtful.end() && (choice >> (at - doubtful.begin()) & 1u) != 0;
          if (!goes) chosen.push_back(rest[k]);
        }
        is_legal = is_legal || calls.is_legal(chosen);
      }
      REQUIRE(is_legal);
    }
  }
}

TEST_CASE("calls that a model calls observers change nothing") {
  for (const Model* model : ModelRegistry::instance().all()) {
    CAPTURE(model->name());
    Random random = Random(12).fork(std::string(model->name()));
    int observers = 0;
    for (int i = 0; i < 500; ++i) {
      const Calls calls(*model, random, 30);
      const auto states = model->states(calls.all, *calls.context);
      StateId state = states->initial();
      for (std::uint32_t k = 0; k < calls.all.size(); ++k) {
        const StateId after = states->step(state, k);
        if (after == no_state) continue;
        const bool observes = !model->updates(calls.all[k], *calls.context);
        observers += observes;
        REQUIRE((!observes || after == state));
        state = after;
      }
    }
    const bool has_observers = model->name() != "unique-ids" && !model->name().ends_with("mutex") &&
                               model->name() != "semaphore";
    CHECK((observers > 0) == has_observers);
  }
}

TEST_CASE("a replay allows what the steps allow") {
  for (const Model* model : ModelRegistry::instance().all()) {
    CAPTURE(model->name());
    Random random = Random(13).fork(std::string(model->name()));
    for (int i = 0; i < 500; ++i) {
      const Calls calls(*model, random, 30);
      std::vector<ModelCall> legal;
      for (const ModelCall& call : calls.all) {
        legal.push_back(call);
        const auto replay = model->replay(*calls.context);
        const bool allows = std::all_of(legal.begin(), legal.end(),
                                        [&](const ModelCall& each) { return replay->step(each); });
        REQUIRE(allows == calls.is_legal(legal));
        if (!allows) legal.pop_back();
      }
    }
  }
}
