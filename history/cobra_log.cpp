#include "history/cobra_log.hpp"

#include <array>
#include <optional>

#include "history/byte_cursor.hpp"
#include "history/session_transactions.hpp"
#include "history/whole_text.hpp"

namespace gauntlet {

namespace {

constexpr std::uint64_t initial_mark = 0xbebeebee;
constexpr std::uint64_t null_mark = 0xdeadbeef;

struct Record {
  char letter = 0;
  std::array<std::uint64_t, 4> numbers = {};
};

/// How many numbers follow the letter; nothing for what is no letter of a record.
std::optional<std::size_t> numbers_behind(char letter) {
  switch (letter) {
    case 'S':
    case 'C':
      return 1;
    case 'W':
      return 3;
    case 'R':
      return 4;
    default:
      return std::nullopt;
  }
}

enum class Next { record, end, cut, malformed };

Next next_record(ByteCursor& bytes, Record& record) {
  std::uint8_t letter = 0;
  if (!bytes.byte(letter)) return Next::end;
  record.letter = static_cast<char>(letter);
  const auto count = numbers_behind(record.letter);
  if (!count) return Next::malformed;
  for (std::size_t i = 0; i < *count; ++i) {
    if (!bytes.big_endian(record.numbers[i])) return Next::cut;
  }
  return Next::record;
}

class CobraLogReader {
 public:
  CobraLogReader(std::string_view text, Reading& reading, Process process)
      : text_(text),
        bytes_(text),
        reading_(reading),
        process_(process),
        node_(reading.history.text(base_name(reading.name()))),
        micros_(reading) {}

  Result<void> read() {
    for (;;) {
      const std::size_t start = bytes_.offset();
      const Next next = next_record(bytes_, record_);
      if (next == Next::malformed) return malformed(start, "a record: S, R, W or C");
      if (next != Next::record) {
        if (next == Next::cut || open_) {
          reading_.warn(1, "the last transaction is cut off and was left out");
        }
        return {};
      }
      auto taken = take(start);
      if (!taken || is_stopped_) return taken;
    }
  }

 private:
  static std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
  }

  Error malformed(std::size_t offset, std::string_view expected) const {
    return reading_.malformed({1, offset + 1}, expected, text_.substr(offset, 1));
  }

  Result<void> take(std::size_t start) {
    if (record_.letter == 'S') {
      if (open_) return malformed(start, "R, W or C: the transaction before it has not ended");
      open_ = record_.numbers[0];
      return {};
    }
    if (!open_) return malformed(start, "S: no transaction is open");
    if (record_.letter == 'C') {
      if (*open_ != record_.numbers[0]) {
        return malformed(start, "C with the number of the transaction that is open");
      }
      open_.reset();
      is_stopped_ = !micros_.finish(process_, OperationType::ok, {1, start + 1}, node_);
      return {};
    }
    const bool writes = record_.letter == 'W';
    const std::uint64_t write = record_.numbers[writes ? 0 : 1];
    micros_.add(writes ? MicroKind::write : MicroKind::read,
                number(record_.numbers[writes ? 1 : 2]),
                write == initial_mark || write == null_mark ? ValueId::nil : number(write));
    is_stopped_ = reading_.effort.exhausted();
    return {};
  }

  ValueId number(std::uint64_t bits) {
    return reading_.history.values().integer(static_cast<std::int64_t>(bits));
  }

  std::string_view text_;
  ByteCursor bytes_;
  Reading& reading_;
  Process process_;
  std::uint32_t node_;
  SessionTransactions micros_;
  Record record_;
  std::optional<std::uint64_t> open_;
  bool is_stopped_ = false;
};

}  // namespace

bool is_cobra_log(std::string_view front) {
  ByteCursor bytes(front);
  Record record;
  if (next_record(bytes, record) != Next::record || record.letter != 'S') return false;
  const std::uint64_t transaction = record.numbers[0];
  for (;;) {
    const Next next = next_record(bytes, record);
    if (next == Next::cut) return true;
    if (next != Next::record || record.letter == 'S') return false;
    if (record.letter == 'C') return record.numbers[0] == transaction;
  }
}

Result<void> read_cobra_log(ByteSource& source, Reading& reading, Process process) {
  auto text = read_whole(source, reading);
  if (!text) return text.error();
  if (!reading.effort.reason().empty()) return {};
  return CobraLogReader(text->view(), reading, process).read();
}

}  // namespace gauntlet
