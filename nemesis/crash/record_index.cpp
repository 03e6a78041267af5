#include "nemesis/crash/record_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/assert.hpp"
#include "base/integer.hpp"

namespace gauntlet::crash {

namespace {

constexpr std::string_view invoke_word = "invoke", ok_word = "ok";

std::optional<std::int64_t> number_in(std::string_view text) {
  const auto value = integer_from(text);
  return value && *value >= 0 ? value : std::nullopt;
}

/// Takes the first word off.
std::string_view take_word(std::string_view& text) {
  const std::size_t blank = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, blank);
  text.remove_prefix(std::min(blank + 1, text.size()));
  return word;
}

/// "ok\x2017": the agent escapes blanks.
std::optional<RecordIndex::Mark> mark_in(std::uint64_t entry, std::string_view text) {
  constexpr std::string_view blank = "\\x20";
  const std::size_t at = text.find(blank);
  if (at == std::string_view::npos) return std::nullopt;
  const auto number = number_in(text.substr(at + blank.size()));
  const std::string_view word = text.substr(0, at);
  if (!number || (word != invoke_word && word != ok_word)) return std::nullopt;
  return RecordIndex::Mark{entry, *number, word == ok_word};
}

}  // namespace

std::string invoked_mark(std::int64_t operation) {
  return fmt::format("{} {}", invoke_word, operation);
}

std::string acknowledged_mark(std::int64_t operation) {
  return fmt::format("{} {}", ok_word, operation);
}

std::set<std::int64_t> RecordIndex::invoked_by(std::uint64_t so_many) const {
  std::set<std::int64_t> operations;
  for (const Mark& mark : marks)
    if (!mark.acknowledged && mark.entry <= so_many) operations.insert(mark.operation);
  return operations;
}

std::set<std::int64_t> RecordIndex::acknowledged_by(std::uint64_t so_many) const {
  std::set<std::int64_t> operations;
  for (const Mark& mark : marks)
    if (mark.acknowledged && mark.entry <= so_many) operations.insert(mark.operation);
  return operations;
}

const Epoch& RecordIndex::epoch_of(std::uint64_t so_many) const {
  GAUNTLET_ASSERT(!epochs.empty());
  const auto after =
      std::upper_bound(epochs.begin(), epochs.end(), so_many,
                       [](std::uint64_t number, const Epoch& one) { return number < one.first; });
  return *std::prev(after);
}

Result<RecordIndex> parse_record_index(std::string_view text) {
  RecordIndex index;
  index.epochs.push_back({});
  bool ended = false;
  while (!text.empty() && !ended) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string whole(line.substr(0, 200));
    const auto entry = number_in(take_word(line));
    const std::string_view kind = take_word(line);
    const auto refuse = [&] {
      return failure(ErrorKind::remote, fmt::format("the record's list has a line '{}'", whole));
    };
    if (!entry || static_cast<std::uint64_t>(*entry) < index.entries) return refuse();
    index.entries = static_cast<std::uint64_t>(*entry);
    if (kind == "end") {
      ended = true;
    } else if (kind == "mark") {
      const auto mark = mark_in(index.entries, line);
      if (!mark) return refuse();
      index.marks.push_back(*mark);
    } else if (kind == "fsync" || kind == "fsync-folder" || kind == "write-sync") {
      if (index.entries <= index.epochs.back().first) return refuse();
      index.epochs.back().last = index.entries - 1;
      index.epochs.push_back({index.entries, 0, fmt::format("{} {}", kind, take_word(line))});
    } else {
      return refuse();
    }
  }
  if (!ended) return failure(ErrorKind::remote, "the record's list has no end");
  index.epochs.back().last = index.entries;
  return index;
}

}  // namespace gauntlet::crash
