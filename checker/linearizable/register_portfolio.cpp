// The algorithm for registers and compare-and-set registers: a beam search that looks for an order
// and, where it is stuck, searches that try to show that there is none.
//
// From below: the beam search (register_search_beam.hpp) has an order of everything up to the event
// where it is stuck. From above, each of these proves that there is no order if it runs out of
// configurations:
//  - a projection to a few values (register_part.hpp): few configurations, since the rest of the
//    values is one;
//  - the part with no end of crashed operations in every lane: more orders, but far fewer
//    configurations, since nothing has to be counted;
//  - the exact search.
// When both meet at one event, that is the earliest return at which no order exists. They take
// turns until then; the beam search is complete, too, as long as it has dropped nothing.
//
// Cost: O(events) times a small number of configurations as a rule; exponential at worst.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "checker/linearizable/algorithm.hpp"
#include "checker/linearizable/register_search.hpp"

namespace gauntlet {
namespace {

/// Searches of any window size look alike from here.
class AnySearch {
 public:
  using State = RegisterSearch<1>::State;
  virtual ~AnySearch() = default;
  virtual State advance(Effort& effort, std::size_t steps_max) = 0;
  virtual void widen() = 0;
  virtual std::size_t event() const = 0;
  virtual std::size_t steps() const = 0;
  virtual unsigned stuck_count() const = 0;
  virtual std::vector<Trace::Step> best_way() const = 0;
};

template <int W>
class SearchOf : public AnySearch {
 public:
  SearchOf(const RegisterPart& part, const RegisterSearchOptions& options)
      : search_(part, options) {}
  State advance(Effort& effort, std::size_t steps_max) override {
    return static_cast<State>(search_.advance(effort, steps_max));
  }
  void widen() override { search_.widen(); }
  std::size_t event() const override { return search_.event(); }
  std::size_t steps() const override { return search_.steps(); }
  unsigned stuck_count() const override { return search_.stuck_count(); }
  std::vector<Trace::Step> best_way() const override { return search_.best_way(); }

 private:
  RegisterSearch<W> search_;
};

constexpr std::size_t pending_most = 1024;

std::unique_ptr<AnySearch> make_search(const RegisterPart& part,
                                       const RegisterSearchOptions& options) {
  if (part.pending_max <= 64) return std::make_unique<SearchOf<1>>(part, options);
  if (part.pending_max <= 128) return std::make_unique<SearchOf<2>>(part, options);
  if (part.pending_max <= 256) return std::make_unique<SearchOf<4>>(part, options);
  return std::make_unique<SearchOf<pending_most / 64>>(part, options);
}

/// Tries to show that there is no order up to one event: by every projection to up to three values,
/// by crashed operations without number, and by exhaustion. Each in turn gets a number of steps,
/// and four times as many in the next round.
class Refutation {
 public:
  using State = AnySearch::State;
  enum class Answer { refuted, not_yet, contradiction };

