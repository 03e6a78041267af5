#include "checker/staleness/accesses.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

#include "checker/staleness/overwrites.hpp"

namespace gauntlet::staleness {

namespace {

constexpr std::uint32_t none = 0xFFFFFFFFu;

/// What a kind of calls does, with dense numbers for values.
struct Kind {
  std::uint32_t needs = none;
  std::uint32_t sets = none;
};

class Compiler {
 public:
  Compiler(const Part& part, Effort& effort) : part_(part), effort_(effort) {
    const auto value_of = [&](ValueId id) {
      const auto [at, is_new] =
          values_.try_emplace(id, static_cast<std::uint32_t>(writers_.size()));
      if (is_new) {
        writers_.push_back({});
        result_.values.push_back(id);
      }
      return at->second;
    };
    values_.reserve(part.kinds.size());
    initial_ = value_of(part.context->initial_id);
    for (const ModelCall& call : part.kinds) {
      const RegisterAccess access = *part.model->access(call, *part.context);
      Kind& kind = kinds_.emplace_back();
      if (access.excludes) {
        result_.is_plain = false;
        continue;
      }
      if (access.needs) kind.needs = value_of(*access.needs);
      if (access.sets) kind.sets = value_of(*access.sets);
      if (kind.needs != none && kind.sets != none) result_.is_plain = false;
    }
  }

  Accesses run() {
    result_.moments = static_cast<Moment>(part_.events.size());
    count_writers();
    result_.writes.push_back({before_all, before_all, initial_});
    writers_[initial_].first = 0;
    write_of_.resize(part_.operations.size(), none);
    begun_.resize(part_.operations.size());
    for (Moment now = 0; now < result_.moments && !effort_.exhausted(); ++now) {
      const PartEvent event = part_.events[static_cast<std::size_t>(now)];
      event.returns ? complete(event.op, now) : invoke(event.op, now);
    }
    find_last_ends();
    note_times();
    return std::move(result_);
  }

 private:
  struct Writer {
    std::uint32_t count = 0;  // operations that write the value, the initial one included
    WriteId first = none;     // the first of them that has been invoked
  };

  const Kind& kind(OpId op) const { return kinds_[part_.operations[op].kind]; }

  void count_writers() {
    writers_[initial_].count = 1;
    for (const PartOperation& operation : part_.operations) {
      const std::uint32_t sets = kinds_[operation.kind].sets;
      if (sets != none && ++writers_[sets].count > 1) result_.unique_values = false;
    }
  }

  void invoke(OpId op, Moment now) {
    begun_[op] = now;
    const std::uint32_t sets = kind(op).sets;
    if (sets == none) return;
    write_of_[op] = static_cast<WriteId>(result_.writes.size());
    if (writers_[sets].first == none) writers_[sets].first = write_of_[op];
    result_.writes.push_back({now, never, sets});
  }

  void complete(OpId op, Moment now) {
    if (const WriteId own = write_of_[op]; own != none) ended(own, now);
    const std::uint32_t needs = kind(op).needs;
    if (needs == none) return;
    const Writer& writer = writers_[needs];
    if (writer.first == none) {
      ++result_.unexplained;
      return;
    }
    if (writer.count == 1) ended(writer.first, now);
    result_.reads.push_back({begun_[op], now, needs, never});
  }

  void ended(WriteId write, Moment now) {
    Moment& end = result_.writes[write].end;
    end = std::min(end, now);
  }

  /// The reads stand by their ends and the writes by their beginnings: one pass over both.
  void find_last_ends() {
    std::vector<Moment> last_end(writers_.size(), before_all);
    std::size_t begun = 0;
    for (Read& read : result_.reads) {
      for (; begun < result_.writes.size() && result_.writes[begun].begin < read.end; ++begun) {
        Moment& last = last_end[result_.writes[begun].value];
        last = std::max(last, result_.writes[begun].end);
      }
      read.last_end = last_end[read.value];
    }
  }

  void note_times() {
    if (!part_.history->has_times()) return;
    result_.times_ns.reserve(part_.events.size());
    for (const PartEvent event : part_.events) {
      const PartOperation& operation = part_.operations[event.op];
      const Nanos time_ns =
          part_.history->time_ns(event.returns ? operation.completion : operation.invocation);
      if (!result_.times_ns.empty() && time_ns < result_.times_ns.back()) {
        result_.times_ns.clear();  // clocks that step back measure nothing
        return;
      }
      result_.times_ns.push_back(time_ns);
    }
  }

