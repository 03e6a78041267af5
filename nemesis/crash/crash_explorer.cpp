#include "nemesis/crash/crash_explorer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nemesis/agent_links.hpp"

namespace gauntlet::crash {

namespace {

constexpr std::chrono::seconds state_timeout(120), ready_timeout(30), read_timeout(15);
constexpr std::size_t duplicates_max = 4;  ///< points that are tried for each state asked for

/// The elements of one that are not in the other.
std::vector<std::int64_t> without(const std::set<std::int64_t>& all,
                                  const std::set<std::int64_t>& but) {
  std::vector<std::int64_t> rest;
  std::set_difference(all.begin(), all.end(), but.begin(), but.end(), std::back_inserter(rest));
  return rest;
}

/// "state 0123456789abcdef bytes 0 files 0 names 0", then a line each of what was not durable.
Result<void> read_reply(std::string_view text, Trial& trial) {
  constexpr std::string_view word = "state ";
  constexpr std::size_t digits = 16;
  const std::string_view first = text.substr(0, text.find('\n'));
  if (!first.starts_with(word) || first.size() < word.size() + digits + 1)
    return failure(ErrorKind::remote, "a crash state was not told as it should be");
  trial.state = first.substr(word.size(), digits);
  trial.lost = first.substr(word.size() + digits + 1);
  text.remove_prefix(std::min(first.size() + 1, text.size()));
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    trial.undurable.emplace_back(line);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return {};
}

}  // namespace

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::holds:
      return "holds";
    case Outcome::loses:
      return "loses";
    case Outcome::invents:
      return "invents";
    case Outcome::refuses:
      return "refuses";
    case Outcome::unknown:
      break;
  }
  return "unknown";
}

bool is_bad(Outcome outcome) {
  return outcome == Outcome::loses || outcome == Outcome::invents || outcome == Outcome::refuses;
}

std::size_t Exploration::count(Outcome outcome) const {
  return static_cast<std::size_t>(std::count_if(
      trials.begin(), trials.end(), [&](const Trial& trial) { return trial.outcome == outcome; }));
}

std::string Exploration::doubt() const {
  if (!complete) return notes.back();
  if (trials.empty()) return "no crash state was tried";
  const auto unknown = std::find_if(trials.begin(), trials.end(), [](const Trial& trial) {
    return trial.outcome == Outcome::unknown;
  });
  if (unknown != trials.end()) return "of a state nothing is known: " + unknown->why;
  const bool any = std::any_of(trials.begin(), trials.end(),
                               [](const Trial& trial) { return trial.acknowledged > 0; });
  return any ? "" : "no operation was acknowledged before any of the crashes";
}

Result<std::string> CrashExplorer::put_state(const CrashPoint& point) {
  const std::string state = shell_quote(place_.state());
  Command put =
      Command::shell(forget_shared_memory(place_) +
                     fmt::format("rm -rf -- {0} {0}.shadow && cp -a --sparse=always -- {1} {0} && "
                                 "{2} disk-replay {3} {0} --to {4} --loss {5} --seed {6}{7}",
                                 state, shell_quote(place_.base()), agent_path(),
                                 shell_quote(place_.log()), point.entries, shell_quote(point.loss),
                                 point.seed, options_.strict ? " --strict" : ""));
  put.label = "crash state " + to_text(point);
  const auto done = node_.must(std::move(put).root().within(state_timeout));
  if (!done) return done.error();
  return done->output;
}

/// Whatever the database does on a state, it does not run afterwards.
CrashExplorer::Look CrashExplorer::look() {
  Look look;
  Result<void> up = database_.start(node_);
  if (up) up = database_.await_ready(Deadline::after(ready_timeout));
  if (!up) {
    look.refuses = up.error().kind == ErrorKind::remote;
    look.why = up.error().what;
  } else {
    auto found = find_operations(database_, node_, options_.function,
                                 index_.invoked_by(index_.entries), Deadline::after(read_timeout));
    if (found) look.found = std::move(*found);
    if (!found) look.why = found.error().what;
  }
  if (const auto killed = database_.kill(node_); !killed) {
    look.refuses = false;
    look.why = "it could not be killed: " + killed.error().what;
  }
  return look;
}

