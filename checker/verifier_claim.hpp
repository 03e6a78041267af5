// What the files of the verifier share.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "checker/verifier.hpp"

namespace gauntlet {

/// An operation that counts, read straight from the history.
struct Verifier::Claim {
  static constexpr EventIndex never = std::numeric_limits<EventIndex>::max();

  EventIndex invoked;
  EventIndex completed;  // never: it may not have happened
  ModelCall call;
  std::optional<RegisterAccess> access = std::nullopt;

  bool is_optional(EventIndex from) const {
    return completed == never || (from != no_event && invoked < from);
  }
};

inline Error rejected(std::string what) {
  return failure(ErrorKind::internal, std::move(what));
}

}  // namespace gauntlet
