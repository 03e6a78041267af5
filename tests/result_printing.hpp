// Lets CHECK(result) and REQUIRE(result) say why a Result is an error.
#pragma once

#include <doctest/doctest.h>

#include "base/error.hpp"

namespace doctest {

template <class T>
struct StringMaker<gauntlet::Result<T>> {
  static String convert(const gauntlet::Result<T>& result) {
    return result ? String("a value") : String(result.error().to_string().c_str());
  }
};

}  // namespace doctest
