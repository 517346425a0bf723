#!/usr/bin/env bash
# guest_cc.sh DIR ARGS...: clang for WASI p1 guests. DIR holds the sysroot it makes: links to wasi-libc's headers
# and libraries under the names that clang expects, so that a header that wasi-libc lacks is an error and
# not silently the host's. setjmp, and what old wasi-libc lacks of POSIX, come from examples/guest.
set -eu
dir=$1
shift
root=$(cd "$(dirname "$0")/.." && pwd)
sysroot=$dir/sysroot
if [ ! -e "$sysroot/lib/wasm32-wasip1" ]; then
  mkdir -p "$sysroot/include" "$sysroot/lib"
  ln -sfn /usr/include/wasm32-wasi "$sysroot/include/wasm32-wasip1"
  ln -sfn /usr/lib/wasm32-wasi "$sysroot/lib/wasm32-wasip1"
fi
# --no-wasm-opt: an old binaryen on the PATH cannot read what clang 22 writes.
exec clang-22 --target=wasm32-wasip1 --sysroot="$sysroot" -I"$root/examples/guest/include" --no-wasm-opt \
  -mexception-handling -mllvm -wasm-enable-sjlj -mllvm -wasm-use-legacy-eh=false \
  -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_GETPID -D_WASI_EMULATED_MMAN \
  -Wno-deprecated-declarations -Wno-unused-command-line-argument "$@" \
  -lwasi-emulated-signal -lwasi-emulated-process-clocks -lwasi-emulated-getpid -lwasi-emulated-mman -lm
