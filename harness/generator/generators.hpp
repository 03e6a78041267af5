// The generators: small parts that compose into what a test does.
//
//   using namespace std::chrono_literals;
//   gen::phases(
//       gen::time_limit(60s, gen::any(
//           gen::on_clients(gen::stagger(200, gen::mix(reads, writes, cas))),
//           gen::on_nemesis(gen::cycle([] {
//             return gen::concat(gen::sleep(5s), gen::once(start), gen::sleep(5s),
//             gen::once(stop));
//           })))),
//       gen::on_nemesis(gen::once(heal)),
//       gen::sleep(10s),
//       gen::on_clients(gen::each_worker([] { return gen::once(operation("read")); })));
//
// The names and meanings are Jepsen's (jepsen.generator) unless a comment says otherwise. Every
// generator owns what it wraps. None may be shared or used twice; where one is needed several times
// (repeat, cycle, each_worker, independent keys) a factory makes it. A generator's scope is the
// workers that its context shows it: on_clients, reserve, ... narrow it.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/generator/generator.hpp"

namespace gauntlet {

/// An operation to be offered; a nil key means that there is none.
inline Operation operation(std::string f, Value value = {}, Value key = {}) {
  Operation result;
  result.f = std::move(f);
  result.value = std::move(value);
  result.key = std::move(key);
  return result;
}

}  // namespace gauntlet

