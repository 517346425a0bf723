#!/usr/bin/env bash
# guest_component.sh OUT WIT WORLD SOURCES... -- SKIFF...: a component from C++: bindings of the world by `skiff
# bindgen` into OUT's folder (OUT.d), the module by clang, the component by `skiff component new`.
set -eu
out=$1 wit=$2 world=$3
shift 3
sources=()
while [ "$1" != "--" ]; do sources+=("$1"); shift; done
shift
here=$(cd "$(dirname "$0")" && pwd)
bindings=$out.d
rm -rf "$bindings"
"$@" bindgen --guest "$wit" --world "$world" -o "$bindings"
"$here/guest_cxx.sh" -I"$bindings" "${sources[@]}" "$bindings"/*.cc -o "$bindings/module.wasm"
"$@" component new "$bindings/module.wasm" -o "$out.new"
mv "$out.new" "$out"