void CrashExplorer::judge(const Look& look, Trial& trial) const {
  const auto acknowledged = index_.acknowledged_by(trial.point.entries);
  trial.acknowledged = acknowledged.size();
  trial.why = look.why;
  if (!look.why.empty()) {
    trial.outcome = look.refuses ? Outcome::refuses : Outcome::unknown;
    return;
  }
  trial.missing = without(acknowledged, look.found.operations);
  trial.unexpected = without(look.found.operations, index_.invoked_by(trial.point.first));
  if (!look.found.wrong.empty()) trial.why = look.found.wrong.front();
  trial.outcome = !trial.missing.empty()                            ? Outcome::loses
                  : !trial.unexpected.empty() || !trial.why.empty() ? Outcome::invents
                                                                    : Outcome::holds;
}

Result<Trial> CrashExplorer::try_point(const CrashPoint& point, std::size_t bad) {
  Trial trial;
  trial.point = point;
  trial.sync = index_.epoch_of(point.entries).sync;
  const auto put = put_state(point);
  if (!put) return put.error();
  if (auto understood = read_reply(*put, trial); !understood) return understood.error();
  auto known = looks_.find(trial.state);
  if (known == looks_.end()) {
    if (options_.progress) options_.progress(looks_.size(), bad);
    trial.started = true;
    known = looks_.emplace(trial.state, look()).first;
    judge(known->second, trial);
    if (!is_bad(trial.outcome)) return trial;
    // Once more, before anything is said against the database.
    if (const auto again = put_state(point); !again) return again.error();
    const Look second = look();
    if (!known->second.agrees(second))
      known->second = Look{false, "two starts on the same state showed different things", {}};
  }
  judge(known->second, trial);
  return trial;
}

/// On the data with which the record began, it starts, or else nothing can be said of any state.
Result<void> CrashExplorer::check_base() {
  if (const auto put = put_state({}); !put) return put.error();
  const Look seen = look();
  if (seen.why.empty()) return {};
  return failure(ErrorKind::remote, "the database does not start on its own data: " + seen.why);
}

Result<Exploration> CrashExplorer::explore(const std::vector<CrashPoint>& points) {
  Exploration exploration;
  if (auto room = make_room(node_, place_); !room) return room.error();
  if (auto sound = check_base(); !sound) return sound.error();
  std::size_t bad = 0;
  for (const CrashPoint& point : points) {
    if (looks_.size() >= options_.states_max ||
        exploration.trials.size() >= options_.states_max * duplicates_max)
      break;
    if (options_.stop != nullptr && *options_.stop) {
      exploration.notes.emplace_back("it was interrupted before its end");
      break;
    }
    if (options_.deadline.passed()) {
      exploration.notes.emplace_back("the time limit ended it");
      break;
    }
    auto trial = try_point(point, bad);
    if (!trial && exploration.trials.empty()) return trial.error();
    if (!trial) {
      exploration.complete = false;
      exploration.notes.push_back("it ended early: " + trial.error().what);
      break;
    }
    bad += is_bad(trial->outcome) ? 1 : 0;
    exploration.trials.push_back(std::move(*trial));
  }
  exploration.states = looks_.size();
  // Where it refused, it may have been the machine.
  if (exploration.count(Outcome::refuses) == 0) return exploration;
  if (const auto sound = check_base(); !sound) {
    exploration.notes.push_back(sound.error().what);
    for (Trial& trial : exploration.trials)
      if (trial.outcome == Outcome::refuses) trial.outcome = Outcome::unknown;
  }
  return exploration;
}

}  // namespace gauntlet::crash
