// The words of evidence and messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace gauntlet {

/// "1 rule", "5 rules"; the plural is with s unless it is given.
std::string counted(std::int64_t count, std::string_view singular, std::string_view plural = {});

/// "n3: why"; errors of nodes may begin with the name already.
std::string told_of(const std::string& node, const Error& error);

}  // namespace gauntlet