  /// `part` outlives this object. `event`: a return, in part.events.
  Refutation(const RegisterPart& part, std::size_t event)
      : part_(part), event_(event), round_steps_(std::max<std::size_t>(20'000, 4 * event)) {
    list_values();
    for (std::size_t size = 1; size <= 3 && size < part.values; ++size)
      list_projections(size, {}, 0);
    if (!part.lanes.empty()) means_.push_back({Kind::unlimited, {}});
    means_.push_back({Kind::exact, {}});
  }

  std::size_t event() const { return event_; }

  /// Spends about so many steps; `quick`: looks at the values of the operation at the event only.
  Answer advance(Effort& effort, std::size_t steps_max, bool quick) {
    for (std::size_t spent = 0; spent < steps_max && !means_.empty() && !effort.exhausted();) {
      if (quick && (round_ > 0 || turn_ >= fatal_values_)) break;
      if (!search_) start();
      const std::size_t before = search_->steps();
      const State state =
          search_->advance(effort, std::min(steps_max - spent, round_steps_ - before));
      spent += search_->steps() - before + 1;
      if (state == State::dead) {
        how_ = describe(means_[turn_]);
        const std::size_t at = origin_.empty() ? search_->event() : origin_[search_->event()];
        return at == event_ ? Answer::refuted : Answer::contradiction;
      }
      if (state == State::finished) {
        means_.erase(means_.begin() + static_cast<std::ptrdiff_t>(turn_));
        fatal_values_ -= turn_ < fatal_values_;
        search_.reset();
      } else if (search_->steps() >= round_steps_) {
        ++turn_;
        search_.reset();
      }
      if (turn_ == means_.size() && turn_ > 0) {
        turn_ = 0;
        ++round_;
        round_steps_ *= 4;
      }
    }
    return Answer::not_yet;
  }

  const std::string& how() const { return how_; }

 private:
  enum class Kind { projection, unlimited, exact };

  struct Means {
    Kind kind;
    std::vector<std::uint32_t> values;
  };

  /// The values that may matter: those of the operation at the event first, then those of what is
  /// outstanding there.
  void list_values() {
    const auto add = [this](const RegisterOperation& operation) {
      for (const std::uint32_t value : {operation.from, operation.to}) {
        if (values_.size() < values_most &&
            std::find(values_.begin(), values_.end(), value) == values_.end()) {
          values_.push_back(value);
        }
      }
    };
    add(part_.operations[part_.events[event_].op]);
    fatal_values_ = values_.size();
    for (std::size_t e = event_; e-- > 0 && e + 4 * pending_most > event_;) {
      const RegisterOperation& operation = part_.operations[part_.events[e].op];
      if (!part_.events[e].returns && operation.returns >= event_) add(operation);
    }
    for (std::uint32_t value = 0; value < part_.values && part_.values <= values_most; ++value)
      add({RegisterOp::read, value, value});
  }

  void list_projections(std::size_t size, std::vector<std::uint32_t> chosen, std::size_t from) {
    if (chosen.size() == size) {
      means_.push_back({Kind::projection, std::move(chosen)});
      return;
    }
    for (std::size_t i = from; i < values_.size(); ++i) {
      std::vector<std::uint32_t> more = chosen;
      more.push_back(values_[i]);
      list_projections(size, std::move(more), i + 1);
    }
  }

  void start() {
    RegisterSearchOptions options;
    options.exact = true;
    options.end = event_ + 1;
    origin_.clear();
    const Means& means = means_[turn_];
    if (means.kind == Kind::unlimited) options.unlimited.assign(part_.lanes.size(), true);
    if (means.kind != Kind::projection) {
      search_ = make_search(part_, options);
      return;
    }
    projected_ = project(part_, means.values, origin_);
    options.end = static_cast<std::size_t>(
        std::upper_bound(origin_.begin(), origin_.end(), event_) - origin_.begin());
    search_ = make_search(projected_, options);
  }

  static std::string describe(const Means& means) {
    switch (means.kind) {
      case Kind::projection:
        return fmt::format("refuted looking at {} value{} only", means.values.size(),
                           means.values.size() == 1 ? "" : "s");
      case Kind::unlimited:
        return "refuted even with crashed operations without number";
      case Kind::exact:
        return "refuted by exhaustion";
    }
    return "";
  }

  static constexpr std::size_t values_most = 8;

  const RegisterPart& part_;
  std::size_t event_;
  std::vector<std::uint32_t> values_;
  std::size_t fatal_values_ = 0;  // the first so many means look at one of these
  std::vector<Means> means_;
  std::size_t turn_ = 0, round_ = 0;
  std::size_t round_steps_;
  RegisterPart projected_;
  std::vector<std::uint32_t> origin_;  // of the projection's events
  std::unique_ptr<AnySearch> search_;  // of the means whose turn it is
  std::string how_;
};

class RegisterPortfolio : public PartAlgorithm {
 public:
  using State = AnySearch::State;

  std::string_view name() const override { return "register"; }
  std::string_view description() const override {
    return "registers and compare-and-set registers: beam search and refutations by projection";
  }
  int rank() const override { return 100; }
  bool applies(const Part& part) const override { return is_register(part); }

  Judgement judge(const Part& part, const Budget& budget) const override {
    Judgement judgement;
    judgement.algorithm = "just-in-time linearization over abstract register configurations";
    const RegisterPart compiled = compile_register(part);
    if (compiled.pending_max > pending_most) {
      judgement.reason =
          fmt::format("more than {} operations are outstanding at once", pending_most);
      return judgement;
    }
    Effort effort(budget);
    const auto search = make_search(compiled, {});
    std::unique_ptr<Refutation> refutation;
    std::size_t refuting_steps = 0;
    for (;;) {
      const State state = search->advance(effort, steps_at_once);
      judgement.reached = std::max(judgement.reached, search->event());
      judgement.configurations = search->steps() + refuting_steps;
      if (state == State::finished) {
        judgement.validity = Validity::valid;
        judgement.order = order_from_steps(compiled, search->best_way());
        judgement.has_order = true;
        return judgement;
      }
      if (state == State::dead) {
        return invalid(std::move(judgement), compiled, search->event());
      }
      if (!effort.reason().empty()) {
        judgement.reason = effort.reason();
        return judgement;
      }
      if (state != State::stuck) continue;
      if (!refutation || refutation->event() != search->event()) {
        refutation = std::make_unique<Refutation>(compiled, search->event());
      }
      // As much effort for the one as for the other.
      const std::size_t total = search->steps() + steps_at_once;
      if (refuting_steps < total) {
        const std::size_t before = effort.steps();
        const auto answer =
            refutation->advance(effort, total - refuting_steps, search->stuck_count() < 2);
        refuting_steps += effort.steps() - before;
        if (answer == Refutation::Answer::refuted) {
          judgement.algorithm += "; " + refutation->how();
          return invalid(std::move(judgement), compiled, refutation->event());
        }
        if (answer == Refutation::Answer::contradiction) {
          judgement.reason = "internal error: two searches contradict each other";
          return judgement;
        }
      }
      search->widen();
    }
  }

 private:
  static Judgement invalid(Judgement judgement, const RegisterPart& part, std::size_t event) {
    judgement.validity = Validity::invalid;
    judgement.fatal = part.events[event].op;
    return judgement;
  }

  static constexpr std::size_t steps_at_once = 100'000;
};

GAUNTLET_REGISTER(PartAlgorithm, RegisterPortfolio);

}  // namespace
}  // namespace gauntlet
