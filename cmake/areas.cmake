# An area is a top folder: an OBJECT library gauntlet_<folder> of all its sources. OBJECT, since units
# register themselves from their own files and a static library would drop them.
#
#   gauntlet_area(<folder> USES <folders that it may use directly>)
#   gauntlet_link(<target> <folders>)   links the objects of the folders and of all that they use

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(SSH REQUIRED IMPORTED_TARGET libssh)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)

add_library(gauntlet_flags INTERFACE)
target_compile_options(gauntlet_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                       -Wno-missing-field-initializers -Werror)
target_include_directories(gauntlet_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_link_libraries(gauntlet_flags INTERFACE Threads::Threads Boost::headers)
if(GAUNTLET_SANITIZE)
  target_compile_options(gauntlet_flags INTERFACE -fsanitize=${GAUNTLET_SANITIZE}
                         -fno-omit-frame-pointer -fno-sanitize-recover=all)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # The checks that are added hide from it what was initialized; GCC then warns of what is sound.
    target_compile_options(gauntlet_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_link_options(gauntlet_flags INTERFACE -fsanitize=${GAUNTLET_SANITIZE})
endif()

set(GAUNTLET_LIBRARIES_base fmt::fmt)
set(GAUNTLET_LIBRARIES_history fmt::fmt nlohmann_json::nlohmann_json PkgConfig::SIMDJSON PkgConfig::ZSTD ZLIB::ZLIB)
set(GAUNTLET_LIBRARIES_harness PkgConfig::SSH OpenSSL::Crypto nlohmann_json::nlohmann_json)
set(GAUNTLET_LIBRARIES_databases CURL::libcurl nlohmann_json::nlohmann_json PkgConfig::HIREDIS PkgConfig::PQ)

# Folders reachable from `folder` through USES, itself included.
function(gauntlet_closure folder result)
  set(reached ${folder})
  foreach(used IN LISTS GAUNTLET_USES_${folder})
    gauntlet_closure(${used} below)
    list(APPEND reached ${below})
  endforeach()
  list(REMOVE_DUPLICATES reached)
  set(${result} ${reached} PARENT_SCOPE)
endfunction()

function(gauntlet_link target)
  set(folders)
  foreach(folder IN LISTS ARGN)
    gauntlet_closure(${folder} reached)
    list(APPEND folders ${reached})
  endforeach()
  list(REMOVE_DUPLICATES folders)
  foreach(folder IN LISTS folders)
    target_link_libraries(${target} PRIVATE gauntlet_${folder})
  endforeach()
  target_link_libraries(${target} PRIVATE gauntlet_flags)
endfunction()

function(gauntlet_area folder)
  cmake_parse_arguments(AREA "" "" "USES" ${ARGN})
  set(GAUNTLET_USES_${folder} ${AREA_USES} PARENT_SCOPE)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/nemesis/agent/|/cli/main.cpp")
  add_library(gauntlet_${folder} OBJECT ${sources})
  set_target_properties(gauntlet_${folder} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(gauntlet_${folder} PUBLIC gauntlet_flags ${GAUNTLET_LIBRARIES_${folder}})
endfunction()