  const Part& part_;
  Effort& effort_;
  Accesses result_;
  boost::unordered_flat_map<ValueId, std::uint32_t> values_;
  std::vector<Writer> writers_;  // by value
  std::vector<Kind> kinds_;
  std::vector<WriteId> write_of_;  // by operation
  std::vector<Moment> begun_;      // by operation
  std::uint32_t initial_ = 0;
};

/// Chooses a write for each read of a history that writes values more than once.
class Ascription {
 public:
  explicit Ascription(const Accesses& accesses)
      : accesses_(accesses),
        overwrites_(accesses),
        last_of_value_(accesses.values.size(), none),
        before_(accesses.writes.size(), none) {}

  /// Reads must be asked about in the order of their ends.
  WriteId choose(const Read& read) {
    for (; begun_ < accesses_.writes.size() && write(begun_).begin < read.end; ++begun_) {
      WriteId& last = last_of_value_[write(begun_).value];
      before_[begun_] = last;
      last = begun_;
    }
    WriteId over = none, open = none, open_crashed = none;
    std::size_t looked_at = 0;
    for (WriteId i = last_of_value_[read.value]; i != none && looked_at < looked_at_max;
         i = before_[i], ++looked_at) {
      if (write(i).end < read.begin) {
        if (over == none || write(i).end > write(over).end) over = i;
      } else if (write(i).end == never) {
        open_crashed = i;
      } else {
        open = i;
      }
    }
    const bool fits = over != none && overwrites_.first_after(write(over).end) > read.begin;
    if (fits) return over;
    if (open != none) return open;
    return open_crashed != none ? open_crashed : over;
  }

 private:
  static constexpr std::size_t looked_at_max = 32;

  const Write& write(WriteId i) const { return accesses_.writes[i]; }

  const Accesses& accesses_;
  Overwrites overwrites_;
  std::vector<WriteId> last_of_value_;  // that has begun
  std::vector<WriteId> before_;         // by write: the one of the same value that began before it
  WriteId begun_ = 0;
};

}  // namespace

Accesses accesses_of(const Part& part, Effort& effort) {
  return Compiler(part, effort).run();
}

std::size_t count_reads(const Part& part) {
  std::vector<bool> reads;
  for (const ModelCall& call : part.kinds) {
    const auto access = part.model->access(call, *part.context);
    reads.push_back(access && access->needs && !access->excludes);
  }
  return static_cast<std::size_t>(std::count_if(
      part.operations.begin(), part.operations.end(), [&](const PartOperation& operation) {
        return !operation.crashed() && reads[operation.kind];
      }));
}

std::vector<WriteId> ascribe(const Accesses& accesses, Effort& effort) {
  std::vector<WriteId> ascribed;
  ascribed.reserve(accesses.reads.size());
  if (accesses.unique_values) {
    std::vector<WriteId> writer(accesses.values.size());
    for (WriteId i = 0; i < accesses.writes.size(); ++i)
      writer[accesses.writes[i].value] = i;
    for (const Read& read : accesses.reads)
      ascribed.push_back(writer[read.value]);
    return ascribed;
  }
  Ascription ascription(accesses);
  for (const Read& read : accesses.reads) {
    if (effort.exhausted()) break;
    ascribed.push_back(ascription.choose(read));
  }
  return ascribed;
}

std::vector<Zone> zones_of(const Accesses& accesses, const std::vector<WriteId>& ascribed) {
  std::vector<Zone> by_write;
  by_write.reserve(accesses.writes.size());
  for (const Write& write : accesses.writes) {
    const auto i = static_cast<WriteId>(by_write.size());
    by_write.push_back({i, write.begin, write.end, write.begin});
  }
  for (std::size_t i = 0; i < ascribed.size(); ++i) {
    Zone& zone = by_write[ascribed[i]];
    zone.first_return = std::min(zone.first_return, accesses.reads[i].end);
    zone.last_invocation = std::max(zone.last_invocation, accesses.reads[i].begin);
  }
  std::erase_if(by_write, [](const Zone& zone) { return zone.first_return == never; });
  // Counting sort: moments are dense.
  std::vector<std::uint32_t> at(slot(accesses.moments) + 1, 0);
  for (const Zone& zone : by_write)
    ++at[slot(zone.first_return) + 1];
  for (std::size_t i = 1; i < at.size(); ++i)
    at[i] += at[i - 1];
  std::vector<Zone> zones(by_write.size());
  for (const Zone& zone : by_write)
    zones[at[slot(zone.first_return)]++] = zone;
  return zones;
}

}  // namespace gauntlet::staleness
