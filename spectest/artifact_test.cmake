# One script of the suite: all its modules are compiled to files, then it is run with only these (the compiler's
# library is hidden).
#   SAVE, RUN: programs; TARGET: for `--target`; SCRIPT, SKIP: files; FOLDER: where artifacts go
if(NOT EXISTS ${SAVE})
  message("wast: SKIPPED: no compiler for this machine at ${SAVE} (./dev build release, or set SKIFF_HOST)")
  return()
endif()
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
separate_arguments(RUN)
execute_process(COMMAND ${SAVE} wast --save-artifacts ${FOLDER} --target ${TARGET} --skip ${SKIP} --tier llvm ${SCRIPT}
                RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "compiling failed")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -E env SKIFF_LLVM_LIBRARY=/nonexistent
                        ${RUN} wast --artifacts ${FOLDER} --skip ${SKIP} --tier llvm ${SCRIPT}
                RESULT_VARIABLE failed)
file(REMOVE_RECURSE ${FOLDER})
if(failed)
  message(FATAL_ERROR "running failed")
endif()
