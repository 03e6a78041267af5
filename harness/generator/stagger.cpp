// Rates: an absolute schedule that operations are taken from.
//
// The time of the next operation is the time of the one before on the schedule plus a gap, whatever
// the time at which that was actually taken. So an average over many operations is the rate that
// was asked for; a schedule that is anchored anew on each actual time adds up every delay of timers
// and locks and delivers a fraction.
#include <cmath>

#include "harness/generator/generators.hpp"
#include "harness/generator/wrapper.hpp"

namespace gauntlet::gen {

namespace {

class Stagger : public Wrapper {
 public:
  Stagger(double gap_mean_ns, GeneratorPtr inner, Gaps gaps, Nanos backlog_ns)
      : Wrapper(std::move(inner)),
        gap_mean_ns_(gap_mean_ns),
        gaps_(gaps),
        backlog_ns_(backlog_ns) {}

  Offer poll(const Context& context) override {
    const auto now = static_cast<double>(context.time_ns);
    if (!started_) {
      started_ = true;
      due_ns_ = now;
    }
    Offer offer = inner_->poll(context);
    if (offer.kind != Offer::Kind::operation) return offer;
    give_up_before(now - static_cast<double>(backlog_ns_));
    offer.time_ns = std::max(offer.time_ns, static_cast<Nanos>(due_ns_));
    offer.skipped += skipped_;
    return offer;
  }

  void accept(const Context& context, Worker worker, const Operation& taken) override {
    due_ns_ += gap(*context.random);
    skipped_ = 0;
    inner_->accept(context, worker, taken);
  }

 private:
  /// Skips a whole number of mean gaps, so that the schedule keeps its phase.
  void give_up_before(double limit_ns) {
    if (due_ns_ >= limit_ns) return;
    const double missed = std::ceil((limit_ns - due_ns_) / gap_mean_ns_);
    due_ns_ += missed * gap_mean_ns_;
    skipped_ += static_cast<std::uint64_t>(missed);
  }

  double gap(Random& random) const {
    switch (gaps_) {
      case Gaps::uniform:
        return 2 * gap_mean_ns_ * random.fraction();
      case Gaps::exponential:
        return -gap_mean_ns_ * std::log1p(-random.fraction());
      case Gaps::regular:
        break;
    }
    return gap_mean_ns_;
  }

  double gap_mean_ns_;
  Gaps gaps_;
  Nanos backlog_ns_;
  bool started_ = false;
  double due_ns_ =
      0;  ///< fractions of a nanosecond matter at high rates; exact to 2^53 ns, 104 days
  std::uint64_t skipped_ = 0;  ///< since the last operation that was taken
};

}  // namespace

GeneratorPtr stagger(double rate, GeneratorPtr inner, Gaps gaps, Duration backlog) {
  GAUNTLET_ASSERT(rate > 0);
  return std::make_unique<Stagger>(nanos_per_second / rate, std::move(inner), gaps,
                                   backlog.count());
}

GeneratorPtr delay(Duration gap, GeneratorPtr inner) {
  GAUNTLET_ASSERT(gap.count() > 0);
  return std::make_unique<Stagger>(static_cast<double>(gap.count()), std::move(inner),
                                   Gaps::regular, backlog_default.count());
}

}  // namespace gauntlet::gen
