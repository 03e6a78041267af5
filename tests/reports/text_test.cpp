// Texts for people: nothing that comes out can act on a terminal or a page.
#include "reports/text.hpp"

#include <doctest/doctest.h>

#include "base/utf8.hpp"
#include "reports/content_policy.hpp"
#include "reports/markup.hpp"
#include "tests/reports/hostile.hpp"

namespace gauntlet {

namespace {

bool is_clean_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint c = decode_utf8(text);
    if (c.length == 0 || c.value < 0x20 || (c.value >= 0x7F && c.value < 0xA0)) return false;
    if (c.value == 0x2028 || c.value == 0x2029 || c.value == 0x202E) return false;
    text.remove_prefix(c.length);
  }
  return true;
}

}  // namespace

TEST_CASE("UTF-8 is decoded as RFC 3629 says") {
  CHECK(decode_utf8("a").value == 'a');
  CHECK(decode_utf8("\xC3\xA9").value == 0xE9);
  CHECK(decode_utf8("\xE2\x82\xAC").value == 0x20AC);
  CHECK(decode_utf8("\xF0\x9F\x98\x80").value == 0x1F600);
  CHECK(decode_utf8("\xF0\x9F\x98\x80").length == 4);
  for (const char* malformed : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x80\x80",
                                "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xFF"}) {
    CAPTURE(malformed);
    CHECK(decode_utf8(malformed).length == 0);
  }
  CHECK(decode_utf8("").length == 0);
}

TEST_CASE("printable spells out what would act") {
  CHECK(printable("plain text, é €") == "plain text, é €");
  CHECK(printable("a\nb\tc\r") == "a\\nb\\tc\\r");
  CHECK(printable("\x1b[31m") == "\\x1b[31m");
  CHECK(printable("\xE2\x80\xAE") == "\\u202e");
  CHECK(printable("\xC3(") == "\\xc3(");
  CHECK(printable(std::string(1000, 'x'), 10) == "xxxxxxxxxx... (1,000 bytes)");
}

TEST_CASE("hostile texts come out clean, bounded and escaped") {
  for (const auto& text : hostile_texts()) {
    const std::string plain = printable(text);
    CHECK(is_clean_utf8(plain));
    CHECK(plain.size() < 400);
    const std::string html = html_escape(text);
    CHECK(html.find_first_of("<>\"'") == std::string::npos);
    CHECK(html.size() < 25'000);
  }
  CHECK(html_escape("<a href=\"x\">'&") == "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
}

TEST_CASE("numbers read well") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(1234567) == "1,234,567");
  CHECK(counted(1, "operation") == "1 operation");
  CHECK(counted(2000, "operation") == "2,000 operations");
  CHECK(counted(2, "anomaly", "anomalies") == "2 anomalies");
  CHECK(percentage(0, 0) == "-");
  CHECK(percentage(1, 100'000) == "<0.1 %");
  CHECK(percentage(99'999, 100'000) == ">99.9 %");
  CHECK(percentage(7, 7) == "100 %");
  CHECK(percentage(1, 3) == "33.3 %");
  CHECK(moment(12'340'184'000) == "12.340184 s");
  CHECK(columns("é€x") == 3);
}

TEST_CASE("links stay within the report's folder and are nothing but paths") {
  CHECK(relative_href("nodes/n1/etcd.log") == "./nodes/n1/etcd.log");
  CHECK(relative_href("a b#c?d%e") == "./a%20b%23c%3Fd%25e");
  CHECK(relative_href("javascript:alert(1)") == "./javascript%3Aalert%281%29");
  CHECK(relative_href("a..b/c") == "./a..b/c");
  for (const char* outside : {"", "/etc/passwd", "//host/x", "../x", "a/../../x", "a/.."}) {
    CAPTURE(outside);
    CHECK(relative_href(outside).empty());
  }
}

TEST_CASE("markup is escaped and nested by construction") {
  Markup html;
  html.open("p", {{"title", "\"<&"}, {"class", ""}}).text("a < b").close();
  html.leaf("br").element("b", "'");
  CHECK(html.take() == "<p title=\"&quot;&lt;&amp;\">a &lt; b</p><br/><b>&#39;</b>");
  CHECK(svg_number(1.04) == "1");
  CHECK(svg_number(-0.01) == "0");
  CHECK(svg_number(12345.67) == "12345.7");
}

TEST_CASE("base64 of hex digits") {
  CHECK(base64_of_hex("") == "");
  CHECK(base64_of_hex("66") == "Zg==");
  CHECK(base64_of_hex("666f") == "Zm8=");
  CHECK(base64_of_hex("666f6f") == "Zm9v");
  CHECK(base64_of_hex("666f6f62") == "Zm9vYg==");
  CHECK(base64_of_hex("fbff") == "+/8=");
}

}  // namespace gauntlet
