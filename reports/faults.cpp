#include "reports/faults.hpp"

#include <algorithm>
#include <map>

namespace gauntlet {

namespace {

struct NemesisFunction {
  std::string_view fault;
  bool heals;
};

/// What a nemesis operation does, from its name.
std::optional<NemesisFunction> parse_function(std::string_view f) {
  struct Prefix {
    std::string_view text;
    bool heals;
  };
  static constexpr Prefix prefixes[] = {
      {"inject-", false}, {"heal-", true}, {"start-", false}, {"stop-", true}};
  for (const auto& prefix : prefixes) {
    if (f.starts_with(prefix.text) && f.size() > prefix.text.size()) {
      return NemesisFunction{f.substr(prefix.text.size()), prefix.heals};
    }
  }
  if (f == "start") return NemesisFunction{"fault", false};
  if (f == "stop") return NemesisFunction{"fault", true};
  return std::nullopt;
}

class EpisodeReader {
 public:
  EpisodeReader(const History& history, const Timebase& timebase, std::size_t faults_max)
      : history_(history), timebase_(timebase), faults_max_(faults_max) {}

  std::vector<FaultEpisode> read() {
    for (EventIndex i = 0; i < history_.size(); ++i) {
      if (history_.is_client(i) || is_completion(i)) continue;
      if (history_.function_name(history_.f(i)) == "heal-all") {
        heal_all(i);
        continue;
      }
      const auto function = parse_function(history_.function_name(history_.f(i)));
      if (!function) continue;
      if (function->heals) {
        heal(i, function->fault);
      } else if (episodes_.size() < faults_max_) {
        inject(i, function->fault);
      }
    }
    return std::move(episodes_);
  }

 private:
  /// Both events of a nemesis operation are `info`: only their order tells them apart.
  bool is_completion(EventIndex i) const {
    const EventIndex partner = history_.partner(i);
    return partner != no_event && partner < i;
  }

  /// The latest map that the operation carried: its completion's, else its invocation's.
  Value latest_value(EventIndex invocation) const {
    const EventIndex completion = history_.partner(invocation);
    if (completion != no_event) {
      Value value = history_.values().to_value(history_.value(completion));
      if (value.is_map()) return value;
    }
    return history_.values().to_value(history_.value(invocation));
  }

  std::optional<Nanos> completion_time(EventIndex invocation) const {
    const EventIndex completion = history_.partner(invocation);
    if (completion == no_event) return std::nullopt;
    return std::max(timebase_.at(completion), timebase_.at(invocation));
  }

  static std::string text_of(const Value* value) {
    if (value == nullptr || value->is_nil()) return {};
    return value->is_string() ? value->string() : to_json(*value);
  }

  /// What joins an injection with its heal: the fault's number where there is one, else its name.
  static std::string join_key(const Value& value, std::string_view name) {
    const Value* number = value.find("fault");
    return number != nullptr ? "#" + to_json(*number) : std::string(name);
  }

  void inject(EventIndex invocation, std::string_view name) {
    const Value value = latest_value(invocation);
    FaultEpisode episode;
    episode.name = name;
    episode.injection = invocation;
    episode.begin = timebase_.at(invocation);
    episode.injected = completion_time(invocation);
    Value details;
    if (value.is_map()) {
      for (const auto& [entry, content] : value.entries()) {
        if (entry == "targets" && content.is_list()) {
          for (const auto& target : content.items())
            episode.targets.push_back(text_of(&target));
        } else if (entry == "took_effect") {
          if (content.kind() == Value::Kind::boolean) episode.took_effect = content.boolean();
        } else if (entry == "evidence") {
          episode.evidence = text_of(&content);
        } else if (entry == "skipped") {
          episode.skipped = text_of(&content);
        } else if (entry != "fault") {
          details.set(entry, content);
        }
      }
    } else if (!value.is_nil()) {
      details = value;
    }
    if (!details.is_nil()) episode.details = to_json(details);
    open_[join_key(value, name)].push_back(episodes_.size());
    episodes_.push_back(std::move(episode));
  }

  void heal(EventIndex invocation, std::string_view name) {
    const Value value = latest_value(invocation);
    close(invocation, value, join_key(value, name));
  }

  void heal_all(EventIndex invocation) {
    const Value value = latest_value(invocation);
    const Value* numbers = value.find("faults");
    if (numbers == nullptr || !numbers->is_list()) return;
    for (const auto& number : numbers->items())
      close(invocation, value, "#" + to_json(number));
  }

  void close(EventIndex invocation, const Value& value, const std::string& key) {
    const auto found = open_.find(key);
    if (found == open_.end()) return;
    for (const std::size_t position : found->second) {
      FaultEpisode& episode = episodes_[position];
      episode.heal_begin = timebase_.at(invocation);
      episode.healed = completion_time(invocation);
      episode.heal_evidence = text_of(value.find("evidence"));
    }
    open_.erase(found);
  }

  const History& history_;
  const Timebase& timebase_;
  std::size_t faults_max_;
  std::vector<FaultEpisode> episodes_;
  std::map<std::string, std::vector<std::size_t>> open_;
};

}  // namespace

Nanos FaultEpisode::over(const Timebase& timebase) const {
  if (!skipped.empty()) return begin;
  return std::max(healed.value_or(timebase.end()), begin);
}

std::vector<FaultEpisode> fault_episodes(const History& history, const Timebase& timebase,
                                         std::size_t faults_max) {
  return EpisodeReader(history, timebase, faults_max).read();
}

FaultTally tally(const std::vector<FaultEpisode>& faults) {
  FaultTally tally;
  tally.total = faults.size();
  for (const auto& fault : faults) {
    if (!fault.skipped.empty()) {
      ++tally.skipped;
    } else if (fault.took_effect == true) {
      ++tally.took_effect;
    } else if (fault.took_effect == false) {
      ++tally.without_effect;
    }
    if (fault.skipped.empty() && !fault.healed) ++tally.not_healed;
  }
  return tally;
}

std::string effect_text(const FaultEpisode& fault) {
  if (!fault.skipped.empty()) return "skipped";
  if (!fault.took_effect) return "not verified";
  return *fault.took_effect ? "took effect" : "no effect";
}

std::string targets_text(const FaultEpisode& fault) {
  std::string out;
  for (const auto& target : fault.targets) {
    if (!out.empty()) out += ", ";
    out += target;
  }
  return out.empty() ? "-" : out;
}

}  // namespace gauntlet
