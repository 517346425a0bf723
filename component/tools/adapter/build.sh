#!/usr/bin/env bash
# build.sh SKIFF OUTPUT SOURCES...: the adapter from its C sources, with its world embedded. No C library: what clang
# calls of one is an instruction with -mbulk-memory.
set -eu
skiff=$1 output=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
# Several presets may build it at once.
core=$(mktemp "$output.core.XXXXXX")
trap 'rm -f "$core" "$core.new"' EXIT
clang-22 --target=wasm32 -std=c17 -O2 -Wall -Wextra -Werror -ffreestanding -nostdlib -mbulk-memory -I"$here/../../.." \
  -Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=16384 -Wl,--stack-first "$@" -o "$core"
"$skiff" component embed "$here/world.wit" "$core" -o "$core.new"
mv "$core.new" "$output"
