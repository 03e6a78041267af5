#include "databases/base64.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

using namespace gauntlet;

TEST_CASE("base64: the vectors of RFC 4648") {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [bytes, text] : vectors) {
    CHECK(base64_encode(bytes) == text);
    CHECK(base64_decode(text) == bytes);
  }
}

TEST_CASE("base64: what was encoded is decoded") {
  Random random(1);
  for (std::size_t length = 0; length < 200; ++length) {
    std::string bytes;
    for (std::size_t i = 0; i < length; ++i)
      bytes += static_cast<char>(random.below(256));
    CHECK(base64_decode(base64_encode(bytes)) == bytes);
  }
}

TEST_CASE("base64: damage is refused") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "=Zg=", "Zh==", "Zm9=", "Zm-v", "Zm9v\n",
                           "Zm9v Zm9", "====", "Z===", "Zg==Zg==", "Zm9\xff"})
    CHECK_FALSE(base64_decode(text).has_value());
}
