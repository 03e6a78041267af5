// Sets that are read as a whole, from which nothing is removed and to which no value is added
// twice: layers.
//
// Reads answer growing sets: in any order, of two reads the first answered a subset of the second.
// So the sets answered must form a chain S1 < S2 < ..., and adds and reads stand in layers, one
// after another: the adds of S1, the reads of S1, the adds of what S2 has more, the reads of S2,
// ... and at last the adds that no read saw (crashed ones of these only if a contains found the
// value; otherwise they may as well not have happened). Within a layer the order is free. A
// contains stands anywhere behind its value's add, if it found the value, or before it.
//
// For an add let i be the latest invocation among itself and the contains that did not find its
// value, and r the first return among itself and the contains that did; for a read let i and r be
// its own. These must take effect between i and r (an add, so that the contains can stand on their
// side). There is an order if and only if the sets form a chain, each value that was found was
// added by somebody, and i(x) < r(y) whenever x = y or the layer of x is before that of y. This is
// necessary, since x takes effect after i(x), y before r(y), and x before y. And it is sufficient:
// let x take effect right after the latest of i(x) and all i of the layers before. That moment is
// before r(x), and layers do not come before earlier ones; a contains that found its value takes
// effect right after its invocation or the add, whichever is later, and one that did not right
// after its invocation.
//
// Whether a prefix of the history has an order is found so in O(events + length of the answers). A
// history that has none has a first return up to which there is none, found by halving: O(log
// events) times that. Reads of one answer count once.
//
// Source: ours; Jepsen's set checker looks at single elements (set-full). An add that answered
// false found its value, which only another add could have put there: impossible by itself.
#include <algorithm>
#include <tuple>

#include "base/effort.hpp"
#include "checker/linearizable/algorithm.hpp"
#include "checker/linearizable/one_pass/set_part.hpp"

namespace gauntlet {
namespace {

using Moment = SetPart::Moment;
constexpr Moment never = SetPart::never;
using Layer = std::uint32_t;

class SetLayers {
 public:
  SetLayers(const Part& part, const Budget& budget) : part_(part), set_(part), effort_(budget) {
    invoked_.resize(part.operations.size(), never);
    returned_.resize(part.operations.size(), never);
    adder_.resize(set_.values, no_op);
    for (Moment e = 0; e < part.events.size(); ++e) {
      (part.events[e].returns ? returned_ : invoked_)[part.events[e].op] = e;
    }
    for (OpId op = 0; op < part.operations.size(); ++op) {
      if (set_.role(part, op) == Role::add) adder_[set_.value(part, op)] = op;
    }
    list_answers();
  }

  Judgement run() {
    Judgement judgement;
    judgement.algorithm = "layers of a growing set";
    auto end = static_cast<Moment>(part_.events.size());
    if (!ended_ && possible(end)) {
      judgement.validity = Validity::valid;
      judgement.order = order();
      judgement.has_order = true;
    } else if (!ended_) {
      Moment begin = 0;  // up to here it is possible, up to `end` not
      while (begin + 1 < end && !ended_) {
        const Moment middle = begin + (end - begin) / 2;
        (possible(middle) ? begin : end) = middle;
        judgement.reached = begin;
      }
      judgement.validity = Validity::invalid;
      judgement.fatal = part_.events[end - 1].op;
    }
    judgement.configurations = effort_.steps();
    if (ended_) {
      judgement.validity = Validity::unknown;
      judgement.reason = effort_.reason();
    }
    return judgement;
  }

 private:
  using Role = SetPart::Role;

  /// The values of each read's answer, each once; in rising order of how many they are.
  void list_answers() {
    std::vector<std::uint32_t> seen_in(set_.values, 0);
    answer_of_kind_.resize(part_.kinds.size(), no_answer);
    for (std::uint32_t kind = 0; kind < part_.kinds.size() && !ended_; ++kind) {
      if (set_.kinds[kind].role != Role::read) continue;
      Answer answer{kind, static_cast<std::uint32_t>(members_.size()), 0};
      for (const ValueId value : part_.context->values.as_list(part_.kinds[kind].output)) {
        if (effort_.exhausted()) ended_ = true;
        if (part_.context->is_left_out(value)) continue;
        const std::uint32_t number = set_.number(value);
        if (number >= set_.values || adder_[number] == no_op) {
          answer.is_possible = false;
        } else if (seen_in[number] != kind + 1) {
          seen_in[number] = kind + 1;
          members_.push_back(number);
        }
      }
      answer.end = static_cast<std::uint32_t>(members_.size());
      answers_.push_back(answer);
    }
    std::stable_sort(answers_.begin(), answers_.end(),
                     [](const Answer& a, const Answer& b) { return a.size() < b.size(); });
    for (std::uint32_t i = 0; i < answers_.size(); ++i)
      answer_of_kind_[answers_[i].kind] = i;
  }

