// The two general searches in competition: the first to find an answer wins. Depth first is good at
// finding an order, breadth first at showing that there is none; which of the two it is nobody
// knows before. (Lowe 2017, section 6; Knossos runs its two likewise.)
//
// They run in rounds of equal steps, each round twice as long as the one before: side by side where
// a thread is to be had (Budget::spare_threads), else one after the other. Who is slower loses the
// work of the other at most: a factor of two in steps, and at most another two for the last round.
//
// What comes out does not depend on the threads or the time. A round belongs to the depth-first
// search if that one has its answer within the round's steps; then the other is stopped at once.
// Otherwise it belongs to the breadth-first one, which, if it is there first, waits for the other
// to end its steps. So who wins is a matter of steps, which are counted; and the answer would be
// the same anyway, but for which order of a valid history it is: both are sound and complete, and
// both name the earliest return at which no order exists.
//
// Memory is shared: the depth-first search may take most of what is left, and when that does not
// suffice it gives all back and leaves the field to the other.
#include <algorithm>
#include <atomic>
#include <new>
#include <system_error>
#include <thread>

#include "base/effort.hpp"
#include "checker/linearizable/general/general_search.hpp"
#include "checker/linearizable/parallel.hpp"

namespace gauntlet {

Judgement run_alone(GeneralSearch& search) {
  constexpr std::size_t turn_steps = std::size_t{1} << 40;
  while (search.advance(turn_steps) == GeneralSearch::State::running) {
  }
  return search.judgement();
}

namespace {

using State = GeneralSearch::State;

/// One of the two. Once it has run out of its budget it is gone.
class Competitor {
 public:
  using Make = std::unique_ptr<GeneralSearch> (*)(const Part&, const Budget&, const GeneralRules&);

  Competitor(Make make, const Part& part, const Budget& budget)
      : make_(make), part_(part), budget_(budget) {}

  /// True if it has the answer.
  bool advance(std::size_t steps_max) {
    if (is_out_) return false;
    try {
      if (!search_) search_ = make_(part_, budget_, {});
      const State state = search_->advance(steps_max);
      if (state == State::running) return false;
      judgement_ = search_->judgement();
    } catch (const std::bad_alloc&) {
      search_.reset();
      judgement_ = {};
      judgement_.reason = memory_reason;
    }
    search_.reset();
    is_out_ = true;
    return judgement_.validity != Validity::unknown;
  }

  bool is_out() const { return is_out_; }
  Judgement& judgement() { return judgement_; }

 private:
  Make make_;
  const Part& part_;
  Budget budget_;
  std::unique_ptr<GeneralSearch> search_;
  bool is_out_ = false;
  Judgement judgement_;
};

class Competition {
 public:
  Competition(const Part& part, const Budget& budget)
      : spare_threads_(budget.spare_threads),
        depth_(make_depth_search, part, share_of(budget)),
        breadth_(make_breadth_search, part, until_overtaken(budget)) {}

  Judgement run() {
    for (std::size_t steps = steps_min; !depth_.is_out() || !breadth_.is_out();
         steps = std::min(2 * steps, steps_max)) {
      if (play_round(steps)) return std::move(winner_->judgement());
    }
    Judgement& a = depth_.judgement();
    Judgement& b = breadth_.judgement();
    return std::move(a.reached > b.reached ? a : b);
  }

 private:
  static constexpr std::size_t steps_min = 1u << 12;
  static constexpr std::size_t steps_max = 1u << 20;

  static Budget share_of(const Budget& budget) {
    Budget share = budget;
    const std::size_t used = process_memory_bytes();
    if (budget.memory_bytes_max > used) {
      share.memory_bytes_max = used + (budget.memory_bytes_max - used) / 3 * 2;
    }
    return share;
  }

  Budget until_overtaken(const Budget& budget) const {
    Budget until = budget;
    until.overtaken = &overtaken_;
    return until;
  }

  bool play_round(std::size_t steps) {
    // A first round is over before a thread would have started.
    if (steps > steps_min && !depth_.is_out() && !breadth_.is_out() && play_side_by_side(steps)) {
      return winner_ != nullptr;
    }
    if (depth_.advance(steps)) {
      winner_ = &depth_;
    } else if (breadth_.advance(steps)) {
      winner_ = &breadth_;
    }
    return winner_ != nullptr;
  }

  /// False if there is no thread for it.
  bool play_side_by_side(std::size_t steps) {
    const SpareThread spare(spare_threads_);
    if (!spare) return false;
    bool breadth_wins = false;
    std::thread other;
    try {
      other = std::thread([&] { breadth_wins = breadth_.advance(steps); });
    } catch (const std::system_error&) {
      return false;
    } catch (const std::bad_alloc&) {
      return false;
    }
    const bool depth_wins = depth_.advance(steps);
    if (depth_wins) overtaken_ = true;
    other.join();
    if (depth_wins) {
      winner_ = &depth_;
    } else if (breadth_wins) {
      winner_ = &breadth_;
    }
    return true;
  }

  std::atomic<int>* spare_threads_;
  std::atomic<bool> overtaken_ = false;
  Competitor depth_, breadth_;
  Competitor* winner_ = nullptr;
};

class CompetitionAlgorithm : public PartAlgorithm {
 public:
  std::string_view name() const override { return "general"; }
  std::string_view description() const override {
    return "depth-first and breadth-first search in competition, for any model (Lowe 2017)";
  }
  AlgorithmFacts facts() const override {
    return {
        .idea =
            "The two general searches in rounds of equal steps, on two cores where there are two; "
            "the first that finds an answer wins, and who that is does not depend on the time.",
        .conditions = "none; a model of your own as well",
        .guarantee = "Sound; complete if its budget suffices. The place is the earliest.",
        .cost = "exponential at worst; at most four times the steps of the better of the two",
        .source = "G. Lowe, Testing for linearizability, CCPE 2017, section 6"};
  }
  int rank() const override { return 200; }
  bool applies(const Part&) const override { return true; }
  Judgement judge(const Part& part, const Budget& budget) const override {
    return Competition(part, budget).run();
  }
};

GAUNTLET_REGISTER(PartAlgorithm, CompetitionAlgorithm);

}  // namespace
}  // namespace gauntlet
