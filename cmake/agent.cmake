# The units of the program that runs on nodes, as objects: for the program, and for its tests.
file(GLOB agent_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/nemesis/agent/*.cpp)
list(FILTER agent_sources EXCLUDE REGEX "/main.cpp")
add_library(gauntlet_agent OBJECT ${agent_sources})
target_link_libraries(gauntlet_agent PUBLIC gauntlet_flags)
