# Run at installation, with `source` and `include` set: installs the public headers and all that they
# include of ours below ${include}, with their includes of each other as <gauntlet/...>. See
# cmake/library.cmake.
cmake_policy(VERSION 3.25)
set(waiting checker/library.hpp checker/linearizability_monitor.hpp checker/models/model.hpp
    history/reader.hpp)
set(seen)
while(waiting)
  list(POP_FRONT waiting header)
  if(header IN_LIST seen)
    continue()
  endif()
  list(APPEND seen ${header})
  file(READ ${source}/${header} text)
  string(REGEX MATCHALL "#include \"[^\"]*\"" includes "${text}")
  list(TRANSFORM includes REPLACE "#include \"(.*)\"" "\\1")
  list(APPEND waiting ${includes})
  string(REGEX REPLACE "#include \"([^\"]*)\"" "#include <gauntlet/\\1>" text "${text}")
  if(header STREQUAL "checker/library.hpp")
    set(header checker.hpp)
  endif()
  file(WRITE ${include}/${header} "${text}")
endwhile()
file(WRITE ${include}/model.hpp
     "// Models: what a data type does, one operation at a time; yours in one struct.
#pragma once

#include <gauntlet/checker/models/model.hpp>
")
file(WRITE ${include}/monitor.hpp
     "// LinearizabilityMonitor: judges a test while it runs.
#pragma once

#include <gauntlet/checker/linearizability_monitor.hpp>
")
file(WRITE ${include}/history.hpp
     "// Histories, and how to read them from files of any known format.
#pragma once

#include <gauntlet/history/history.hpp>
#include <gauntlet/history/reader.hpp>
")
message(STATUS "Installing: ${include}")
