// Texts as people may be shown them. What comes from a database, a node or a file is hostile until
// it went through here: terminals obey control characters, and bidirectional controls make a value
// look like another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace gauntlet {

/// `text` with control characters, bidirectional controls, U+2028, U+2029 and malformed UTF-8
/// spelled out (`\n`, `\x1b`, `\u202e`), cut to about `length_max` bytes; a cut text says how long
/// it was. The result is well-formed UTF-8 on one line.
std::string printable(std::string_view text, std::size_t length_max = 300);

/// `printable`, with the characters escaped that mean something in HTML and XML, in text and in
/// quoted attributes alike.
std::string html_escape(std::string_view text, std::size_t length_max = 4000);

/// "12,345".
std::string grouped(std::uint64_t number);

/// "1 operation", "12 operations": `noun` in its singular, `plural` or noun + "s".
std::string counted(std::uint64_t number, std::string_view noun, std::string_view plural = {});

/// "93.2 %"; "0 %" and "100 %" only where they are exact; "-" of nothing.
std::string percentage(std::uint64_t part, std::uint64_t whole);

/// A moment of a run in seconds with enough digits to tell operations apart: "12.340184 s".
std::string moment(Nanos time_ns);

/// How many columns a printable text takes, taking every code point for one.
std::size_t columns(std::string_view text);

/// A path relative to the report as the value of `href`: percent-encoded, so that it cannot be
/// anything but a path; empty where it leads out of the report's folder.
std::string relative_href(std::string_view path);

}  // namespace gauntlet
