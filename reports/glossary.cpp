#include "reports/glossary.hpp"

#include <array>
#include <utility>

#include "checker/consistency_models.hpp"

namespace gauntlet {

namespace {

struct Entry {
  std::string_view name;
  std::string_view meaning;
};

// The names are the published ones: Adya's thesis (1999) for the phenomena, Berenson et al. (1995)
// for the older ones, Viotti and Vukolic's survey (2016) for the rest.
constexpr Entry anomalies[] = {
    {"stale read",
     "A read answered with a value that had already been replaced: another write had been "
     "acknowledged before the read began."},
    {"lost write",
     "A write was acknowledged, and later reads answer as if it had never happened, though nothing "
     "replaced it."},
    {"dirty read",
     "A read answered with a value whose write failed: it certainly should not exist."},
    {"phantom value", "A read answered with a value that nobody ever wrote."},
    {"value from nowhere", "A read answered with a value that nobody ever wrote."},
    {"read from the future", "A read answered with a value before its write had begun."},
    {"nonlinearizable",
     "There is no order of these operations, one after the other, that agrees with real time and "
     "in which each answer is right."},
    {"lost update",
     "Two transactions, or two compare-and-sets, read the same version of a key and both replaced "
     "it: one of the updates is lost."},
    {"write skew",
     "Two transactions each read what the other one wrote afterwards: each alone would be right, "
     "together they break what both had checked."},
    {"long fork",
     "Two readers saw two independent writes in opposite orders: the state split and went on in "
     "both parts."},
    {"G0", "Write cycle: the writes of transactions interleave, so that no order of them exists."},
    {"G1a", "Aborted read: a transaction read a value of a transaction that was aborted."},
    {"G1b",
     "Intermediate read: a transaction read a value that its writer replaced before committing."},
    {"G1c", "Circular information flow: transactions depend on each other's writes in a circle."},
    {"G-single",
     "Read skew: a cycle of dependencies with exactly one anti-dependency; a transaction saw part "
     "of another one's effects, but not all."},
    {"G-nonadjacent",
     "A cycle of dependencies in which no two anti-dependencies are neighbours; snapshot isolation "
     "forbids it."},
    {"G2-item",
     "A cycle with anti-dependencies on single keys: the transactions have no serial order."},
    {"G2", "A cycle with anti-dependencies: the transactions have no serial order."},
    {"ThinAirRead", "A read answered a value that nobody wrote."},
    {"MissedOwnWrite",
     "Read your writes is broken: a process read a state that lacks what it had written before, or "
     "no order of the versions has the own writes of all processes before what they read next."},
    {"NonMonotonicReads",
     "Monotonic reads is broken: a process read a version and later an older one, or no order of "
     "the versions agrees with the order in which all processes read them."},
    {"CyclicCO",
     "Causality in a circle: operations that read from each other, directly or by way of what "
     "their processes did before, each came before itself."},
    {"WriteCOInitRead",
     "A read found the value from the start, though a write of that key had happened before it, as "
     "far as its process could know."},
    {"WriteCORead",
     "A read found a value that another write had replaced before, as far as its process could "
     "know: it had seen, at least by way of others, that the later write was there."},
    {"CyclicCF",
     "Processes disagree on the order of writes: what one saw replaced by the other, another saw "
     "the other way round, so that no one order serves all."},
    {"WriteHBInitRead",
     "A process cannot explain its reads: it found the value from the start after something that, "
     "by its other reads, a write of that key came before."},
    {"CyclicHB",
     "A process cannot explain its reads by any one order of the writes: each order that some of "
     "them need is against what the others need."},
    {"cyclic sequential order",
     "No order of all operations, one after the other, agrees with the order of each process: what "
     "the reads found forces some of them before themselves."},
    {"no sequential order",
     "No order of all operations, one after the other, agrees with the order of each process and "
     "with what the reads found: all orders were tried."},
    {"internal",
     "A transaction's read contradicts what the same transaction had read or written before."},
    {"future read", "A transaction read what it wrote only later."},
    {"dirty update", "A transaction built on what another had written that then aborted."},
    {"duplicate elements", "An element that was appended once stands twice in one list."},
    {"incompatible order",
     "Two reads show one list in orders of which neither continues the other."},
    {"cyclic versions",
     "Reads show the elements of one list in orders that contradict each other."},
    {"thin-air read", "A read shows an element that nobody appended."},
    {"duplicate", "An element that was added once came back more than once."},
    {"too few writes",
     "A value was found more often, each time after it had been replaced, than operations can have "
     "set it."},
    {"lost element",
     "An element was added, acknowledged, and not removed, and yet it is missing: from a later "
     "read, or where something that holds it answered that it is empty."},
    {"duplicate id", "An id that is to be unique was given out twice."},
    {"duplicate dequeue", "An element that was enqueued once was dequeued more than once."},
    {"duplicate pop", "An element that was pushed once was popped more than once."},
    {"duplicate extract", "An element that was inserted once was extracted more than once."},
    {"order violation",
     "Elements came out in another order than the one that the data type promises: first in, first "
     "out for a queue; last in, first out for a stack; smallest first for a priority queue; as "
     "they were appended for a list."},
    {"double hold", "A lock was acquired while somebody held it."},
    {"too many permits", "More permits of a semaphore were out at once than there are."},
    {"release without hold", "A lock was released that its releaser did not hold."},
    {"token went back",
     "A lock was acquired with a fencing token that is not greater than one given out before."},
    {"lost increment", "Additions that had been acknowledged are missing from a counter's value."},
    {"phantom increment", "A counter's value holds more than all additions together."},
};

// Kinds of edges: Adya's dependencies, and the rules of checker/causal/derivation.hpp.
constexpr Entry edges[] = {
    {"ww", "the second wrote behind the first"},
    {"wr", "the second read what the first wrote"},
    {"rw", "the first read a version that lacks what the second wrote"},
    {"process", "a process ran the first before the second"},
    {"realtime", "the first had ended before the second was invoked"},
    {"session", "a process did the first before the second"},
    {"reads-from", "the second read what the first wrote"},
    {"conflict",
     "both wrote a key, and one who could know of the first read the second's value all the same"},
    {"overwritten", "the first read a value that the second replaced"},
    {"initial", "the first read the value from the start, and the second wrote the key"},
};

/// Adya's names carry suffixes that only strengthen the order considered.
std::string_view without_suffix(std::string_view name) {
  name = name.substr(0, name.find(" ("));  // "order violation (FIFO)"
  for (const std::string_view suffix : {"-process", "-realtime"}) {
    if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  }
  return name;
}

}  // namespace

std::string_view meaning_of(std::string_view anomaly) {
  for (const auto& entry : anomalies) {
    if (entry.name == without_suffix(anomaly)) return entry.meaning;
  }
  return {};
}

std::string_view meaning_of_edge(std::string_view kind) {
  for (const auto& entry : edges) {
    if (entry.name == kind) return entry.meaning;
  }
  return {};
}

std::string_view promise_of(std::string_view consistency, std::string_view model) {
  const bool is_transactional = model == "list-append" || model == "rw-register";
  auto subjects = std::array{Subject::operations, Subject::transactions};
  if (is_transactional) std::swap(subjects[0], subjects[1]);
  for (const Subject subject : subjects) {
    const ConsistencyModel* found = find_consistency_model(consistency, subject);
    if (found != nullptr) return found->promise;
  }
  return {};
}

}  // namespace gauntlet
