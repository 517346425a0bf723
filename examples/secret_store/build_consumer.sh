#!/usr/bin/env bash
# build_consumer.sh OUT SKIFF...: the consumer as a component, with Debian's rustc and LLVM's linker.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
shift
mkdir -p "$out.d"
/usr/bin/rustc --edition 2021 --target wasm32-unknown-unknown -O -C panic=abort --crate-type staticlib \
  "$here/consumer.rs" -o "$out.d/libconsumer.a"
wasm-ld-22 --no-entry --gc-sections --strip-debug --export=sign --export=cabi_post_sign --export=cabi_realloc \
  "$out.d/libconsumer.a" -o "$out.d/module.wasm"
# The module says which world it was made for, and becomes a component.
"$@" component embed "$here/store.wit" --world consumer "$out.d/module.wasm" -o "$out.d/embedded.wasm"
"$@" component new "$out.d/embedded.wasm" -o "$out.new"
mv "$out.new" "$out"
