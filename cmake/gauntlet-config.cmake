# find_package(gauntlet COMPONENTS checker): gauntlet::checker, gauntlet::history, and the libraries
# that these were built with.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(Boost 1.81)
find_dependency(fmt)
find_dependency(nlohmann_json)
find_dependency(ZLIB)
find_dependency(PkgConfig)
# The exported targets name these as the project itself does.
pkg_check_modules(ZSTD REQUIRED QUIET IMPORTED_TARGET libzstd)
pkg_check_modules(SIMDJSON REQUIRED QUIET IMPORTED_TARGET simdjson)

include(${CMAKE_CURRENT_LIST_DIR}/gauntlet-targets.cmake)

foreach(component IN LISTS gauntlet_FIND_COMPONENTS)
  if(TARGET gauntlet::${component})
    set(gauntlet_${component}_FOUND TRUE)
  elseif(gauntlet_FIND_REQUIRED_${component})
    set(gauntlet_FOUND FALSE)
    set(gauntlet_NOT_FOUND_MESSAGE
        "there is no component ${component}; the components are checker and history")
  endif()
endforeach()
