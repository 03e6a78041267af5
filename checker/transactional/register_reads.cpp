#include "checker/transactional/register_reads.hpp"

namespace gauntlet {

std::string_view read_anomaly_name(ReadSource source, bool agrees) {
  switch (source) {
    case ReadSource::aborted:
      return "G1a";
    case ReadSource::intermediate:
      return "G1b";
    case ReadSource::own_later:
      return "future read";
    case ReadSource::thin_air:
      return "thin-air read";
    default:
      return agrees ? "" : "internal";
  }
}

MicroId last_before(const Transactions& all, MicroId m) {
  for (MicroId other = m; other-- > all.first(all.owner(m));) {
    if (all.micro(other).key == all.micro(m).key) return other;
  }
  return no_micro;
}

std::string_view read_pattern(const RegisterTransactions& registers, const ReadAnomaly& anomaly) {
  switch (registers.source(anomaly.at)) {
    case ReadSource::aborted:
      return "AbortedRead";
    case ReadSource::intermediate:
      return "IntermediateRead";
    case ReadSource::own_later:
      return "FutureRead";
    case ReadSource::thin_air:
      return "ThinAirRead";
    case ReadSource::own_earlier:
      return "NotMyLastWrite";
    default:
      break;
  }
  const Transactions& all = registers.transactions();
  return all.micro(last_before(all, anomaly.at)).writes != 0 ? "NotMyOwnWrite"
                                                             : "NonRepeatableRead";
}

}  // namespace gauntlet
