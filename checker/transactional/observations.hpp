// Anomalies that a look at single transactions and keys shows, without cycles.
//
//   G1a               read an element of a transaction that aborted (Adya 1999, 3.2.2)
//   G1b               read a version that its transaction had not finished: intermediate
//   dirty update      a transaction that happened appended behind an element of one that aborted
//   lost update       two transactions read the same version of a key and both appended to it
//   internal          a read contradicts what its own transaction read or appended before
//   future read       a read shows what its own transaction appended later
//   duplicate elements  a read shows an element twice
//   incompatible order  two reads of a key of which none is a prefix of the other, or a read
//                     that shows appends of one transaction in another order than it made them
//   cyclic versions   reads of a key that show elements in orders which contradict each other
//   thin-air read     a read shows an element that nobody appended
//
// Names and meanings but for the last are Elle's (Kingsbury and Alvaro, VLDB 2020, section 6);
// "thin-air read" is Bouajjani et al.'s (POPL 2017). O(micro-operations), and the elements of reads
// of keys that have no order.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "checker/transactional/version_orders.hpp"

namespace gauntlet {

struct Observation {
  std::string_view name;
  MicroId at = no_micro;     ///< the read, or the append for a dirty update
  MicroId other = no_micro;  ///< what it contradicts: a read or an append; none for some
};

struct Observations {
  std::map<std::string, std::size_t, std::less<>> counts;
  std::vector<Observation> first;  ///< the first few of each name
  /// Whether a read lacks what its own transaction had appended: no level says what else it may be.
  bool own_appends_lost = false;
  bool finished = false;  ///< false where the effort ran out
};

/// What is wrong, in a sentence about T1 and T2. `element`: what T2 appended, where it did.
std::string observation_text(std::string_view name, std::string_view key, std::string_view element);

Observations observations_of(const VersionOrders& orders, std::size_t each_max, Effort& effort);

}  // namespace gauntlet
