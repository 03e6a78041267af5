#include "history/dbcop_bincode.hpp"

#include <algorithm>

#include "history/byte_cursor.hpp"
#include "history/session_transactions.hpp"
#include "history/whole_text.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t header_numbers = 5;
constexpr std::uint64_t header_text_max = 4096;

/// The texts of the header; false where it is none.
bool read_header(ByteCursor& bytes, std::string_view (&texts)[3]) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < header_numbers; ++i) {
    if (!bytes.little_endian(number) || number >> 32 != 0) return false;
  }
  for (std::string_view& text : texts) {
    if (!bytes.little_endian(number) || number > header_text_max) return false;
    if (!bytes.text(number, text)) return false;
  }
  return true;
}

/// "2022-07-05T12:23:43.032406225+08:00"
bool looks_like_time(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.size() > 10 && std::all_of(text.begin(), text.begin() + 4, is_digit) &&
         text[4] == '-' && text[7] == '-' && text[10] == 'T';
}

class DbcopReader {
 public:
  DbcopReader(std::string_view text, Reading& reading)
      : text_(text), bytes_(text), reading_(reading), micros_(reading), failed_(reading) {}

  Result<void> read() {
    std::string_view texts[3];
    if (!read_header(bytes_, texts)) return malformed(bytes_.offset(), "the header of a history");
    std::uint64_t sessions = 0;
    if (!count(sessions, sizeof(std::uint64_t))) return malformed(start_, "a count of sessions");
    for (std::uint64_t s = 0; s < sessions; ++s) {
      const auto process = process_from(static_cast<std::int64_t>(s));
      std::uint64_t transactions = 0;
      if (!process || !count(transactions, sizeof(std::uint64_t) + 1)) {
        return malformed(start_, "a count of transactions");
      }
      for (std::uint64_t t = 0; t < transactions; ++t) {
        auto taken = read_transaction(*process);
        if (!taken || is_stopped_) return taken;
      }
    }
    if (!bytes_.at_end()) return malformed(bytes_.offset(), "the end of the file");
    return {};
  }

 private:
  struct Operation {
    MicroKind kind;
    bool succeeded;
    ValueId key, value;
  };

  Error malformed(std::size_t offset, std::string_view expected) const {
    return reading_.malformed({1, offset + 1}, expected, text_.substr(offset, 8));
  }

  /// A count of things of at least so many bytes each: no more than what is left has room for.
  bool count(std::uint64_t& to, std::size_t bytes_each) {
    start_ = bytes_.offset();
    return bytes_.little_endian(to) && to <= bytes_.left() / bytes_each;
  }

  bool flag(bool& to) {
    start_ = bytes_.offset();
    std::uint8_t byte = 0;
    if (!bytes_.byte(byte) || byte > 1) return false;
    to = byte == 1;
    return true;
  }

  Result<void> read_transaction(Process process) {
    constexpr std::size_t operation_size = 18;
    const Place place{1, bytes_.offset() + 1};
    std::uint64_t operations = 0;
    if (!count(operations, operation_size)) return malformed(start_, "a count of operations");
    operations_.clear();
    for (std::uint64_t i = 0; i < operations; ++i) {
      auto taken = read_operation();
      if (!taken) return taken;
      if (reading_.effort.exhausted()) {
        is_stopped_ = true;
        return {};
      }
    }
    bool committed = false;
    if (!flag(committed)) return malformed(start_, "whether it committed: 0 or 1");
    for (const Operation& operation : operations_) {
      const bool writes = operation.kind == MicroKind::write;
      if (committed && operation.succeeded) {
        micros_.add(operation.kind, operation.key, operation.value);
      } else if (writes) {
        failed_.add(operation.kind, operation.key, operation.value);
      }
    }
    const bool goes_on =
        (failed_.is_empty() || failed_.finish(process, OperationType::fail, place)) &&
        (!committed || micros_.finish(process, OperationType::ok, place));
    is_stopped_ = !goes_on;
    return {};
  }

  Result<void> read_operation() {
    bool writes = false;
    bool succeeded = false;
    std::uint64_t key = 0;
    std::uint64_t value = 0;
    if (!flag(writes)) return malformed(start_, "whether it is a write: 0 or 1");
    if (!bytes_.little_endian(key) || !bytes_.little_endian(value)) {
      return malformed(bytes_.offset(), "a key and a value");
    }
    if (!flag(succeeded)) return malformed(start_, "whether it succeeded: 0 or 1");
    Values& values = reading_.history.values();
    operations_.push_back({writes ? MicroKind::write : MicroKind::read, succeeded,
                           values.integer(static_cast<std::int64_t>(key)),
                           value_or_initial(values, static_cast<std::int64_t>(value))});
    return {};
  }

  std::string_view text_;
  ByteCursor bytes_;
  Reading& reading_;
  SessionTransactions micros_;
  SessionTransactions failed_;
  std::vector<Operation> operations_;
  std::size_t start_ = 0;  ///< where the last count or flag began
  bool is_stopped_ = false;
};

}  // namespace

bool is_dbcop_bincode(std::string_view front) {
  ByteCursor bytes(front);
  std::string_view texts[3];
  return read_header(bytes, texts) && looks_like_time(texts[1]);
}

Result<void> read_dbcop_bincode(ByteSource& source, Reading& reading) {
  auto text = read_whole(source, reading);
  if (!text) return text.error();
  if (!reading.effort.reason().empty()) return {};
  return DbcopReader(text->view(), reading).read();
}

}  // namespace gauntlet
