// Unique ids: whether any is given out twice.
//
// A generate is legal wherever its id was not given out before, so any order is legal in which no
// id occurs twice, and none in which one does. So the history is linearizable if and only if the
// ids answered are distinct; the order of the invocations agrees with real time; crashed operations
// may be left out. Of two operations with one id both must have happened once the later returns,
// and not before: the first return of an id that has been returned already is the place.
//
// Source: the model's definition. Cost: O(operations), expected.
#include <boost/unordered/unordered_flat_set.hpp>

#include "base/effort.hpp"
#include "checker/linearizable/algorithm.hpp"

namespace gauntlet {
namespace {

class DistinctIds : public PartAlgorithm {
 public:
  std::string_view name() const override { return "distinct-ids"; }
  std::string_view description() const override { return "unique ids, by a hash set, O(n)"; }
  AlgorithmFacts facts() const override {
    return {.idea =
                "Any order is legal in which no id occurs twice, so it suffices that the ids "
                "answered are distinct.",
            .conditions = "none",
            .guarantee = "Sound and complete; the place is the earliest.",
            .cost = "O(operations)",
            .source = "the model's definition",
            .models = {"unique-ids"}};
  }
  int rank() const override { return 20; }
  bool applies(const Part& part) const override {
    return !part.starts_anywhere && part.model->name() == "unique-ids";
  }

  Judgement judge(const Part& part, const Budget& budget) const override {
    Effort effort(budget);
    Judgement judgement;
    judgement.algorithm = "distinct ids";
    boost::unordered_flat_set<ValueId> returned;
    for (std::size_t e = 0; e < part.events.size(); ++e) {
      judgement.reached = e;
      if (effort.exhausted()) {
        judgement.reason = effort.reason();
        return judgement;
      }
      const PartEvent event = part.events[e];
      if (!event.returns) {
        if (!part.operations[event.op].crashed()) judgement.order.push_back(event.op);
      } else if (!returned.insert(part.call(event.op).output).second) {
        judgement.validity = Validity::invalid;
        judgement.fatal = event.op;
        judgement.order.clear();
        return judgement;
      }
    }
    judgement.validity = Validity::valid;
    judgement.has_order = true;
    judgement.configurations = effort.steps();
    return judgement;
  }
};

GAUNTLET_REGISTER(PartAlgorithm, DistinctIds);

}  // namespace
}  // namespace gauntlet
