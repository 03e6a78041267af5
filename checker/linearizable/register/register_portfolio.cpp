// The algorithm for registers and compare-and-set registers: beam searches that look for an order
// and, where they are stuck, searches that try to show that there is none.
//
// From below: a beam search (register_search_beam.hpp) has an order of everything up to the event
// where it is stuck. Where it has been stuck several times it begins again with other costs of
// crashed operations (register_guide.hpp). From above: a refutation (register_refutation.hpp) shows
// that there is no order up to some event. When both meet at one event, that is the earliest return
// at which no order exists. They take turns until then; a beam search is complete, too, as long as
// it has dropped nothing.
//
// Where they do not meet, but there certainly is no order up to some later event, the answer is
// "invalid, at that event or before". This takes effort that grows with what it took to know so
// much: steps, not time, so that the same history gets the same answer.
//
// Cost: O(events) times a small number of configurations as a rule; exponential at worst.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

#include "checker/linearizable/algorithm.hpp"
#include "checker/linearizable/register/register_guide.hpp"
#include "checker/linearizable/register/register_refutation.hpp"

namespace gauntlet {
namespace {

class Portfolio {
 public:
  Portfolio(const RegisterPart& part, const Budget& budget)
      : part_(part),
        effort_(budget),
        high_(part.events.size()),
        guides_{RegisterGuide(part, 0, CrashedPrices::Rule::add),
                RegisterGuide(part, 0, CrashedPrices::Rule::multiply)} {}

  Judgement run() {
    judgement_.algorithm = "just-in-time linearization over abstract register configurations";
    for (unsigned attempt = 0;; ++attempt) {
      if (climb(attempt)) break;
      if (!effort_.reason().empty() || part_.lanes.empty()) break;
      if (effort_.steps() > enough_steps_) break;
      // The next attempt knows better what to save.
      RegisterGuide& guide = guides_[attempt % guides_.size()];
      guide.aim(low_ + 1);
      for (int i = 0; i < guide_passes && guide.improve(effort_); ++i) {
      }
      climbing_steps_ += search_->steps();
      RegisterSearchOptions options;
      options.costs = guide.costs();
      search_ = make_register_search(part_, options);
    }
    judgement_.reached = low_;
    judgement_.configurations = effort_.steps();
    if (judgement_.validity == Validity::unknown && high_ < part_.events.size()) {
      invalid(high_, how_);
      judgement_.fatal_is_earliest = false;
    }
    if (judgement_.validity == Validity::unknown) judgement_.reason = effort_.reason();
    return std::move(judgement_);
  }

 private:
  using State = RegisterSearchState;

  /// Lets the beam search go on until it has been stuck too often. True if it is decided.
  bool climb(unsigned attempt) {
    if (!search_) search_ = make_register_search(part_, {});
    const unsigned stuck_most = part_.lanes.empty() ? 1000u : 2 + attempt / 4;
    for (;;) {
      const State state = search_->advance(effort_, steps_at_once);
      if (!effort_.reason().empty()) return false;
      if (state == State::running) continue;
      if (state == State::finished) {
        judgement_.validity = Validity::valid;
        judgement_.order = order_from_steps(part_, search_->best_way());
        judgement_.has_order = true;
        return true;
      }
      if (search_->event() > low_ || !near_) {
        low_ = search_->event();
        near_ = std::make_unique<RegisterRefutation>(part_, low_);
      }
      if (state == State::dead) {
        invalid(search_->event(), "");
        return true;
      }
      if (refute()) return true;
      if (search_->stuck_count() > stuck_most) return false;
      search_->widen();
    }
  }

