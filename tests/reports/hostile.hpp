// Texts that a database under test might answer with in order to fool a report or a terminal.
#pragma once

#include <string>
#include <vector>

namespace gauntlet {

inline std::vector<std::string> hostile_texts() {
  return {"</script><img src=x onerror=alert(1)>",
          "<!--<script>",
          "\"><svg onload=alert(1)>",
          "' onmouseover='alert(1)",
          "]]>&lt;&amp;",
          "\xE2\x80\xA8line\xE2\x80\xA9paragraph",
          "\x1b[31mred\x1b[0m\x1b]0;title\x07",
          "\r\nINVALID -> VALID\r",
          "right-to-left \xE2\x80\xAE override",
          std::string("nul \0 byte", 10),
          "bad utf8 \xC3\x28 \xFF\xFE \xED\xA0\x80",
          "\xF4\x90\x80\x80",
          std::string(1'000'000, 'A'),
          std::string(1'000'000, '<'),
          std::string(300'000, '\x1b')};
}

}  // namespace gauntlet
