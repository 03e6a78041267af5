// A queue, first in, first out: enqueue(v) and dequeue, which answers a value, or nil where the
// queue is empty. A crashed dequeue takes whatever is in front.
#include <deque>

#include "checker/models/model.hpp"

namespace gauntlet {
namespace {

struct Queue {
  static constexpr std::string_view name = "queue";
  static constexpr std::string_view description = "first in, first out: enqueue, dequeue";
  static constexpr std::array functions{
      ModelFunction{"enqueue", false, true, "the value, not nil"},
      ModelFunction{"dequeue", true, true, "", "the value; nil where there was none"}};
  static constexpr ModelNotes notes{
      "empty",
      "A `fail` of dequeue did not happen, and does not say that there was nothing. A dequeue "
      "whose fate is unknown takes "
      "what is in front at some time after it began, whatever that is, or nothing."};
  using State = std::vector<ValueId>;
  using InPlace = std::deque<ValueId>;

  static State initial(const ModelContext&) { return {}; }

  static std::string admit(ModelCall& call, const ModelContext&) {
    (call.function == 0 ? call.output : call.input) = ValueId::nil;
    const bool fits = call.function == 1 || call.input != ValueId::nil;
    return fits ? "" : "a queue holds no nil: dequeue answers it where there is nothing";
  }

  template <class Elements>
  static bool step(Elements& state, const ModelCall& call, const ModelContext&) {
    if (call.function == 0) {
      state.push_back(call.input);
      return true;
    }
    if (call.outcome == Outcome::ok) {
      const bool fits = state.empty() ? call.output == ValueId::nil : state.front() == call.output;
      if (!fits) return false;
    }
    if (!state.empty()) state.erase(state.begin());
    return true;
  }

  /// Leaving out the calls about the values of V filters the queue: where w was in front, it still
  /// is, since only others were taken out before it; where nothing was there, nothing is. A dequeue
  /// that crashed and took a value of V goes, too.
  static std::optional<ValueId> subject(const ModelCall& call, const ModelContext&) {
    if (call.function == 0) return call.input;
    if (call.outcome != Outcome::ok || call.output == ValueId::nil) return std::nullopt;
    return call.output;
  }

  /// Answering that there is nothing changes nothing.
  static bool observes_only(const ModelCall& call, const ModelContext&) {
    return call.function == 1 && call.output == ValueId::nil;
  }

  static std::string describe(const State& state, const ModelContext& context) {
    return list_text(state, context);
  }
};

GAUNTLET_REGISTER(Model, ModelOf<Queue>);

}  // namespace
}  // namespace gauntlet