  bool stopped() {
    ended_ = ended_ || effort_.exhausted();
    return ended_;
  }

  /// Whether the operations before event `end` have an order; sets layers and bounds. Meaningless
  /// once `ended_`.
  bool possible(Moment end) {
    end_ = end;
    return layer_reads(end) && bound(end) && in_order();
  }

  bool layer_reads(Moment end) {
    std::vector<bool> is_answered(answers_.size(), false);
    for (OpId op = 0; op < part_.operations.size(); ++op) {
      const bool reads = set_.role(part_, op) == Role::read;
      if (reads && returned_[op] < end) is_answered[answer_of(op)] = true;
    }
    layer_.assign(set_.values, unseen);
    read_layer_.assign(answers_.size(), unseen);
    layers_ = 0;
    std::size_t below = 0;  // how many values are in layers
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      if (!is_answered[i]) continue;
      const Answer& answer = answers_[i];
      if (!answer.is_possible) return false;
      std::size_t in_below = 0;
      for (std::uint32_t m = answer.begin; m < answer.end; ++m) {
        if (stopped()) return false;
        in_below += layer_[members_[m]] != unseen;
      }
      if (in_below != below) return false;
      if (answer.size() > below || layers_ == 0) layers_ += 2;
      for (std::uint32_t m = answer.begin; m < answer.end; ++m) {
        if (layer_[members_[m]] == unseen) layer_[members_[m]] = layers_ - 2;
      }
      read_layer_[i] = layers_ - 1;
      below = answer.size();
    }
    return true;
  }

  /// The times between which adds must take effect; false if one cannot.
  bool bound(Moment end) {
    after_.assign(set_.values, 0);
    before_.assign(set_.values, never);
    for (OpId op = 0; op < part_.operations.size(); ++op) {
      if (stopped()) return false;
      const Role role = set_.role(part_, op);
      if (role == Role::read) continue;
      const std::uint32_t value = set_.value(part_, op);
      if (role == Role::add) after_[value] = std::max(after_[value], invoked_[op]);
      if (returned_[op] >= end) continue;
      if (role == Role::impossible) return false;
      if (role == Role::lacks) {
        after_[value] = std::max(after_[value], invoked_[op]);
      } else {
        before_[value] = std::min(before_[value], returned_[op]);
      }
      if (role == Role::needs && adder_[value] == no_op) return false;
    }
    return true;
  }

  bool is_included(std::uint32_t value) const {
    return adder_[value] != no_op && (layer_[value] != unseen || before_[value] != never);
  }
  Layer layer_of(std::uint32_t value) const {
    return layer_[value] == unseen ? layers_ : layer_[value];
  }

  bool in_order() {
    latest_.assign(layers_ + 2, 0);
    std::vector<Moment> first_return(layers_ + 1, never);
    for (std::uint32_t value = 0; value < set_.values; ++value) {
      if (!is_included(value)) continue;
      if (after_[value] > before_[value]) return false;
      const Layer layer = layer_of(value);
      latest_[layer + 1] = std::max(latest_[layer + 1], after_[value]);
      first_return[layer] = std::min(first_return[layer], before_[value]);
    }
    for (OpId op = 0; op < part_.operations.size(); ++op) {
      if (set_.role(part_, op) != Role::read) continue;
      const Layer layer = read_layer_[answer_of(op)];
      // Reads of this answer that have not returned yet may be left out.
      if (layer == unseen || returned_[op] >= end_) continue;
      latest_[layer + 1] = std::max(latest_[layer + 1], invoked_[op]);
      first_return[layer] = std::min(first_return[layer], returned_[op]);
    }
    // From here on, the latest of the layers before.
    for (Layer layer = 1; layer < latest_.size(); ++layer)
      latest_[layer] = std::max(latest_[layer], latest_[layer - 1]);
    for (Layer layer = 0; layer <= layers_; ++layer) {
      if (latest_[layer] > first_return[layer]) return false;
    }
    return true;
  }