  /// Spends as much on showing that there is no order as has been spent on looking for one. True if
  /// it is decided.
  bool refute() {
    const bool is_first = climbing_steps_ == 0;
    const std::size_t total = climbing_steps_ + search_->steps() + steps_at_once;
    if (refuting_steps_ < total) {
      const std::size_t before = effort_.steps();
      const bool quick = is_first && search_->stuck_count() < 2;
      const bool refuted = near_->advance(effort_, total - refuting_steps_, quick);
      refuting_steps_ += effort_.steps() - before;
      if (refuted) return refuted_at(near_->died_at(), near_->how());
    }
    if (is_first || far_steps_ > total / 2) return false;
    if (!far_) far_ = std::make_unique<RegisterRefutation>(part_, high_ - 1);
    const std::size_t before = effort_.steps();
    const bool refuted = far_->advance(effort_, total / 2 + steps_at_once - far_steps_, false);
    far_steps_ += effort_.steps() - before;
    return refuted && refuted_at(far_->died_at(), far_->how());
  }

  bool refuted_at(std::size_t event, const std::string& how) {
    if (event < low_) {
      judgement_.reason = "internal error: two searches contradict each other";
      return true;
    }
    if (event == low_) {
      invalid(low_, how);
      return true;
    }
    constexpr std::size_t steps_enough = 20'000'000;
    if (how_.empty()) enough_steps_ = std::max(steps_enough, 10 * effort_.steps());
    high_ = event;
    how_ = how;
    far_.reset();
    return false;
  }

  void invalid(std::size_t event, const std::string& how) {
    judgement_.validity = Validity::invalid;
    judgement_.fatal = part_.events[event].op;
    if (!how.empty()) judgement_.algorithm += "; " + how;
  }

  static constexpr int guide_passes = 8;
  static constexpr std::size_t steps_at_once = 100'000;

  const RegisterPart& part_;
  Effort effort_;
  Judgement judgement_;
  std::size_t low_ = 0;  // an order exists of what comes before this event
  std::size_t high_;     // none exists of what comes up to it
  std::string how_;      // by what that has been shown
  std::unique_ptr<AnyRegisterSearch> search_;
  std::unique_ptr<RegisterRefutation> near_;  // at low_
  std::unique_ptr<RegisterRefutation> far_;   // in front of high_
  std::array<RegisterGuide, 2> guides_;
  std::size_t climbing_steps_ = 0;  // of earlier searches
  std::size_t refuting_steps_ = 0, far_steps_ = 0;
  std::size_t enough_steps_ = std::numeric_limits<std::size_t>::max();
};

class RegisterPortfolio : public PartAlgorithm {
 public:
  std::string_view name() const override { return "register"; }
  std::string_view description() const override {
    return "registers and compare-and-set registers: beam search and refutations by projection";
  }
  AlgorithmFacts facts() const override {
    return {
        .idea =
            "Beam searches have an order of everything up to the event where they are stuck, and "
            "begin again with other costs of crashed operations. Refutations show that there is "
            "none up to some event: by projection to a few values, by crashed operations without "
            "number, free or at a price (Lagrangian relaxation), or by the exact search. They take "
            "turns until both meet at one event.",
        .conditions = "every operation reads, writes or compares-and-sets one value",
        .guarantee =
            "Sound; complete if its budget suffices. The place is the earliest, or, where the "
            "two do not meet, said to be at that return or before.",
        .cost = "O(events) times a small number of configurations as a rule, exponential at worst",
        .source =
            "J. M. Wing and C. Gong, JPDC 1993, and G. Lowe, CCPE 2017, for searching; the "
            "abstract configurations with deadlines by value, dominance and projections are ours, "
            "with their proofs beside the code",
        .models = {"register", "cas-register", "kv"}};
  }
  int rank() const override { return 100; }
  bool applies(const Part& part) const override { return is_register(part); }

  Judgement judge(const Part& part, const Budget& budget) const override {
    const RegisterPart compiled = compile_register(part);
    if (compiled.pending_max <= register_pending_most) return Portfolio(compiled, budget).run();
    Judgement judgement;
    judgement.reason =
        fmt::format("more than {} operations are outstanding at once", register_pending_most);
    return judgement;
  }
};

GAUNTLET_REGISTER(PartAlgorithm, RegisterPortfolio);

}  // namespace
}  // namespace gauntlet
