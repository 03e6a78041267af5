#include "nemesis/agent/disk/rules.hpp"

#include <errno.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace gauntlet::disk {

namespace {

constexpr std::int64_t sector_bytes = 512;

const std::map<std::string, int, std::less<>>& error_names() {
  static const std::map<std::string, int, std::less<>> names = {
      {"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS},
      {"EACCES", EACCES}, {"EPERM", EPERM},   {"EINTR", EINTR},   {"EAGAIN", EAGAIN},
      {"ENOMEM", ENOMEM}, {"EMFILE", EMFILE}, {"ENFILE", ENFILE}, {"EBUSY", EBUSY},
      {"EFBIG", EFBIG},   {"EINVAL", EINVAL}, {"ENXIO", ENXIO},   {"ETIMEDOUT", ETIMEDOUT}};
  return names;
}

const std::map<std::string, Action, std::less<>>& action_names() {
  static const std::map<std::string, Action, std::less<>> names = {
      {"read", Action::read}, {"write", Action::write}, {"fsync", Action::sync},
      {"open", Action::open}, {"names", Action::names}, {"look", Action::look}};
  return names;
}

const std::map<std::string, Rule::Kind, std::less<>>& kind_names() {
  static const std::map<std::string, Rule::Kind, std::less<>> names = {
      {"error", Rule::Kind::error},     {"slow", Rule::Kind::slow},
      {"full", Rule::Kind::full},       {"corrupt", Rule::Kind::corrupt},
      {"shorten", Rule::Kind::shorten}, {"tear", Rule::Kind::tear}};
  return names;
}

template <class Number>
bool read_number(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number >= 0;
}

bool read_actions(std::string_view text, unsigned* actions) {
  *actions = 0;
  while (!text.empty()) {
    const std::size_t plus = std::min(text.find('+'), text.size());
    const auto found = action_names().find(text.substr(0, plus));
    if (found == action_names().end()) return false;
    *actions |= static_cast<unsigned>(found->second);
    text.remove_prefix(std::min(plus + 1, text.size()));
  }
  return *actions != 0;
}

bool read_word(const std::string& name, const std::string& value, Rule* rule) {
  if (name == "path") {
    rule->glob = value;
    return !value.empty();
  }
  if (name == "on") return read_actions(value, &rule->actions);
  if (name == "errno") {
    const auto found = error_names().find(value);
    if (found != error_names().end()) rule->error = found->second;
    return found != error_names().end();
  }
  if (name == "data") {
    rule->data = value;
    return value == "keep" || value == "lose" || value == "revert";
  }
  if (name == "overwrites") {
    rule->overwrites = value == "true";
    return value == "true" || value == "false";
  }
  if (name == "probability")
    return read_number(value, &rule->probability) && rule->probability <= 1;
  if (name == "delay-ms") return read_number(value, &rule->delay_ms) && rule->delay_ms <= 60'000;
  if (name == "bytes") return read_number(value, &rule->bytes_left);
  if (name == "times") return read_number(value, &rule->times_max);
  if (name == "seed") {
    std::uint64_t seed = 0;
    if (!read_number(value, &seed)) return false;
    rule->random = Random(seed);
    return true;
  }
  return false;
}

}  // namespace

std::optional<Rule> parse_rule(const std::vector<std::string>& words, std::string* why) {
  if (words.size() < 2) {
    *why = "a rule has an id and a kind";
    return std::nullopt;
  }
  Rule rule;
  rule.id = words[0];
  const auto kind = kind_names().find(words[1]);
  if (kind == kind_names().end()) {
    *why = "no rule is called " + words[1];
    return std::nullopt;
  }
  rule.kind = kind->second;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    if (equals != std::string::npos &&
        read_word(words[i].substr(0, equals), words[i].substr(equals + 1), &rule)) {
      continue;
    }
    *why = "what is " + words[i];
    return std::nullopt;
  }
  return rule;
}

void Rules::add(Rule rule) {
  remove(rule.id);
  const std::lock_guard lock(mutex_);
  rules_.push_back(std::move(rule));
}

void Rules::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  rules_.remove_if([&](const Rule& rule) { return rule.id == id; });
  removed_.notify_all();
}

