#!/usr/bin/env bash
# guest_cxx.sh ARGS...: clang++ for components in C++: Debian's libc++ and wasi-libc, modules without a main.
# --no-wasm-opt: an old binaryen on the PATH cannot read what clang 22 writes.
set -eu
exec clang++-22 --target=wasm32-wasi -Wno-deprecated --sysroot=/usr -std=c++23 -O2 -fno-exceptions -fno-rtti \
  -mexec-model=reactor --no-wasm-opt -Wl,--strip-debug -Wall -Wextra -Werror "$@"
