# The library that other people link: gauntlet::checker, and gauntlet::history below it, with
# find_package(gauntlet COMPONENTS checker). It is base/, history/ and checker/ and nothing else: no
# harness, no SSH, no curl, no Docker.
#
# Algorithms and models register themselves, and nothing refers to their objects by name, so of a
# plain static library the linker would take none. Therefore all objects of checker/ are linked into
# one (ld -r): whoever calls check() gets it whole, with any linker and any build system, without
# WHOLE_ARCHIVE in every consumer. Nothing in base/ and history/ registers itself: these are a plain
# archive.
#
# Headers are installed below include/gauntlet/ and include each other as <gauntlet/...>: the names
# of our folders ("base/error.hpp") must not be looked for in, or found in, somebody else's tree. The
# public ones are
#   <gauntlet/checker.hpp>   checker/library.hpp: recordings, check(), verdicts
#   <gauntlet/model.hpp>     models of one's own
#   <gauntlet/monitor.hpp>   LinearizabilityMonitor: a test judged while it runs
#   <gauntlet/history.hpp>   histories in files
# the others may change from version to version.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(GAUNTLET_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/gauntlet)

function(gauntlet_library name)
  add_library(gauntlet_${name}_library STATIC ${ARGN})
  set_target_properties(gauntlet_${name}_library PROPERTIES
    OUTPUT_NAME gauntlet_${name} EXPORT_NAME ${name} LINKER_LANGUAGE CXX)
  target_compile_features(gauntlet_${name}_library INTERFACE cxx_std_20)
  target_include_directories(gauntlet_${name}_library INTERFACE
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  install(TARGETS gauntlet_${name}_library EXPORT gauntlet-targets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
endfunction()

gauntlet_library(history $<TARGET_OBJECTS:gauntlet_base> $<TARGET_OBJECTS:gauntlet_history>)
target_link_libraries(gauntlet_history_library
  PUBLIC Threads::Threads Boost::headers
  PRIVATE ${GAUNTLET_LIBRARIES_base} ${GAUNTLET_LIBRARIES_history})

set(GAUNTLET_CHECKER_OBJECT ${CMAKE_BINARY_DIR}/gauntlet_checker.o)
add_custom_command(
  OUTPUT ${GAUNTLET_CHECKER_OBJECT}
  COMMAND ${CMAKE_CXX_COMPILER} -r -nostdlib -o ${GAUNTLET_CHECKER_OBJECT}
          $<TARGET_OBJECTS:gauntlet_checker>
  DEPENDS $<TARGET_OBJECTS:gauntlet_checker>
  COMMENT "Joining the objects of checker/"
  COMMAND_EXPAND_LISTS VERBATIM)
set_source_files_properties(${GAUNTLET_CHECKER_OBJECT} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
gauntlet_library(checker ${GAUNTLET_CHECKER_OBJECT})
target_link_libraries(gauntlet_checker_library
  PUBLIC gauntlet_history_library PRIVATE ${GAUNTLET_LIBRARIES_checker})

install(EXPORT gauntlet-targets NAMESPACE gauntlet:: DESTINATION ${GAUNTLET_PACKAGE_DIR}
        COMPONENT library)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/gauntlet-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES cmake/gauntlet-config.cmake ${CMAKE_BINARY_DIR}/gauntlet-config-version.cmake
        DESTINATION ${GAUNTLET_PACKAGE_DIR} COMPONENT library)
install(CODE "set(source \"${CMAKE_SOURCE_DIR}\")
  set(include \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_INCLUDEDIR}/gauntlet\")"
        COMPONENT library)
install(SCRIPT cmake/install_headers.cmake COMPONENT library)
