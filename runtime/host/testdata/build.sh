#!/bin/sh
# build.sh CLANG WIT OUTPUT SKIFF...: the guest of serve_test.py as a component. WIT: the folder of WASI 0.2.
set -e
cc=$1 wit=$2 output=$3
shift 3
here=$(dirname "$0")
work=$output.parts
rm -rf "$work"
mkdir -p "$work/wit/deps"
cp "$here/world.wit" "$work/wit/"
cp "$wit"/*.wit "$work/wit/deps/"
"$cc" --target=wasm32 -O2 -nostdlib -Wl,--no-entry -o "$work/core.wasm" "$here/guest.c"
"$@" component embed "$work/wit" "$work/core.wasm" -w guest -o "$work/embedded.wasm"
"$@" component new "$work/embedded.wasm" -o "$output"
rm -rf "$work"
