# skiff_guest(NAME SOURCES file... [FLAGS flag...] [WASM_FLAGS flag...] [WASM_SOURCES file...] [NATIVE_FLAGS flag...] [NATIVE])
#
# Builds build/guests/NAME.wasm from C with Debian's clang and wasi-libc, and with NATIVE also
# build/guests/NAME.native for this machine from the same sources, as what its output is compared with.
# Guests are the same for all presets and are shared by them. SKIFF_GUESTS says whether they can be built.
set(SKIFF_GUEST_DIR ${CMAKE_SOURCE_DIR}/build/guests)
find_program(SKIFF_GUEST_CC clang-22)
if(SKIFF_GUEST_CC AND EXISTS /usr/lib/wasm32-wasi/libc.a)
  set(SKIFF_GUESTS TRUE)
else()
  set(SKIFF_GUESTS FALSE)
  message(STATUS "skiff: guest programs are SKIPPED: clang-22 or wasi-libc is not installed")
endif()

function(skiff_guest NAME)
  cmake_parse_arguments(ARG "NATIVE" "" "SOURCES;FLAGS;WASM_FLAGS;WASM_SOURCES;NATIVE_FLAGS" ${ARGN})
  if(NOT SKIFF_GUESTS)
    return()
  endif()
  list(TRANSFORM ARG_SOURCES REPLACE "^([^/].*)" "${CMAKE_CURRENT_SOURCE_DIR}/\\1")
  set(wasm ${SKIFF_GUEST_DIR}/${NAME}.wasm)
  add_custom_command(OUTPUT ${wasm}
    COMMAND ${CMAKE_SOURCE_DIR}/cmake/guest_cc.sh ${SKIFF_GUEST_DIR} -O2 ${ARG_FLAGS} ${ARG_WASM_FLAGS}
            ${ARG_SOURCES} ${ARG_WASM_SOURCES} -o ${wasm}
    DEPENDS ${ARG_SOURCES} ${ARG_WASM_SOURCES} ${CMAKE_SOURCE_DIR}/cmake/guest_cc.sh
    COMMENT "Compiling guest ${NAME}.wasm" VERBATIM)
  set(outputs ${wasm})
  if(ARG_NATIVE)
    set(native ${SKIFF_GUEST_DIR}/${NAME}.native)
    add_custom_command(OUTPUT ${native}
      COMMAND ${SKIFF_GUEST_CC} -O2 ${ARG_FLAGS} ${ARG_NATIVE_FLAGS} ${ARG_SOURCES} -lm -o ${native}
      DEPENDS ${ARG_SOURCES} COMMENT "Compiling native twin of ${NAME}" VERBATIM)
    list(APPEND outputs ${native})
  endif()
  add_custom_target(guest_${NAME} ALL DEPENDS ${outputs})
endfunction()

# skiff_debian_source(PACKAGE RESULT): unpacks the Debian source of PACKAGE into build/sources/PACKAGE at
# configure time; RESULT is its folder, or empty (with a loud note) where it cannot be had.
function(skiff_debian_source PACKAGE RESULT)
  set(folder ${CMAKE_SOURCE_DIR}/build/sources/${PACKAGE})
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/cmake/debian_source.sh ${PACKAGE} ${folder} RESULT_VARIABLE code)
  if(code EQUAL 0)
    set(${RESULT} ${folder} PARENT_SCOPE)
  else()
    message(STATUS "skiff: SKIPPED: the source of ${PACKAGE} could not be fetched")
    set(${RESULT} "" PARENT_SCOPE)
  endif()
endfunction()