  /// Requires `possible` of the whole.
  std::vector<OpId> order() {
    struct Placed {
      Moment moment;
      std::uint32_t rank;  // among those of one moment
      OpId op;
    };
    std::vector<Placed> placed;
    placed.reserve(part_.operations.size());
    for (OpId op = 0; op < part_.operations.size(); ++op) {
      const Role role = set_.role(part_, op);
      const std::uint32_t value = set_.value(part_, op);
      if (role == Role::read) {
        const Layer layer = read_layer_[answer_of(op)];
        placed.push_back({std::max(invoked_[op], latest_[layer]), 2 * layer + 1, op});
      } else if (role == Role::lacks) {
        placed.push_back({invoked_[op], 0, op});
      } else if (is_included(value)) {
        const Layer layer = layer_of(value);
        const Moment added = std::max(after_[value], latest_[layer]);
        if (role == Role::add) placed.push_back({added, 2 * layer + 1, op});
        if (role == Role::needs)
          placed.push_back({std::max(added, invoked_[op]), 2 * layer + 2, op});
      }
    }
    std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
      return std::tie(a.moment, a.rank, a.op) < std::tie(b.moment, b.rank, b.op);
    });
    std::vector<OpId> result;
    result.reserve(placed.size());
    for (const Placed& each : placed)
      result.push_back(each.op);
    return result;
  }

  struct Answer {
    std::uint32_t kind;
    std::uint32_t begin, end;  // into members_
    bool is_possible = true;   // all its values are added by somebody
    std::size_t size() const { return end - begin; }
  };

  std::uint32_t answer_of(OpId op) const { return answer_of_kind_[part_.operations[op].kind]; }

  static constexpr Layer unseen = 0xFFFFFFFFu;
  static constexpr std::uint32_t no_answer = 0xFFFFFFFFu;

  const Part& part_;
  SetPart set_;
  Effort effort_;
  bool ended_ = false;
  std::vector<Moment> invoked_, returned_;  // by operation
  std::vector<OpId> adder_;                 // by value
  std::vector<Answer> answers_;
  std::vector<std::uint32_t> answer_of_kind_;
  std::vector<std::uint32_t> members_;
  Moment end_ = 0;
  Layer layers_ = 0;
  std::vector<Layer> layer_;            // by value
  std::vector<Layer> read_layer_;       // by answer
  std::vector<Moment> after_, before_;  // by value: when its add must take effect
  std::vector<Moment> latest_;          // by layer: the latest invocation of the layers before
};

class SetLayersAlgorithm : public PartAlgorithm {
 public:
  std::string_view name() const override { return "set-layers"; }
  std::string_view description() const override {
    return "sets with unique adds, reads of all and no removes: layers, O(n log n)";
  }
  AlgorithmFacts facts() const override {
    return {.idea =
                "The sets that reads answer must form a chain; adds and reads then stand in "
                "layers, one after another, and only the latest invocation and the first return of "
                "each matter.",
            .conditions = "no value is added twice, and none removed",
            .guarantee = "Sound and complete; the place is the earliest.",
            .cost = "O((events + length of the answers) log events)",
            .source = "ours",
            .models = {"set", "grow-only-set"}};
  }
  int rank() const override { return 21; }
  bool applies(const Part& part) const override {
    return SetPart::has_unique_adds(part) && !removes(part);
  }
  Judgement judge(const Part& part, const Budget& budget) const override {
    return SetLayers(part, budget).run();
  }

 private:
  static bool removes(const Part& part) {
    return std::any_of(part.kinds.begin(), part.kinds.end(), [&](const ModelCall& call) {
      return part.model->functions()[call.function].name == "remove";
    });
  }
};

GAUNTLET_REGISTER(PartAlgorithm, SetLayersAlgorithm);

}  // namespace
}  // namespace gauntlet
