// The fast way for the lines that runs write: one event from an object of known fields with plain
// values. A million operations load in a third of the time that a JSON parser takes.
//
// It takes a subset of JSON and takes it as JSON is meant: no escapes, nothing but ASCII in
// strings, no reals, no objects within the event, no integer beyond 18 digits, no blanks but one
// behind a colon or comma, no field unknown or twice. For anything else it says so, and
// json_event.hpp, which knows all of JSON and words the errors, has the line. tests/fuzz holds the
// two against each other.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "history/reading.hpp"

namespace gauntlet {

/// Not thread-safe.
class PlainJsonParser {
 public:
  explicit PlainJsonParser(Reading& reading) : reading_(reading) {}

  /// Parses `text`, which has 64 readable bytes behind it; false where it is not plain, and then
  /// `event` means nothing. O(bytes).
  bool parse(std::string_view text, Event& event);

 private:
  bool read_field(Event& event);
  bool read_type(Event& event);
  bool read_process(Event& event);
  bool read_function(Event& event);
  bool read_count(std::int64_t& number);
  bool read_text(std::uint32_t& id);
  bool read_value(ValueId& id, int depth);
  bool read_list(ValueId& id, int depth);
  bool read_integer(std::int64_t& number);
  bool read_string(std::string_view& text);

  template <std::size_t size>
  bool take(const char (&literal)[size]);
  bool begin_field(unsigned field);
  void skip_blank() { at_ += *at_ == ' ' ? 1 : 0; }

  /// Functions whose names fit a word, by that word.
  struct ShortName {
    std::uint64_t word = 0;
    FunctionId f = 0;
  };

  Reading& reading_;
  const char* at_ = nullptr;
  unsigned seen_ = 0;               ///< fields of this event, as bits
  std::vector<ValueId> items_;      ///< of the lists that are open, the innermost last
  std::array<ShortName, 8> names_;  ///< the first that came up
  std::size_t names_size_ = 0;
};

}  // namespace gauntlet
