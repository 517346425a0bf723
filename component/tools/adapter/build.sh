#!/usr/bin/env bash
# build.sh OUTPUT SOURCES... -- SKIFF...: the adapter from its C sources, with its world embedded by the command SKIFF.
# No C library: what clang calls of one is an instruction with -mbulk-memory.
set -eu
output=$1
shift
sources=()
while [ "$1" != "--" ]; do sources+=("$1"); shift; done
shift
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$(dirname "$output")"
core=$(mktemp "$output.XXXXXX")  # several presets may build it at once
trap 'rm -f "$core" "$core.new"' EXIT
clang-22 --target=wasm32 -std=c17 -O2 -Wall -Wextra -Werror -ffreestanding -nostdlib -mbulk-memory -I"$here/../../.." \
  -Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=16384 -Wl,--stack-first "${sources[@]}" -o "$core"
"$@" component embed "$here/world.wit" "$core" -o "$core.new"
chmod 644 "$core.new"
mv "$core.new" "$output"
