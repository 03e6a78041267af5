#include "checker/verdict.hpp"

namespace gauntlet {

std::string_view to_string(Validity validity) {
  switch (validity) {
    case Validity::valid:
      return "valid";
    case Validity::invalid:
      return "invalid";
    case Validity::unknown:
      return "unknown";
  }
  return "unknown";
}

Validity worse(Validity a, Validity b) {
  if (a == Validity::invalid || b == Validity::invalid) return Validity::invalid;
  if (a == Validity::unknown || b == Validity::unknown) return Validity::unknown;
  return Validity::valid;
}

}  // namespace gauntlet
