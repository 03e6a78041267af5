#include "history/transaction_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <charconv>
#include <memory>
#include <optional>

#include "history/line_reader.hpp"
#include "history/session_transactions.hpp"

namespace gauntlet {

namespace {

constexpr std::int64_t aborted = -1;

/// A line, or how far it is one.
struct Line {
  MicroKind kind = MicroKind::read;
  std::int64_t key = 0, value = 0, session = 0, transaction = 0;
  std::size_t at = 0;              ///< where reading ended
  std::string_view expected = {};  ///< what it lacks there; empty if nothing
  bool is_whole() const { return expected.empty(); }
};

class LineParser {
 public:
  explicit LineParser(std::string_view text) : text_(text) {}

  Line parse() {
    if (text_.empty() || (text_[0] != 'r' && text_[0] != 'w')) return lack("r or w");
    line_.kind = text_[0] == 'w' ? MicroKind::write : MicroKind::read;
    line_.at = 1;
    if (!take('(')) return lack("(");
    std::int64_t* const numbers[] = {&line_.key, &line_.value, &line_.session, &line_.transaction};
    constexpr std::string_view names[] = {"a key: an integer", "a value: an integer",
                                          "a session: an integer", "a transaction: an integer"};
    for (std::size_t i = 0; i < 4; ++i) {
      if (i > 0 && !take(',')) return lack(",");
      if (!number(*numbers[i])) return lack(names[i]);
    }
    if (!take(')')) return lack(")");
    if (line_.at < text_.size()) return lack("the end of the line");
    return line_;
  }

 private:
  void skip_blanks() {
    while (line_.at < text_.size() && (text_[line_.at] == ' ' || text_[line_.at] == '\t'))
      ++line_.at;
  }

  bool take(char c) {
    skip_blanks();
    if (line_.at == text_.size() || text_[line_.at] != c) return false;
    ++line_.at;
    skip_blanks();
    return true;
  }

  bool number(std::int64_t& to) {
    const char* const begin = text_.data() + line_.at;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), to);
    if (error != std::errc()) return false;
    line_.at += static_cast<std::size_t>(end - begin);
    return true;
  }

  Line lack(std::string_view expected) {
    line_.expected = expected;
    return line_;
  }

  std::string_view text_;
  Line line_;
};

std::string_view without_blanks(std::string_view line, std::size_t& column) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  column = begin + 1;
  return line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
}

class TransactionTextReader {
 public:
  explicit TransactionTextReader(Reading& reading) : reading_(reading) {}

  Result<void> take(std::string_view text, Place place) {
    const Line line = LineParser(text).parse();
    if (!line.is_whole()) {
      const Place at{place.line, place.column + line.at};
      return reading_.malformed(at, line.expected, text.substr(line.at));
    }
    const auto process = process_from(line.session);
    if (!process) {
      return reading_.malformed(place, "a session from 0 to 2147483647", text);
    }
    if (line.transaction < aborted) {
      return reading_.malformed(place, "a transaction from 0, or -1 for one that aborted", text);
    }
    auto [found, is_new] = sessions_.try_emplace(*process);
    if (is_new) found->second = std::make_unique<Session>(reading_);
    Session& session = *found->second;
    if (!session.open || session.transaction != line.transaction) {
      if (!close(*process, session)) return {};
      if (line.transaction != aborted && !session.seen.insert(line.transaction).second) {
        return reading_.malformed(
            place,
            fmt::format("the operations of transaction {} of session {} together", line.transaction,
                        line.session),
            text);
      }
      session.open = true;
      session.transaction = line.transaction;
      session.place = place;
    }
    Values& values = reading_.history.values();
    if (line.transaction == aborted && line.kind == MicroKind::read) return {};
    session.micros.add(line.kind, values.integer(line.key), value_or_initial(values, line.value));
    is_stopped_ = is_stopped_ || reading_.effort.exhausted();
    return {};
  }

  bool is_stopped() const { return is_stopped_; }

  /// Ends the transactions that are open, in order of sessions, whatever the map's is.
  void finish() {
    std::vector<Process> processes;
    for (const auto& [process, session] : sessions_)
      processes.push_back(process);
    std::sort(processes.begin(), processes.end());
    for (const Process process : processes) {
      if (!close(process, *sessions_.find(process)->second)) return;
    }
  }

 private:
  struct Session {
    explicit Session(Reading& reading) : micros(reading) {}
    SessionTransactions micros;
    bool open = false;
    std::int64_t transaction = 0;
    Place place;
    boost::unordered_flat_set<std::int64_t> seen;
  };

  bool close(Process process, Session& session) {
    if (!session.open) return true;
    session.open = false;
    const bool is_aborted = session.transaction == aborted;
    if (is_aborted && session.micros.is_empty()) return true;
    const OperationType end = is_aborted ? OperationType::fail : OperationType::ok;
    if (session.micros.finish(process, end, session.place)) return true;
    is_stopped_ = true;
    return false;
  }

  Reading& reading_;
  boost::unordered_flat_map<Process, std::unique_ptr<Session>> sessions_;
  bool is_stopped_ = false;
};

}  // namespace

bool is_transaction_text(std::string_view front) {
  if (front.starts_with(byte_order_mark)) front.remove_prefix(byte_order_mark.size());
  const std::size_t begin = front.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return false;
  std::size_t column = 0;
  const std::string_view rest = front.substr(begin);
  return LineParser(without_blanks(rest.substr(0, rest.find('\n')), column)).parse().is_whole();
}

Result<void> read_transaction_text(ByteSource& source, Reading& reading) {
  LineReader lines(source, reading.name());
  TransactionTextReader reader(reading);
  while (!reader.is_stopped() && lines.next()) {
    std::size_t column = 1;
    const std::string_view text = without_blanks(lines.line(), column);
    if (text.empty()) continue;
    auto taken = reader.take(text, {lines.line_number(), column});
    if (!taken && lines.is_cut() && lines.line_number() > 1) {
      reading.warn(lines.line_number(), "the last line is cut off and was left out");
      break;
    }
    if (!taken) return taken;
  }
  if (lines.error()) return *lines.error();
  reader.finish();
  return {};
}

}  // namespace gauntlet
