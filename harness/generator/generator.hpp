// Generators decide what the clients and the nemesis do, and when.
//
// In a nutshell: the run loop asks a generator for the next operation. It answers with an offer: an
// operation (for a process, at a time), "pending" (nothing now; ask again at a time or after the
// next event), or "exhausted" (nothing ever again). When the loop takes an offer it says `accept`;
// when anything happens (an invocation, a completion) it says `update`. Generators compose: mix,
// stagger, limit, phases, reserve, ... wrap others and are generators themselves.
//
// They are pure with respect to time and randomness: time, free workers and the random source come
// in the context, so a simulator (simulate.hpp) runs them in unit tests without threads or
// sleeping, and the same seed with the same events gives the same operations.
//
// Contract for implementers:
//  * `poll` may be called any number of times before an offer is accepted, and must answer the same
//    for the same context: draw random choices once, keep them until `accept`. An offer that is
//    never accepted must not count (so `any` can poll all its children and take one).
//  * An operation's process must be free in the context; leave `process` as picked by
//    `Context::pick` unless the generator has a reason.
//  * An offered operation may lie in the future (`time_ns` > context.time_ns): the loop waits, then
//    polls again. An absolute schedule never re-anchors on the time at which it was actually taken.
//  * `update` is called for all events of the run that the generator's scope sees. In `accept` and
//    `update` the context's worker sets are those of the whole run, not of the scope.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <memory>

#include "base/assert.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "history/operation.hpp"

namespace gauntlet {

/// A worker is a thread of the run: clients 0 .. concurrency - 1, and the nemesis. A worker's
/// process changes when an operation of its ends indefinite: process += concurrency.
using Worker = std::int32_t;
inline constexpr Worker no_worker = -1;

/// A fixed-size set of workers; the nemesis has the last bit of its own.
class WorkerSet {
 public:
  static constexpr Worker clients_max = 1023;
  static constexpr Worker nemesis = clients_max;

  bool contains(Worker w) const { return (words_[w >> 6] >> (w & 63)) & 1; }
  void insert(Worker w) { words_[w >> 6] |= std::uint64_t{1} << (w & 63); }
  void erase(Worker w) { words_[w >> 6] &= ~(std::uint64_t{1} << (w & 63)); }
  bool empty() const {
    for (const auto word : words_) {
      if (word != 0) return false;
    }
    return true;
  }
  int count() const {
    int n = 0;
    for (const auto word : words_)
      n += std::popcount(word);
    return n;
  }
  /// The first member at or after `from`, or no_worker.
  Worker next(Worker from) const {
    for (int i = from >> 6; i < words_count; ++i) {
      std::uint64_t word = words_[i];
      if (i == from >> 6) word &= ~std::uint64_t{0} << (from & 63);
      if (word != 0) return i * 64 + std::countr_zero(word);
    }
    return no_worker;
  }
  WorkerSet operator&(const WorkerSet& other) const {
    WorkerSet result;
    for (int i = 0; i < words_count; ++i)
      result.words_[i] = words_[i] & other.words_[i];
    return result;
  }
  WorkerSet operator-(const WorkerSet& other) const {
    WorkerSet result;
    for (int i = 0; i < words_count; ++i)
      result.words_[i] = words_[i] & ~other.words_[i];
    return result;
  }
  friend bool operator==(const WorkerSet&, const WorkerSet&) = default;

  /// Workers [first, last).
  static WorkerSet range(Worker first, Worker last) {
    WorkerSet result;
    for (Worker w = first; w < last; ++w)
      result.insert(w);
    return result;
  }

 private:
  static constexpr int words_count = 16;
  std::array<std::uint64_t, words_count> words_{};
};

/// What a generator may know. Owned by the run loop; valid during the call only.
struct Context {
  Nanos time_ns = 0;                   ///< since the run's start
  WorkerSet free;                      ///< workers that could take an operation now
  WorkerSet all;                       ///< workers in this generator's scope, free or not
  Worker preferred = no_worker;        ///< the worker that asks; the cheapest to give work to
  Worker cursor = 0;                   ///< rotates, so that the idle are served in turn
  const Process* processes = nullptr;  ///< process of each worker, by worker
  Random* random = nullptr;

  Process process_of(Worker w) const {
    return w == WorkerSet::nemesis ? nemesis_process : processes[w];
  }
  /// The worker that should get an operation that any free worker may take; no_worker if none is
  /// free.
  Worker pick() const {
    if (preferred != no_worker && free.contains(preferred)) return preferred;
    const Worker after = free.next(cursor);
    return after != no_worker ? after : free.next(0);
  }
  /// The same context seen by a generator that is responsible for `scope` only.
  Context restricted_to(const WorkerSet& scope) const {
    Context result = *this;
    result.free = free & scope;
    result.all = all & scope;
    return result;
  }
};

struct Offer {
  enum class Kind : std::uint8_t { operation, pending, exhausted };

  Kind kind = Kind::exhausted;
  Worker worker = no_worker;  ///< who does it, for an operation
  /// operation: not before, 0 if it has no schedule; pending: ask again at (or after an event)
  Nanos time_ns = 0;
  Operation operation;  ///< f, value, key; type invoke. Process and index are the loop's
  /// Operations that a schedule gave up before this one, since it could not make them in time.
  std::uint64_t skipped = 0;

  static constexpr Nanos after_next_event = std::numeric_limits<Nanos>::max();

  static Offer pending_until(Nanos time_ns) {
    Offer offer;
    offer.kind = Kind::pending;
    offer.time_ns = time_ns;
    return offer;
  }
  static Offer pending() { return pending_until(after_next_event); }
  static Offer exhausted() { return {}; }
};

/// Owned by one run loop and called under its lock: implementations need no synchronization.
class Generator {
 public:
  virtual ~Generator() = default;
  virtual Offer poll(const Context& context) = 0;
  /// The last offered operation was taken; `operation` is as recorded (process, time).
  virtual void accept(const Context& context, Worker worker, const Operation& operation) = 0;
  /// An event happened: the invocation or completion of an operation by `worker`.
  virtual void update(const Context& context, Worker worker, const Operation& event) {
    (void)context, (void)worker, (void)event;
  }
};

using GeneratorPtr = std::unique_ptr<Generator>;

}  // namespace gauntlet
