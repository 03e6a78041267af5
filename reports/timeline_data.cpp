#include "reports/timeline_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <numeric>

#include "reports/counts.hpp"
#include "reports/lanes.hpp"
#include "reports/operation_text.hpp"
#include "reports/rates.hpp"
#include "reports/text.hpp"

namespace gauntlet {

namespace {

/// Writes JSON from the front to the back; strings pass `printable` and append_json_string.
class JsonWriter {
 public:
  JsonWriter& name(std::string_view name) {
    comma();
    append_json_string(out_, name);
    out_ += ':';
    fresh_ = true;
    return *this;
  }
  JsonWriter& begin(char bracket) {
    comma();
    out_ += bracket;
    fresh_ = true;
    return *this;
  }
  JsonWriter& end(char bracket) {
    out_ += bracket;
    fresh_ = false;
    return *this;
  }
  JsonWriter& number(std::int64_t number) { return literal(fmt::format_int(number).str()); }
  JsonWriter& literal(std::string_view text) {
    comma();
    out_ += text;
    return *this;
  }
  JsonWriter& string(std::string_view text, std::size_t length_max = 300) {
    comma();
    append_json_string(out_, printable(text, length_max));
    return *this;
  }
  template <class Items, class Number>
  JsonWriter& numbers(std::string_view title, const Items& items, Number number_of) {
    name(title).begin('[');
    for (const auto& item : items)
      number(static_cast<std::int64_t>(number_of(item)));
    return end(']');
  }
  std::string take() { return std::move(out_); }

 private:
  void comma() {
    if (!fresh_) out_ += ',';
    fresh_ = false;
  }
  std::string out_;
  bool fresh_ = true;
};

/// Texts that repeat, by number. They are kept as JSON, so that the budget of bytes holds for what
/// is written; past it every new text is "...".
class TextTable {
 public:
  explicit TextTable(std::size_t bytes_max) : bytes_left_(bytes_max) {
    number_of("");
    number_of("...");
  }

