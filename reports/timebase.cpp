#include "reports/timebase.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/duration.hpp"
#include "reports/text.hpp"

namespace gauntlet {

namespace {

/// Beyond 73 years a time is a mistake of the file.
constexpr Nanos time_limit = Nanos{1} << 61;

Nanos bounded(Nanos time) {
  return std::clamp(time, -time_limit, time_limit);
}

}  // namespace

Timebase::Timebase(const History& history) : history_(history), has_times_(history.has_times()) {
  if (history.empty()) return;
  Nanos first = has_times_ ? bounded(history.time_ns(0)) : 0;
  Nanos last = first;
  for (EventIndex i = 0; i < history.size(); ++i) {
    const Nanos time = has_times_ ? bounded(history.time_ns(i)) : Nanos{i};
    first = std::min(first, time);
    last = std::max(last, time);
  }
  // A time since the run's start is kept as it is; one on another clock (since 1970, say) is not.
  if (first < 0 || first > last - first) origin_ = first;
  end_ = last - origin_;
}

Nanos Timebase::at(EventIndex event) const {
  return has_times_ ? bounded(history_.time_ns(event)) - origin_ : Nanos{event};
}

Nanos Timebase::completed(EventIndex invocation) const {
  const EventIndex completion = history_.partner(invocation);
  if (completion == no_event) return end_;
  return std::max(at(completion), at(invocation));
}

std::string Timebase::moment(Nanos at) const {
  return has_times_ ? gauntlet::moment(at) : fmt::format("event {}", at);
}

std::string Timebase::duration(Nanos span) const {
  if (has_times_) return format_duration(span);
  return counted(static_cast<std::uint64_t>(std::max<Nanos>(span, 0)), "event");
}

}  // namespace gauntlet
