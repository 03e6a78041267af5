// One event from one JSON object, whatever the order of its fields.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "history/reading.hpp"

namespace gauntlet {

/// Bytes that must be readable behind the text of an object.
inline constexpr std::size_t json_padding = 64;

/// Unknown fields are ignored; a known field that comes twice is an error, since readers of JSON
/// disagree on which one counts. Integers from 2^63 to 2^64 - 1 are kept exactly, as texts that end
/// with N. Not thread-safe.
class JsonEventParser {
 public:
  explicit JsonEventParser(Reading& reading);
  ~JsonEventParser();

  /// Parses `text`, one object with json_padding readable bytes behind it, which begins at `start`.
  /// O(bytes).
  Result<Event> parse(std::string_view text, Place start);

  /// Whether the last error was that the text is no JSON at all, as where a line is cut off.
  bool not_json() const { return not_json_; }

 private:
  struct Document;

  Result<Event> read_fields(std::string_view text, Place start);

  Reading& reading_;
  std::unique_ptr<Document> document_;
  bool not_json_ = false;
};

}  // namespace gauntlet
