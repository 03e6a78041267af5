# The program that runs on nodes, gauntlet-agent: one static file, kept within the gauntlet program
# and uploaded by it. Its units are objects of their own as well, for their tests.
file(GLOB agent_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/nemesis/agent/*.cpp
     ${CMAKE_SOURCE_DIR}/nemesis/agent/disk/*.cpp
     ${CMAKE_SOURCE_DIR}/nemesis/agent/damage/*.cpp)
list(FILTER agent_sources EXCLUDE REGEX "/main.cpp")
add_library(gauntlet_agent OBJECT ${agent_sources})
find_library(fuse_archive libfuse3.a REQUIRED)
pkg_check_modules(FUSE REQUIRED IMPORTED_TARGET fuse3)
target_link_libraries(gauntlet_agent PUBLIC gauntlet_flags PkgConfig::FUSE)

# Without sanitizers, which no static program can have.
add_executable(gauntlet-agent nemesis/agent/main.cpp nemesis/agent_wire.cpp ${agent_sources})
target_compile_options(gauntlet-agent PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Werror)
target_include_directories(gauntlet-agent PRIVATE ${CMAKE_SOURCE_DIR} ${FUSE_INCLUDE_DIRS})
target_link_options(gauntlet-agent PRIVATE -static -s)
target_link_libraries(gauntlet-agent PRIVATE ${fuse_archive})

set(agent_image ${CMAKE_BINARY_DIR}/embedded/agent_image.cpp)
file(GENERATE OUTPUT ${agent_image} CONTENT "#include <string_view>
asm(R\"(.section .rodata
gauntlet_agent_begin: .incbin \"$<TARGET_FILE:gauntlet-agent>\"
gauntlet_agent_end: .byte 0
.section .note.GNU-stack,\"\",@progbits
.text)\");
extern \"C\" const char gauntlet_agent_begin[], gauntlet_agent_end[];
namespace gauntlet::embedded {
std::string_view agent_program() {
  return {gauntlet_agent_begin, static_cast<std::size_t>(gauntlet_agent_end - gauntlet_agent_begin)};
}
}  // namespace gauntlet::embedded
")
set_source_files_properties(${agent_image} PROPERTIES OBJECT_DEPENDS ${CMAKE_BINARY_DIR}/gauntlet-agent)
target_sources(gauntlet_nemesis PRIVATE ${agent_image})
add_dependencies(gauntlet_nemesis gauntlet-agent)