namespace gauntlet::gen {

using Duration = std::chrono::nanoseconds;
using Factory = std::function<GeneratorPtr()>;

// --- sources of operations
// ------------------------------------------------------------------------

/// The same operation for ever.
GeneratorPtr fixed(Operation operation);
/// Each operation once, in order.
GeneratorPtr sequence(std::vector<Operation> operations);
GeneratorPtr once(Operation operation);
/// Calls `make` once for each operation that is taken; nullopt ends it. Random choices come from
/// the context. Not called while no worker of the scope is free.
GeneratorPtr function(std::function<std::optional<Operation>(const Context&)> make);
/// Nothing at all: exhausted from the start.
GeneratorPtr nothing();
/// No operation until `duration` after it was first asked, then exhausted.
GeneratorPtr sleep(Duration duration);
/// Calls `write` once, when it is first asked, and is exhausted: for messages and for telling a
/// progress display that a phase begins. Under the loop's lock: be quick.
GeneratorPtr log(std::function<void()> write);

// --- one after another
// ----------------------------------------------------------------------------

/// Each generator until it is exhausted, in order. Workers flow from one into the next.
GeneratorPtr concat(std::vector<GeneratorPtr> parts);
/// The same with a barrier before each: a part starts when all workers of the scope are free.
GeneratorPtr phases(std::vector<GeneratorPtr> parts);
/// Waits until all workers of the scope are free, then is `inner`.
GeneratorPtr synchronize(GeneratorPtr inner);
/// What the factory makes, `times` times or for ever. A factory that makes only exhausted
/// generators ends it.
GeneratorPtr repeat(std::size_t times, Factory factory);
GeneratorPtr cycle(Factory factory);

// --- several at once
// ------------------------------------------------------------------------------

/// Of all that the parts offer the one that is due first; those that are due now take turns.
/// Exhausted when all are. (Also called soonest.)
GeneratorPtr any(std::vector<GeneratorPtr> parts);

struct Weighted {
  double weight;  ///< > 0
  GeneratorPtr generator;
};
/// Each operation from a part chosen at random, by weight. A part that is exhausted leaves; one
/// that is pending holds up the mix (as in Jepsen), so mix sources of operations only.
GeneratorPtr mix(std::vector<Weighted> parts);
/// One from each part in turn; exhausted when the part whose turn it is is exhausted.
GeneratorPtr flip_flop(GeneratorPtr first, GeneratorPtr second);

// --- how many, how long, how fast
// -----------------------------------------------------------------

GeneratorPtr limit(std::size_t operations_max, GeneratorPtr inner);
GeneratorPtr once(GeneratorPtr inner);
/// Exhausted `duration` after it was first asked. Operations under way are not cut.
GeneratorPtr time_limit(Duration duration, GeneratorPtr inner);
/// Operations of at most this many distinct processes.
GeneratorPtr process_limit(std::size_t processes_max, GeneratorPtr inner);
/// Exhausted once one of its operations has completed `ok`.
GeneratorPtr until_ok(GeneratorPtr inner);

/// How the gaps of a schedule are drawn, all with the mean 1/rate. `uniform` is Jepsen's stagger
/// (0 to twice the mean), `exponential` a Poisson process, `regular` always the mean.
enum class Gaps { uniform, exponential, regular };
/// How far a schedule may lag behind the clock before it gives up what it missed.
inline constexpr Duration backlog_default = std::chrono::seconds(1);
/// Operations on an absolute schedule of `rate` a second, over all workers of the scope. The
/// schedule starts when it is first asked and never re-anchors: what could not be taken in time
/// (all workers were busy) is taken late, as fast as workers become free. What lies more than
/// `backlog` in the past is given up and counted (Offer::skipped), so that a database that stood
/// still is not hit by all that it missed. rate > 0.
GeneratorPtr stagger(double rate, GeneratorPtr inner, Gaps gaps = Gaps::uniform,
                     Duration backlog = backlog_default);
/// The same with a fixed distance.
GeneratorPtr delay(Duration gap, GeneratorPtr inner);

// --- which operations and workers
// -----------------------------------------------------------------

/// Drops operations for which `keep` is false. `keep` must depend on the operation only.
GeneratorPtr filter(std::function<bool(const Operation&)> keep, GeneratorPtr inner);
/// Changes each operation. `change` must depend on the operation only.
GeneratorPtr map(std::function<void(Operation&)> change, GeneratorPtr inner);
GeneratorPtr on_clients(GeneratorPtr inner);
GeneratorPtr on_nemesis(GeneratorPtr inner);
/// Every worker of the scope gets a generator of its own, which sees that worker only.
GeneratorPtr each_worker(Factory factory);

struct Reservation {
  int workers;  ///< > 0
  GeneratorPtr generator;
};
/// Ranges of client workers for each reservation, in order; the others get `rest`. Reservations
/// that find no worker left are exhausted.
GeneratorPtr reserve(std::vector<Reservation> reservations, GeneratorPtr rest);

// --- independent keys
// -----------------------------------------------------------------------------

/// The n-th key, n = 0, 1, ...; nullopt ends it.
using Keys = std::function<std::optional<Value>(std::int64_t n)>;
/// 0, 1, 2, ... below `count`; endless without.
Keys integer_keys(std::optional<std::int64_t> count = std::nullopt);
/// Client workers form groups of `workers_per_key` (the last group takes the remainder). A group
/// works on one key with the generator that `make` gives for it until that is exhausted, then takes
/// the next key. Operations get the key; generators see the events of their own key only.
GeneratorPtr independent(int workers_per_key, Keys keys,
                         std::function<GeneratorPtr(const Value& key)> make);

// --- the same with the parts written out: gen::mix(a, b, c)
// ---------------------------------------

template <std::same_as<GeneratorPtr>... G>
std::vector<GeneratorPtr> parts(G... generators) {
  std::vector<GeneratorPtr> result;
  (result.push_back(std::move(generators)), ...);
  return result;
}
template <std::same_as<GeneratorPtr>... G>
GeneratorPtr concat(G... generators) {
  return concat(parts(std::move(generators)...));
}
template <std::same_as<GeneratorPtr>... G>
GeneratorPtr phases(G... generators) {
  return phases(parts(std::move(generators)...));
}
template <std::same_as<GeneratorPtr>... G>
GeneratorPtr any(G... generators) {
  return any(parts(std::move(generators)...));
}
template <std::same_as<GeneratorPtr>... G>
GeneratorPtr mix(G... generators) {
  std::vector<Weighted> weighted;
  (weighted.push_back({1.0, std::move(generators)}), ...);
  return mix(std::move(weighted));
}

}  // namespace gauntlet::gen
