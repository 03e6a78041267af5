# Text files as constants of the program, kept as real files in the source tree.
#
#   gauntlet_embed(<folder> <name> <file>...)
#
# joins the files into one text and adds to the area <folder> a source that defines
#   gauntlet::embedded::<name>              std::string_view, the text
#   gauntlet::embedded::<name>_sha256_hex   std::string_view, its SHA-256, for content policies
# A change of a file makes the source anew. The declarations are written by hand where they are used.
#
# This file is also the script that the build runs: cmake -DNAME=.. -DFILES=a,b -DOUTPUT=.. -P.

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  string(REPLACE "," ";" files "${FILES}")
  set(text "")
  foreach(path IN LISTS files)
    file(READ "${path}" part)
    string(APPEND text "${part}")
  endforeach()
  string(SHA256 digest "${text}")
  file(WRITE "${OUTPUT}" "#include <string_view>

namespace gauntlet::embedded {
extern const std::string_view ${NAME};
extern const std::string_view ${NAME}_sha256_hex;
constinit const std::string_view ${NAME} = R\"gauntlet(${text})gauntlet\";
constinit const std::string_view ${NAME}_sha256_hex = \"${digest}\";
}  // namespace gauntlet::embedded
")
  return()
endif()

set(GAUNTLET_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(gauntlet_embed folder name)
  set(paths)
  foreach(path IN LISTS ARGN)
    list(APPEND paths ${CMAKE_SOURCE_DIR}/${path})
  endforeach()
  list(JOIN paths "," joined)
  set(output ${CMAKE_BINARY_DIR}/embedded/${folder}_${name}.cpp)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} "-DFILES=${joined}" -DOUTPUT=${output}
            -P ${GAUNTLET_EMBED_SCRIPT}
    DEPENDS ${paths} ${GAUNTLET_EMBED_SCRIPT}
    COMMENT "Embedding ${name}"
    VERBATIM)
  target_sources(gauntlet_${folder} PRIVATE ${output})
endfunction()
