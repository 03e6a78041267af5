// A priority queue: insert(v) and extract, which answers the smallest value, or nil where there is
// none. A crashed extract takes the smallest. Values are ordered as integers; others come after, by
// their text.
#include <algorithm>

#include "checker/models/model.hpp"
#include "checker/models/priority.hpp"

namespace gauntlet {
namespace {

struct PriorityQueue {
  static constexpr std::string_view name = "priority-queue";
  static constexpr std::string_view description = "smallest first: insert, extract";
  static constexpr std::array functions{
      ModelFunction{"insert", false, true, "the value, not nil"},
      ModelFunction{"extract", true, true, "", "the value; nil where there was none"}};
  static constexpr ModelNotes notes{
      "empty",
      "A `fail` of extract did not happen, and does not say that there was nothing. An extract "
      "whose fate is unknown takes "
      "what is smallest at some time after it began, whatever that is, or nothing. Integers come "
      "first, by size, then all others by their text."};
  using State = std::vector<ValueId>;

  static State initial(const ModelContext&) { return {}; }

  static std::string admit(ModelCall& call, const ModelContext&) {
    (call.function == 0 ? call.output : call.input) = ValueId::nil;
    const bool fits = call.function == 1 || call.input != ValueId::nil;
    return fits ? "" : "a priority queue holds no nil: extract answers it where there is nothing";
  }

  static bool step(State& state, const ModelCall& call, const ModelContext& context) {
    if (call.function == 0) {
      const auto before = [&](ValueId a, ValueId b) { return comes_before(a, b, context.values); };
      state.insert(std::upper_bound(state.begin(), state.end(), call.input, before), call.input);
      return true;
    }
    if (call.outcome == Outcome::ok) {
      const bool fits = state.empty() ? call.output == ValueId::nil : state.front() == call.output;
      if (!fits) return false;
    }
    if (!state.empty()) state.erase(state.begin());
    return true;
  }

  /// A heap; equals leave it in the order in which they came.
  struct InPlace {
    std::vector<std::pair<ValueId, std::size_t>> heap;
    std::size_t inserted = 0;
  };
  static bool step(InPlace& state, const ModelCall& call, const ModelContext& context) {
    auto& heap = state.heap;
    const auto is_behind = [&](const auto& a, const auto& b) {
      if (comes_before(b.first, a.first, context.values)) return true;
      return !comes_before(a.first, b.first, context.values) && b.second < a.second;
    };
    if (call.function == 0) {
      heap.emplace_back(call.input, state.inserted++);
      std::push_heap(heap.begin(), heap.end(), is_behind);
      return true;
    }
    const ValueId smallest = heap.empty() ? ValueId::nil : heap.front().first;
    if (call.outcome == Outcome::ok && call.output != smallest) return false;
    if (heap.empty()) return true;
    std::pop_heap(heap.begin(), heap.end(), is_behind);
    heap.pop_back();
    return true;
  }

  /// Leaving out the calls about the values of V filters the elements: where w was the smallest
  /// (and the first of its equals), it still is; where nothing was there, nothing is. A extract
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

GAUNTLET_REGISTER(Model, ModelOf<PriorityQueue>);

}  // namespace
}  // namespace gauntlet
