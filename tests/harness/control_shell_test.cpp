#include <doctest/doctest.h>

#include <string>

#include "base/random.hpp"
#include "base/subprocess.hpp"
#include "harness/control/node.hpp"
#include "tests/result_printing.hpp"

using namespace gauntlet;

namespace {

/// What /bin/sh makes of a quoted argument.
std::string through_shell(const std::string& shell, const std::string& argument) {
  const auto result =
      run_process(LocalProgram{.argv = {shell, "-c", "printf %s " + shell_quote(argument)}});
  REQUIRE(result);
  CHECK(result->exit_code == 0);
  CHECK(result->error_output.empty());
  return result->output;
}

}  // namespace

TEST_CASE("plain words stay readable, everything else is quoted") {
  CHECK(shell_quote("/var/lib/etcd-1.2:3,4@5%6+7") == "/var/lib/etcd-1.2:3,4@5%6+7");
  CHECK(shell_quote("") == "''");
  CHECK(shell_quote("a b") == "'a b'");
  CHECK(shell_quote("a=b") == "'a=b'");
  CHECK(shell_quote("~root") == "'~root'");
  CHECK(shell_quote("it's") == R"('it'\''s')");
}

TEST_CASE("a NUL byte is dropped") {
  CHECK(shell_quote(std::string("a\0b", 3)) == "'ab'");
}

TEST_CASE("no argument is interpreted by a shell") {
  for (const char* shell : {"/bin/sh", "/bin/bash"}) {
    for (const std::string argument :
         {"",       "'",   "''",       "'\\''",    "\\",    "$(id)", "`id`", "$HOME",
          "a\nb\n", "!!",  "*",        "\t",       "\x7f",  "-n",    "#x",   "{a,b}",
          "~",      "x=1", "&& false", "\xc3\x28", "<(id)", "\r\n"})
      CHECK(through_shell(shell, argument) == argument);
  }
}

TEST_CASE("random bytes come back from a shell as they went in") {
  Random random(20260101);
  for (int round = 0; round < 150; ++round) {
    std::string argument;
    const auto length = random.below(200);
    // Half of the rounds from the characters that matter to a shell.
    constexpr std::string_view special = "'\"\\$`!*?[]{}()<>|&;~# \t\n=-";
    for (std::uint64_t i = 0; i < length; ++i) {
      argument += round % 2 == 0 ? static_cast<char>(1 + random.below(255))
                                 : special[random.below(special.size())];
    }
    CHECK(through_shell("/bin/sh", argument) == argument);
  }
}
