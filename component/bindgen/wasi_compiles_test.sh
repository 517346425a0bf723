#!/usr/bin/env bash
# wasi_compiles_test.sh SKIFF ROOT HOST-COMPILER...: bindings of WASI 0.2 for both sides, through the compilers, without
# warnings. The two worlds mention every package. WIT: SKIFF_WIT_DIR; exit status 77 without it.
set -u
skiff=$1 root=$2
shift 2
wasi=${SKIFF_WIT_DIR:-}/wasi-0.2
[ -d "$wasi" ] || { echo "SKIPPED: the WIT of WASI is not present"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0
warnings=(-Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers -Wno-unknown-warning-option -Wno-gnu-statement-expression)
for what in http:proxy cli:command; do
  package=${what%%:*} world=${what##*:}
  wit=$work/$package
  mkdir -p "$wit/deps"
  for file in "$wasi"/*.wit; do
    if [ "$(basename "$file" .wit)" = "$package" ]; then cp "$file" "$wit/"; else cp "$file" "$wit/deps/"; fi
  done
  for side in guest host; do
    "$skiff" bindgen --$side "$wit" --world "$world" -o "$work/$package-$side" || status=1
    "$skiff" bindgen --$side "$wit" --world "$world" -o "$work/again" || status=1
    cmp "$work/again/$world.cc" "$work/$package-$side/$world.cc" || status=1
  done
  if [ -e /usr/lib/wasm32-wasi/libc++.a ] && command -v clang++-22 >/dev/null; then
    clang++-22 --target=wasm32-wasi -Wno-deprecated --sysroot=/usr -std=c++23 -fno-exceptions -Wall -Wextra -Werror \
      -fsyntax-only "$work/$package-guest/$world.cc" || status=1
  else
    echo "libc++-22-dev-wasm32 is not installed: guests are not compiled"
  fi
  "$@" -std=c++23 -fsyntax-only "${warnings[@]}" -I"$root" "$work/$package-host/$world.cc" || status=1
done
exit $status
