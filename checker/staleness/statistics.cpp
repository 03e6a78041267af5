// The figures of staleness as an entry of the verdict's statistics (docs/formats.md).
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <new>

#include "checker/linearizable/register/register_part.hpp"
#include "checker/staleness/staleness.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t keys_max = 50;
constexpr std::chrono::seconds time_max{2};
/// Operations, in all judgements of a part together.
constexpr std::size_t judged_max = 50'000;

Value integer(std::size_t number) {
  return static_cast<std::int64_t>(number);
}

template <class T>
Value bounds_value(const Bounds<T>& bounds) {
  const auto number = [](T n) { return Value(static_cast<std::int64_t>(n)); };
  return Value::map({{"least", number(bounds.least)},
                     {"most", bounds.most ? number(*bounds.most) : Value()},
                     {"exact", bounds.is_exact()}});
}

template <class T>
void take_in(Bounds<T>& bounds, const Bounds<T>& other) {
  bounds.least = std::max(bounds.least, other.least);
  bounds.most =
      bounds.most && other.most ? std::optional(std::max(*bounds.most, *other.most)) : std::nullopt;
}

/// The least that at least this share of the ascending `lags_ns` does not exceed.
Value quantile(const std::vector<Nanos>& lags_ns, std::size_t percent) {
  const std::size_t rank = (lags_ns.size() * percent + 99) / 100;
  return lags_ns[std::max<std::size_t>(rank, 1) - 1];
}

/// How many lags stay below 1, 2, 5, 10, ... and reach the figure before.
Value histogram(const std::vector<Nanos>& lags_ns) {
  Value::List bars;
  Nanos below_ns = nanos_per_microsecond;
  for (std::size_t i = 0, step = 0; i < lags_ns.size(); ++step) {
    const std::size_t begin = i;
    while (i < lags_ns.size() && lags_ns[i] < below_ns)
      ++i;
    if (i > 0) {
      bars.push_back(Value::map({{"below_ns", below_ns}, {"reads", integer(i - begin)}}));
    }
    below_ns = step % 3 == 1 ? below_ns / 2 * 5 : below_ns * 2;
  }
  return bars;
}

/// Nothing also where the system refuses memory before the budget does.
std::optional<Staleness> measure_within_memory(const Part& part, Validity validity,
                                               const Budget& budget) {
  try {
    return measure_staleness(part, validity, judged_max, budget);
  } catch (const std::bad_alloc&) {
    return std::nullopt;  // what was allocated has been given back by now
  }
}

/// All parts together.
class Total {
 public:
  Total() {
    total_.k = {1, 1};
    total_.delta_ns.most = 0;
    total_.has_times = true;
    total_.is_two_atomic = true;
  }

  void add(const Part& part, const Staleness& measured) {
    total_.reads += measured.reads;
    total_.unexplained += measured.unexplained;
    total_.stale += measured.stale;
    total_.versions_max = std::max(total_.versions_max, measured.versions_max);
    total_.has_times = total_.has_times && measured.has_times;
    total_.lags_ns.insert(total_.lags_ns.end(), measured.lags_ns.begin(), measured.lags_ns.end());
    take_in(total_.delta_ns, measured.delta_ns);
    take_in(total_.k, measured.k);
    if (measured.stale > 0 || measured.unexplained > 0 || measured.k.least > 1) {
      keys_.push_back({&part, measured});
      keys_.back().second.lags_ns.clear();
      keys_.back().second.lags_ns.shrink_to_fit();
      const auto longest = std::max_element(measured.lags_ns.begin(), measured.lags_ns.end());
      if (longest != measured.lags_ns.end()) keys_.back().second.lags_ns = {*longest};
    }
  }

  /// There are parts of which nothing is known.
  void leave_out() {
    total_.delta_ns.most.reset();
    total_.k.most.reset();
  }

  Value value() {
    std::sort(total_.lags_ns.begin(), total_.lags_ns.end());
    if (total_.k.least > 2) {
      total_.is_two_atomic = false;
    } else if (!total_.k.most || *total_.k.most > 2) {
      total_.is_two_atomic.reset();
    }
    Value result = figures(total_);
    if (total_.has_times && !total_.lags_ns.empty()) {
      result.set("lag_ns", Value::map({{"p50", quantile(total_.lags_ns, 50)},
                                       {"p90", quantile(total_.lags_ns, 90)},
                                       {"p99", quantile(total_.lags_ns, 99)},
                                       {"max", total_.lags_ns.back()}}));
      result.set("histogram", histogram(total_.lags_ns));
    }
    std::stable_sort(keys_.begin(), keys_.end(), [](const auto& a, const auto& b) {
      return std::pair(a.second.stale, a.second.k.least) >
             std::pair(b.second.stale, b.second.k.least);
    });
    Value::List keys;
    for (std::size_t i = 0; i < std::min(keys_.size(), keys_max); ++i) {
      Value key = Value::map({{"key", keys_[i].first->key_text()}});
      const Value of_key = figures(keys_[i].second);
      for (const auto& [name, figure] : of_key.entries())
        key.set(name, figure);
      keys.push_back(std::move(key));
    }
    result.set("keys", std::move(keys));
    result.set("keys_total", integer(keys_.size()));
    return result;
  }

 private:
  static Value figures(const Staleness& of) {
    const bool has_lag = of.has_times && !of.lags_ns.empty();
    return Value::map(
        {{"reads", integer(of.reads)},
         {"stale_reads", integer(of.stale)},
         {"unexplained_reads", integer(of.unexplained)},
         {"lag_max_ns",
          has_lag ? Value(*std::max_element(of.lags_ns.begin(), of.lags_ns.end())) : Value()},
         {"versions_max", integer(of.versions_max)},
         {"delta_ns", of.has_times ? bounds_value(of.delta_ns) : Value()},
         {"k", bounds_value(of.k)},
         {"two_atomic", of.is_two_atomic ? Value(*of.is_two_atomic) : Value()}});
  }

  Staleness total_;
  std::vector<std::pair<const Part*, Staleness>> keys_;  // those that are not fresh
};

}  // namespace

Value staleness_statistics(const std::vector<Part>& parts, const std::vector<PartVerdict>& verdicts,
                           const Budget& budget) {
  if (parts.empty() || parts.size() != verdicts.size()) return {};
  Budget own = budget;
  own.deadline = budget.deadline.capped(time_max);
  Total total;
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!is_register(parts[i])) return {};
    if (const auto measured = measure_within_memory(parts[i], verdicts[i].validity, own)) {
      total.add(parts[i], *measured);
    } else {
      ++left_out;
      total.leave_out();
    }
  }
  Value result = total.value();
  if (left_out > 0) {
    result.set("note",
               fmt::format("{} of {} were not measured: the budget did not suffice", left_out,
                           parts.size() == 1 ? "1 part" : fmt::format("{} keys", parts.size())));
  }
  return result;
}

}  // namespace gauntlet
