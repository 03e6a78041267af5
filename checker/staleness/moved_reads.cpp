// Where values are written more than once, delta and k depend on which write each read is ascribed
// to, and to find the best ascription is as hard as to judge the history. This asks the judge:
// reads that are stale for certain are moved to before the moment at which their value was gone; if
// there is still no order, the read at whose return it breaks down is moved back, twice as far each
// time. The order that comes of it says which write each read may have read. Nothing else is taken
// from it, so how it was found does not matter: any ascription yields upper bounds (accesses.hpp).
//
// The history that is judged has a read and a write for each compare-and-set that succeeded, writes
// end when they had certainly taken effect, and reads without explanation are absent.
#include "checker/staleness/moved_reads.hpp"

#include <algorithm>

#include "checker/linearizable/algorithm.hpp"

namespace gauntlet::staleness {

namespace {

constexpr std::uint32_t none = 0xFFFFFFFFu;

class Mover {
 public:
  Mover(const Part& part, const Accesses& accesses, const std::vector<StaleRead>& stale)
      : part_(part), accesses_(accesses), has_moved_(!stale.empty()) {
    for (const Read& read : accesses.reads)
      begins_.push_back(2 * std::int64_t{read.begin} + 1);
    for (const StaleRead& s : stale)
      begins_[s.read] = 2 * std::int64_t{s.overwritten};
    steps_.resize(accesses.reads.size(), 1);
    for (const Write& write : accesses.writes) {
      if (write.end != never) ends_.push_back(write.end);
    }
    for (const Read& read : accesses.reads)
      ends_.push_back(read.end);
    std::sort(ends_.begin(), ends_.end());
  }

  MovedReads run(std::size_t judgements_max, const Budget& budget) {
    MovedReads result;
    result.must_move = has_moved_;
    for (std::size_t i = 0; i < judgements_max; ++i) {
      const Part moved = make();
      const Judgement judgement = judge_part(moved, budget);
      if (judgement.validity == Validity::valid && judgement.has_order) {
        result.order = read_off(judgement);
        break;
      }
      if (judgement.validity != Validity::invalid || judgement.fatal >= accesses_of_.size()) break;
      result.must_move =
          true;  // moving reads back does not take orders away, so there was none before
      const std::uint32_t fatal = accesses_of_[judgement.fatal];
      if (fatal < accesses_.writes.size() || !move_back(fatal - writes())) break;
    }
    return result;
  }

 private:
  struct Event {
    std::int64_t at;       // twice the moment, plus one; even: right before that moment
    std::uint32_t access;  // writes first, then reads
    bool returns;
  };

  std::uint32_t writes() const { return static_cast<std::uint32_t>(accesses_.writes.size()); }

  /// To before one more return, then two, four, ...
  bool move_back(std::uint32_t read) {
    const auto now =
        std::lower_bound(ends_.begin(), ends_.end(), static_cast<Moment>(begins_[read] / 2));
    const auto room = static_cast<std::size_t>(now - ends_.begin());
    if (room == 0) return false;
    const std::size_t step = std::min<std::size_t>(room, steps_[read]);
    begins_[read] = 2 * std::int64_t{*(now - static_cast<std::ptrdiff_t>(step))};
    steps_[read] *= 2;
    return true;
  }

  Part make() {
    std::vector<Event> events;
    for (std::uint32_t i = 1; i < writes(); ++i) {  // the first is the initial value
      events.push_back({2 * std::int64_t{accesses_.writes[i].begin} + 1, i, false});
      if (accesses_.writes[i].end == never) continue;
      events.push_back({2 * std::int64_t{accesses_.writes[i].end} + 1, i, true});
    }
    for (std::uint32_t i = 0; i < accesses_.reads.size(); ++i) {
      events.push_back({begins_[i], writes() + i, false});
      events.push_back({2 * std::int64_t{accesses_.reads[i].end} + 1, writes() + i, true});
    }
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
      return std::pair(a.at, a.access) < std::pair(b.at, b.access);
    });
    Part part;
    part.model = ModelRegistry::instance().find("register");
    GAUNTLET_ASSERT(part.model != nullptr);
    part.history = part_.history;
    part.context = part_.context;
    part.key = part_.key;
    constexpr std::uint16_t read = 0, write = 1;
    for (const ValueId value : accesses_.values) {
      part.kinds.push_back({read, Outcome::ok, ValueId::nil, value});
      part.kinds.push_back({write, Outcome::ok, value, ValueId::nil});
    }
    accesses_of_.clear();
    std::vector<OpId> op_of(writes() + accesses_.reads.size(), no_op);
    for (const Event& event : events) {
      if (!event.returns) {
        op_of[event.access] = static_cast<OpId>(part.operations.size());
        const bool is_write = event.access < writes();
        const std::uint32_t value = is_write ? accesses_.writes[event.access].value
                                             : accesses_.reads[event.access - writes()].value;
        const auto at = static_cast<EventIndex>(part.events.size());
        part.operations.push_back({at, no_event, 2 * value + (is_write ? 1 : 0)});
        ++part.crashed;
        accesses_of_.push_back(event.access);
      } else {
        part.operations[op_of[event.access]].completion =
            static_cast<EventIndex>(part.events.size());
        --part.crashed;
      }
      part.events.push_back({op_of[event.access], event.returns ? 1u : 0u});
    }
    return part;
  }

  /// Nothing if the order is not what it should be: a read without a write of its value before it.
  std::optional<MovedReadsOrder> read_off(const Judgement& judgement) const {
    MovedReadsOrder result;
    result.ascribed.assign(accesses_.reads.size(), none);
    WriteId now = 0;
    result.writes.push_back(now);
    for (const OpId op : judgement.order) {
      const std::uint32_t access = accesses_of_[op];
      if (access < writes()) {
        now = access;
        result.writes.push_back(now);
        continue;
      }
      const Read& read = accesses_.reads[access - writes()];
      if (accesses_.writes[now].value != read.value) return std::nullopt;
      if (accesses_.writes[now].begin > read.end) return std::nullopt;
      result.ascribed[access - writes()] = now;
    }
    for (const WriteId write : result.ascribed) {
      if (write == none) return std::nullopt;
    }
    return result;
  }

  const Part& part_;
  const Accesses& accesses_;
  bool has_moved_;
  std::vector<std::int64_t> begins_;        // of the reads, as the events' `at`
  std::vector<std::uint32_t> steps_;        // of the reads: returns to go back next time
  std::vector<Moment> ends_;                // of all, ascending
  std::vector<std::uint32_t> accesses_of_;  // by operation of the part made last
};

}  // namespace

MovedReads order_with_moved_reads(const Part& part, const Accesses& accesses,
                                  const std::vector<StaleRead>& stale, std::size_t judgements_max,
                                  const Budget& budget) {
  return Mover(part, accesses, stale).run(judgements_max, budget);
}

}  // namespace gauntlet::staleness
