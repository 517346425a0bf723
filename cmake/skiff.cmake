# skiff_library(NAME [DEPS target...]): the library of the current folder, from every *.cc in it but
# *_test.cc, which become the ctest NAME_test (label unit). Folders therefore need no file lists.
#
# SKIFF_flags carries the language flags; nothing is set globally.

add_library(skiff_flags INTERFACE)
target_include_directories(skiff_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(skiff_flags INTERFACE
  -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
  $<$<BOOL:${SKIFF_WERROR}>:-Werror>)
# -Og without frame pointers would make sanitizer and profile output useless.
target_compile_options(skiff_flags INTERFACE -fno-omit-frame-pointer)
# Floating point exactly as written: no fused a*b+c, and sqrt without a call that sets errno.
target_compile_options(skiff_flags INTERFACE -ffp-contract=off -fno-math-errno)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(skiff_flags INTERFACE -Wno-gnu-statement-expression)
else()
  # False positives of g++ 12 inside libstdc++'s strings, and the unfounded doubts of its data flow.
  target_compile_options(skiff_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow
    -Wno-array-bounds -Wno-dangling-pointer)
endif()
if(SKIFF_SANITIZE)
  target_compile_options(skiff_flags INTERFACE -fsanitize=${SKIFF_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(skiff_flags INTERFACE -fsanitize=${SKIFF_SANITIZE})
endif()
if(SKIFF_FUZZ)
  # Coverage feedback from the libraries; the targets in fuzz/ add libFuzzer itself.
  target_compile_options(skiff_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(skiff_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# RISC-V has no compare-and-swap of bytes and halfwords; libatomic builds them from words.
if(CMAKE_SYSTEM_PROCESSOR MATCHES riscv)
  target_link_libraries(skiff_flags INTERFACE atomic)
endif()

# Engine, component and wasi code neither throws nor uses RTTI (architecture.md, section 10).
add_library(skiff_core_flags INTERFACE)
target_link_libraries(skiff_core_flags INTERFACE skiff_flags)
target_compile_options(skiff_core_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti>)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

# Where the official test suite is, for tests that read it (they look at this variable); empty: they skip, loudly.
set(SKIFF_SUITE "")
foreach(place "$ENV{SKIFF_SPEC_DIR}" ${CMAKE_SOURCE_DIR}/../shared/spec ${CMAKE_SOURCE_DIR}/build/spec)
  if(place AND NOT SKIFF_SUITE AND IS_DIRECTORY ${place}/core)
    get_filename_component(SKIFF_SUITE ${place} REALPATH)
  endif()
endforeach()

# Where the WIT of WASI is (folders wasi-0.2 and wasi-0.3), likewise.
set(SKIFF_WIT "")
foreach(place "$ENV{SKIFF_WIT_DIR}" ${CMAKE_SOURCE_DIR}/../shared/wit ${CMAKE_SOURCE_DIR}/build/wasi-wit)
  if(place AND NOT SKIFF_WIT AND IS_DIRECTORY ${place}/wasi-0.2)
    get_filename_component(SKIFF_WIT ${place} REALPATH)
  endif()
endforeach()

# Environment of every test program.
function(skiff_test_environment NAME)
  if(SKIFF_SUITE)
    set_property(TEST ${NAME} APPEND PROPERTY ENVIRONMENT SKIFF_SPEC_DIR=${SKIFF_SUITE})
  endif()
  if(SKIFF_WIT)
    set_property(TEST ${NAME} APPEND PROPERTY ENVIRONMENT SKIFF_WIT_DIR=${SKIFF_WIT})
  endif()
  if(CMAKE_CROSSCOMPILING)
    # The few cases that qemu-user cannot do ask for this (it cannot exec itself, and merges lines of /proc/self/maps).
    set_property(TEST ${NAME} APPEND PROPERTY ENVIRONMENT SKIFF_EMULATED=1)
  endif()
endfunction()

# Nobody waits for tests themselves, which go without optimisation. Sanitizers make optimising three times dearer, and
# CI makes two cross builds: what is not hot, everything above the engine, goes without in those builds.
function(skiff_build_quickly NAME)
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  if(NAME MATCHES "_test$" OR
     ((SKIFF_SANITIZE OR CMAKE_CROSSCOMPILING) AND NOT folder MATCHES "^(engine|compiler|component/(abi|exec))"))
    target_compile_options(${NAME} PRIVATE -O0)
  endif()
endfunction()

function(skiff_library NAME)
  cmake_parse_arguments(ARG "EXCEPTIONS" "" "DEPS;TEST_DEPS" ${ARGN})
  if(ARG_EXCEPTIONS)
    set(flags skiff_flags)
  else()
    set(flags skiff_core_flags)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(sources)
    add_library(${NAME} STATIC ${sources})
    target_link_libraries(${NAME} PUBLIC ${ARG_DEPS} PRIVATE ${flags})
    target_include_directories(${NAME} PUBLIC ${CMAKE_SOURCE_DIR})
    skiff_build_quickly(${NAME})
  else()
    add_library(${NAME} INTERFACE)
    target_link_libraries(${NAME} INTERFACE ${ARG_DEPS})
    target_include_directories(${NAME} INTERFACE ${CMAKE_SOURCE_DIR})
  endif()
  if(SKIFF_TESTS AND tests)
    add_executable(${NAME}_test ${tests})
    target_link_libraries(${NAME}_test PRIVATE ${NAME} ${ARG_TEST_DEPS} skiff_flags GTest::gtest_main)
    skiff_build_quickly(${NAME}_test)
    add_test(NAME ${NAME}_test COMMAND ${NAME}_test)
    set_tests_properties(${NAME}_test PROPERTIES LABELS unit)
    skiff_test_environment(${NAME}_test)
  endif()
endfunction()