void Rules::remove_all() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
  removed_.notify_all();
}

Rule* Rules::match(Rule::Kind kind, Action action, const std::string& path) {
  for (Rule& rule : rules_) {
    if (rule.kind != kind || (rule.actions & static_cast<unsigned>(action)) == 0) continue;
    if (rule.times_max > 0 && rule.applied >= rule.times_max) continue;
    if (fnmatch(rule.glob.c_str(), path.c_str(), 0) != 0) continue;
    if (rule.probability < 1 && !rule.random.chance(rule.probability)) continue;
    return &rule;
  }
  return nullptr;
}

std::optional<Rule> Rules::before(Action action, const std::string& path) {
  std::unique_lock lock(mutex_);
  if (Rule* slow = match(Rule::Kind::slow, action, path)) {
    ++slow->applied;
    const std::string id = slow->id;
    removed_.wait_for(lock, std::chrono::milliseconds(slow->delay_ms),
                      [&] { return std::ranges::count(rules_, id, &Rule::id) == 0; });
  }
  Rule* failing = match(Rule::Kind::error, action, path);
  if (failing == nullptr) return std::nullopt;
  ++failing->applied;
  return *failing;
}

std::int64_t Rules::admitted(const std::string& path, std::int64_t bytes, std::int64_t growth) {
  const std::lock_guard lock(mutex_);
  Rule* full = match(Rule::Kind::full, Action::write, path);
  if (full == nullptr) return bytes;
  const std::int64_t needed = full->overwrites ? bytes : growth;
  const std::int64_t taken = std::min(needed, full->bytes_left);
  full->bytes_left -= taken;
  if (taken < needed) ++full->applied;
  return bytes - (needed - taken);
}

bool Rules::full(const std::string& path) {
  const std::lock_guard lock(mutex_);
  Rule* full = match(Rule::Kind::full, Action::names, path);
  if (full == nullptr || full->bytes_left > 0) return false;
  ++full->applied;
  return true;
}

void Rules::freed(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  for (Rule& rule : rules_) {
    if (rule.kind == Rule::Kind::full) rule.bytes_left += bytes;
  }
}

std::optional<std::int64_t> Rules::space_left() {
  const std::lock_guard lock(mutex_);
  std::optional<std::int64_t> left;
  for (const Rule& rule : rules_) {
    if (rule.kind == Rule::Kind::full)
      left = std::min(left.value_or(rule.bytes_left), rule.bytes_left);
  }
  return left;
}

std::int64_t Rules::torn(const std::string& path, std::int64_t at, std::int64_t bytes,
                         std::int64_t* told) {
  *told = bytes;
  const std::lock_guard lock(mutex_);
  if (bytes < 2) return bytes;
  if (Rule* shorten = match(Rule::Kind::shorten, Action::write, path)) {
    ++shorten->applied;
    *told = shorten->random.between(1, bytes - 1);
    return *told;
  }
  const std::int64_t first_end = (at / sector_bytes + 1) * sector_bytes;
  if (first_end >= at + bytes) return bytes;  // a sector is written as a whole or not at all
  Rule* tear = match(Rule::Kind::tear, Action::write, path);
  if (tear == nullptr) return bytes;
  ++tear->applied;
  const std::int64_t ends = (at + bytes - 1 - first_end) / sector_bytes;
  return first_end - at + tear->random.between(0, ends) * sector_bytes;
}

void Rules::corrupt(const std::string& path, char* data, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes == 0) return;
  Rule* rule = match(Rule::Kind::corrupt, Action::read, path);
  if (rule == nullptr) return;
  ++rule->applied;
  const std::uint64_t bit = rule->random.below(bytes * 8);
  data[bit / 8] = static_cast<char>(data[bit / 8] ^ (1 << (bit % 8)));
}

std::string Rules::status() {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const Rule& rule : rules_)
    text += (text.empty() ? "" : "; ") + rule.id + " applied " + std::to_string(rule.applied);
  return text;
}

bool Rules::any() {
  const std::lock_guard lock(mutex_);
  return !rules_.empty();
}

}  // namespace gauntlet::disk
