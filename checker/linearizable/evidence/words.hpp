// Operations in words, for evidence.
#pragma once

#include <string>

#include "checker/linearizable/part.hpp"

namespace gauntlet {

/// "process 4 on n3 read 2 (key 7) between 3.214 s and 3.217 s".
std::string describe_operation(const Part& part, OpId op);

/// "the read of 2 by process 4".
std::string name_operation(const Part& part, OpId op);

/// "read of 2 (process 4)".
std::string name_briefly(const Part& part, OpId op);

}  // namespace gauntlet
