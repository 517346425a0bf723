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

# skiff_cxx_component(NAME WIT file WORLD name SOURCES file...): build/guests/NAME.wasm, a component from C++ with bindings
# by `skiff bindgen`. SKIFF_CXX_GUESTS says whether they can be built.
if(SKIFF_GUESTS AND EXISTS /usr/lib/wasm32-wasi/libc++.a)
  set(SKIFF_CXX_GUESTS TRUE)
else()
  set(SKIFF_CXX_GUESTS FALSE)
  message(STATUS "skiff: guest programs in C++ are SKIPPED: libc++-22-dev-wasm32 is not installed")
endif()
function(skiff_cxx_component NAME)
  cmake_parse_arguments(ARG "" "WIT;WORLD" "SOURCES" ${ARGN})
  if(NOT SKIFF_CXX_GUESTS)
    return()
  endif()
  list(TRANSFORM ARG_SOURCES REPLACE "^([^/].*)" "${CMAKE_CURRENT_SOURCE_DIR}/\\1")
  get_filename_component(wit ${ARG_WIT} ABSOLUTE)
  file(GLOB generator CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/component/bindgen/*.cc ${CMAKE_SOURCE_DIR}/component/bindgen/guest/*.h)
  list(FILTER generator EXCLUDE REGEX "_(test)\\.cc$")
  set(wasm ${SKIFF_GUEST_DIR}/${NAME}.wasm)
  add_custom_command(OUTPUT ${wasm}
    COMMAND ${CMAKE_SOURCE_DIR}/cmake/guest_component.sh ${wasm} ${wit} ${ARG_WORLD} ${ARG_SOURCES} --
            ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:skiff>
    DEPENDS ${ARG_SOURCES} ${wit} ${generator} ${CMAKE_SOURCE_DIR}/cmake/guest_component.sh ${CMAKE_SOURCE_DIR}/cmake/guest_cxx.sh
    COMMENT "Compiling component ${NAME}.wasm" VERBATIM)
  add_custom_target(guest_${NAME} ALL DEPENDS ${wasm})
endfunction()

# skiff_host_bindings(TARGET WIT file WORLD name): adds C++ bindings for hosts to a target, made by the skiff of this build.
function(skiff_host_bindings TARGET)
  cmake_parse_arguments(ARG "" "WIT;WORLD" "" ${ARGN})
  get_filename_component(wit ${ARG_WIT} ABSOLUTE)
  string(REPLACE "-" "_" name ${ARG_WORLD})
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${TARGET}.bindings)
  add_custom_command(OUTPUT ${folder}/${name}.h ${folder}/${name}.cc
    COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:skiff> bindgen --host ${wit} --world ${ARG_WORLD} -o ${folder}
    DEPENDS ${wit} skiff COMMENT "Generating ${name}.h for hosts" VERBATIM)
  target_sources(${TARGET} PRIVATE ${folder}/${name}.cc)
  target_include_directories(${TARGET} PRIVATE ${folder})
  target_link_libraries(${TARGET} PRIVATE skiff_component_bind)
endfunction()
