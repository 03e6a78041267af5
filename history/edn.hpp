// EDN forms (github.com/edn-format/edn) as Clojure's printer writes them, interned as they are
// read.
//
// What JSON lacks becomes the nearest that keeps different values different: keywords, symbols and
// characters their names as strings; sets lists in an order of their own; tagged literals and
// records the form behind the tag; integers beyond 64 bits texts that end with N; ratios and
// decimals their text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "history/reading.hpp"

namespace gauntlet {

/// Reads one form after another from a text that must outlive it and is valid UTF-8. After a
/// failure only `failure` makes sense. Recursion is bounded by value_depth_max. Not thread-safe.
class EdnParser {
 public:
  explicit EdnParser(std::string_view text, std::size_t offset = 0)
      : text_(text), offset_(offset) {}

  /// Skips white space, commas, comments and discarded forms; false on a failure among these.
  bool skip_blanks();
  bool at_end() const { return offset_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[offset_]; }
  void advance(std::size_t count = 1) { offset_ += count; }
  std::size_t offset() const { return offset_; }

  /// The next form as a value; nothing on a failure. O(bytes).
  std::optional<ValueId> value(Values& values);
  /// Passes over the next form; its text, or nothing on a failure.
  std::optional<std::string_view> skip();
  /// Passes over a tag such as `#jepsen.history.Op` if one is next.
  bool skip_tag();
  /// A keyword, string or symbol as its name; nothing on a failure. The view is valid until the
  /// next call.
  std::optional<std::string_view> name();
  /// The text of the number, symbol or keyword at this place, without passing over it.
  std::string_view token() const;

  struct Failure {
    std::size_t offset = 0;
    std::string expected;
    bool at_end = false;  ///< the text ended inside a form
  };
  const Failure& failure() const { return failure_; }
  /// Notes what was expected here.
  std::nullopt_t fail(std::string_view expected);

 private:
  std::optional<ValueId> form(int depth);
  std::optional<ValueId> sequence(char close, bool is_set, int depth);
  std::optional<ValueId> map(int depth);
  std::optional<ValueId> dispatch(int depth);
  std::optional<ValueId> number(std::string_view text);
  std::optional<ValueId> integer(std::string_view text);
  std::optional<ValueId> character();
  std::optional<ValueId> word();
  std::optional<ValueId> text_value(std::string_view text);
  std::optional<std::string_view> string();
  bool escape(std::string& out);
  bool code_unit(unsigned& unit);
  bool skip_blanks(int depth);

  std::string_view text_;
  std::size_t offset_;
  Values* values_ = nullptr;  ///< null while a form is passed over
  std::string scratch_;
  Failure failure_;
};

}  // namespace gauntlet
