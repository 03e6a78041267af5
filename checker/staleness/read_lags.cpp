// Let a read begin at s, and let L be the latest end among the writes that it may have read (those
// of its value that began before it returned). Let W be the one that it read, in whatever order.
//
// Bound. A write X that began after L began after the end of W, so X comes after W. Where X ended
// before s as well, X comes before the read. So X lies between the two: by the end of X the value
// had been overwritten, and each such X is a version that the read lagged behind.
//
// Exact, for the read by itself: let the write that ends at L be the one that was read, let it take
// effect at its end (or right before the read, if that is earlier), and let every other write take
// effect at its beginning if it began before L, and else at its end. This respects the ends of all
// writes; and of those that began before L none lies between, of the others just those that ended
// before s. So no greater lag is certain. (The orders that are best for one read may not be so for
// another; that is what delta- and k-atomicity measure.)
//
// Where values are unique, "ended" takes reads into account (see accesses.hpp), so these are the
// figures of the pairwise argument of Golab, Li and Shah ("Analyzing consistency properties for fun
// and profit", PODC 2011), put to reads one by one.
#include "checker/staleness/read_lags.hpp"

#include <algorithm>

#include "checker/staleness/overwrites.hpp"

namespace gauntlet::staleness {

namespace {

/// Counts of writes by their position (Fenwick's tree).
class Counts {
 public:
  explicit Counts(std::size_t size) : sums_(size + 1, 0) {}

  void add(std::size_t at) {
    ++total_;
    for (++at; at < sums_.size(); at += at & (~at + 1))
      ++sums_[at];
  }

  /// How many stand at `from` or later.
  std::uint32_t from(std::size_t at) const {
    std::uint32_t before = 0;
    for (; at > 0; at -= at & (~at + 1))
      before += sums_[at];
    return total_ - before;
  }

 private:
  std::vector<std::uint32_t> sums_;
  std::uint32_t total_ = 0;
};

}  // namespace

std::vector<StaleRead> stale_reads(const Accesses& accesses, Effort& effort) {
  std::vector<StaleRead> stale;
  const Overwrites overwrites(accesses);
  for (std::uint32_t i = 0; i < accesses.reads.size() && !effort.exhausted(); ++i) {
    const Read& read = accesses.reads[i];
    const Moment overwritten = overwrites.first_after(read.last_end);
    if (overwritten < read.begin) stale.push_back({i, overwritten, 0});
  }
  if (stale.empty()) return stale;
  const auto begin_of = [&](const StaleRead& s) { return accesses.reads[s.read].begin; };
  std::sort(stale.begin(), stale.end(),
            [&](const auto& a, const auto& b) { return begin_of(a) < begin_of(b); });

  const std::vector<Write>& writes = accesses.writes;
  std::vector<WriteId> by_end;  // those that end
  for (WriteId i = 0; i < writes.size(); ++i) {
    if (writes[i].end != never) by_end.push_back(i);
  }
  std::sort(by_end.begin(), by_end.end(),
            [&](WriteId a, WriteId b) { return writes[a].end < writes[b].end; });
  Counts ended(writes.size());
  std::size_t next = 0;
  for (StaleRead& s : stale) {
    if (effort.exhausted()) break;
    for (; next < by_end.size() && writes[by_end[next]].end < begin_of(s); ++next)
      ended.add(by_end[next]);
    const auto first =
        std::upper_bound(writes.begin(), writes.end(), accesses.reads[s.read].last_end,
                         [](Moment moment, const Write& write) { return moment < write.begin; });
    s.versions = ended.from(static_cast<std::size_t>(first - writes.begin()));
  }
  return stale;
}

}  // namespace gauntlet::staleness