  std::size_t number_of(std::string_view text) {
    std::string json;
    append_json_string(json, printable(text));
    const auto found = numbers_.find(json);
    if (found != numbers_.end()) return found->second;
    if (json.size() > bytes_left_) return cut_text;
    bytes_left_ -= json.size();
    texts_.push_back(json);
    return numbers_.emplace(std::move(json), texts_.size() - 1).first->second;
  }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  static constexpr std::size_t cut_text = 1;
  std::size_t bytes_left_;
  std::vector<std::string> texts_;
  boost::unordered_flat_map<std::string, std::size_t> numbers_;
};

std::vector<EventIndex> client_invocations(const History& history) {
  std::vector<EventIndex> result;
  for (EventIndex i = 0; i < history.size(); ++i) {
    if (history.is_client(i) && history.type(i) == OperationType::invoke) result.push_back(i);
  }
  return result;
}

/// Events that a reader will want to look at. Those of anomalies are kept apart.
struct PointsOfInterest {
  std::vector<EventIndex> anomalies;
  std::vector<EventIndex> faults;
};

PointsOfInterest points_of_interest(const History& history, const std::vector<FaultEpisode>& faults,
                                    const std::vector<Anomaly>& anomalies) {
  PointsOfInterest points;
  for (const auto& anomaly : anomalies) {
    for (const EventIndex i : invocations_of(history, anomaly.operations)) {
      points.anomalies.push_back(i);
      if (history.partner(i) != no_event) points.anomalies.push_back(history.partner(i));
    }
    if (anomaly.detected_at < history.size()) points.anomalies.push_back(anomaly.detected_at);
  }
  std::sort(points.anomalies.begin(), points.anomalies.end());
  if (!faults.empty()) {
    for (EventIndex i = 0; i < history.size(); ++i) {
      if (!history.is_client(i)) points.faults.push_back(i);
    }
  }
  return points;
}

/// The distance from `event` to the nearest of `points` (sorted), in events.
std::uint64_t distance_to(const std::vector<EventIndex>& points, EventIndex event) {
  const auto after = std::lower_bound(points.begin(), points.end(), event);
  std::uint64_t distance = no_event;
  if (after != points.end()) distance = *after - event;
  if (after != points.begin()) distance = std::min<std::uint64_t>(distance, event - after[-1]);
  return distance;
}

/// The invocations to embed, in order.
std::vector<EventIndex> choose(const std::vector<EventIndex>& invocations,
                               const PointsOfInterest& points, std::size_t operations_max) {
  if (invocations.size() <= operations_max) return invocations;
  // A fault's edge draws as many operations around it as an anomaly would that is 8 times as far.
  constexpr std::uint64_t fault_weight = 8;
  std::vector<std::pair<std::uint64_t, EventIndex>> ranked;
  ranked.reserve(invocations.size());
  for (const EventIndex i : invocations) {
    const std::uint64_t to_anomaly = distance_to(points.anomalies, i);
    const std::uint64_t to_fault = distance_to(points.faults, i);
    ranked.emplace_back(std::min(to_anomaly, fault_weight * to_fault), i);
  }
  const auto cut = ranked.begin() + static_cast<std::ptrdiff_t>(operations_max);
  std::nth_element(ranked.begin(), cut, ranked.end());
  std::vector<EventIndex> chosen;
  for (auto i = ranked.begin(); i != cut; ++i)
    chosen.push_back(i->second);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

class TimelineWriter {
 public:
  TimelineWriter(const History& history, const Timebase& timebase,
                 const std::vector<FaultEpisode>& faults, const std::vector<Anomaly>& anomalies,
                 const TimelineLimits& limits)
      : history_(history),
        timebase_(timebase),
        faults_(faults),
        anomalies_(anomalies),
        limits_(limits),
        lanes_(assign_lanes(history)),
        texts_(limits.text_bytes_max) {}

  TimelineData write() {
    const auto invocations = client_invocations(history_);
    const auto chosen = choose(invocations, points_of_interest(history_, faults_, anomalies_),
                               limits_.operations_max);
    json_.begin('{');
    json_.name("hasTimes").literal(timebase_.has_times() ? "true" : "false");
    json_.name("end").number(timebase_.end());
    json_.name("total").number(static_cast<std::int64_t>(invocations.size()));
    json_.name("merged").literal(lanes_.merged ? "true" : "false");
    write_lanes();
    write_operations(chosen);
    write_bins(invocations, chosen);
    write_faults();
    write_rates();
    write_anomalies();
    json_.name("texts").begin('[');
    for (const auto& text : texts_.texts())
      json_.literal(text);
    json_.end(']').end('}');
    return {json_.take(), invocations.size(), chosen.size()};
  }

 private:
  std::size_t lane_of(EventIndex i) const { return lanes_.lane_of.at(history_.process(i)); }

  void write_lanes() {
    json_.name("lanes").begin('[');
    for (const auto& lane : lanes_.lanes) {
      json_.begin('{').name("node").string(lane.node);
      json_.name("first").number(lane.processes.front());
      json_.name("count").number(static_cast<std::int64_t>(lane.processes.size())).end('}');
    }
    json_.end(']');
  }

  void write_operations(const std::vector<EventIndex>& chosen) {
    std::vector<OperationText> texts;
    texts.reserve(chosen.size());
    for (const EventIndex i : chosen)
      texts.push_back(operation_text(history_, i));
    const auto error_of = [&](EventIndex i) {
      const EventIndex completion = history_.partner(i);
      return completion == no_event ? std::string_view() : history_.error(completion);
    };
    json_.name("operations").begin('{');
    json_.numbers("event", chosen, [](EventIndex i) { return i; });
    json_.numbers("index", chosen, [&](EventIndex i) { return history_.index(i); });
    json_.numbers("lane", chosen, [&](EventIndex i) { return lane_of(i); });
    json_.numbers("process", chosen, [&](EventIndex i) { return history_.process(i); });
    json_.numbers("start", chosen, [&](EventIndex i) { return timebase_.at(i); });
    json_.numbers("duration", chosen, [&](EventIndex i) {
      return history_.partner(i) == no_event ? Nanos{-1} : timebase_.completed(i) - timebase_.at(i);
    });
    json_.numbers("outcome", chosen,
                  [&](EventIndex i) { return static_cast<int>(outcome_of(history_, i)); });
    const auto column = [&](std::string_view name, std::string OperationText::*member) {
      json_.numbers(name, texts, [&](const auto& t) { return texts_.number_of(t.*member); });
    };
    column("f", &OperationText::f);
    column("key", &OperationText::key);
    json_.numbers("node", chosen, [&](EventIndex i) { return texts_.number_of(history_.node(i)); });
    column("argument", &OperationText::argument);
    column("result", &OperationText::result);
    json_.numbers("error", chosen, [&](EventIndex i) { return texts_.number_of(error_of(i)); });
    json_.end('}');
  }

  void write_bins(const std::vector<EventIndex>& invocations,
                  const std::vector<EventIndex>& chosen) {
    // Bounded in all: many lanes get coarser bins.
    constexpr std::size_t cells_max = 40'000;
    const std::size_t lanes = std::max<std::size_t>(lanes_.lanes.size(), 1);
    const std::size_t bins = std::clamp<std::size_t>(cells_max / lanes, 1, limits_.bins_max);
    const Nanos width = round_width(timebase_.end(), bins);
    std::map<std::pair<std::size_t, Nanos>, OutcomeCounts> cells;
    auto next = chosen.begin();
    for (const EventIndex i : invocations) {
      if (next != chosen.end() && *next == i) {
        ++next;
        continue;
      }
      const Nanos bin = std::max<Nanos>(timebase_.at(i), 0) / width;
      cells[{lane_of(i), bin}].add(outcome_of(history_, i));
    }
    json_.name("bins").begin('{').name("width").number(width);
    json_.numbers("lane", cells, [](const auto& cell) { return cell.first.first; });
    json_.numbers("bin", cells, [](const auto& cell) { return cell.first.second; });
    json_.numbers("ok", cells, [](const auto& cell) { return cell.second.ok; });
    json_.numbers("fail", cells, [](const auto& cell) { return cell.second.fail; });
    json_.numbers("info", cells, [](const auto& cell) { return cell.second.indefinite(); });
    json_.end('}');
  }

  void write_faults() {
    constexpr std::size_t faults_max = 500;
    json_.name("faults").begin('[');
    for (std::size_t i = 0; i < std::min(faults_.size(), faults_max); ++i) {
      const FaultEpisode& fault = faults_[i];
      json_.begin('{').name("name").string(fault.name);
      json_.name("targets").begin('[');
      for (const auto& target : fault.targets)
        json_.string(target);
      json_.end(']');
      json_.name("begin").number(fault.begin);
      json_.name("end").number(fault.over(timebase_));
      json_.name("healed").literal(fault.healed ? "true" : "false");
      json_.name("effect").string(effect_text(fault));
      json_.name("evidence").string(fault.skipped.empty() ? fault.evidence : fault.skipped);
      json_.end('}');
    }
    json_.end(']');
  }

  void write_rates() {
    const Rates rates = rates_over_time(history_, timebase_);
    json_.name("rates").begin('{').name("width").number(rates.bin_width);
    json_.numbers("ok", rates.bins, [](const RateBin& bin) { return bin.ok; });
    json_.numbers("fail", rates.bins, [](const RateBin& bin) { return bin.fail; });
    json_.numbers("info", rates.bins, [](const RateBin& bin) { return bin.info; });
    json_.numbers("latencies", rates.bins, [](const RateBin& bin) { return bin.latencies; });
    json_.numbers("p50", rates.bins, [](const RateBin& bin) { return bin.latency.p50; });
    json_.numbers("p95", rates.bins, [](const RateBin& bin) { return bin.latency.p95; });
    json_.numbers("max", rates.bins, [](const RateBin& bin) { return bin.latency.max; });
    json_.end('}');
  }

  void write_anomalies() {
    json_.name("anomalies").begin('[');
    for (const auto& anomaly : anomalies_) {
      json_.begin('{').name("name").string(anomaly.name);
      json_.name("key").string(anomaly.key);
      json_.numbers("events", invocations_of(history_, anomaly.operations),
                    [](EventIndex i) { return i; });
      if (anomaly.detected_at < history_.size()) {
        json_.name("detected").number(timebase_.at(anomaly.detected_at));
      }
      json_.end('}');
    }
    json_.end(']');
  }

  const History& history_;
  const Timebase& timebase_;
  const std::vector<FaultEpisode>& faults_;
  const std::vector<Anomaly>& anomalies_;
  TimelineLimits limits_;
  Lanes lanes_;
  TextTable texts_;
  JsonWriter json_;
};

}  // namespace

TimelineData timeline_data(const History& history, const Timebase& timebase,
                           const std::vector<FaultEpisode>& faults,
                           const std::vector<Anomaly>& anomalies, const TimelineLimits& limits) {
  return TimelineWriter(history, timebase, faults, anomalies, limits).write();
}

}  // namespace gauntlet
