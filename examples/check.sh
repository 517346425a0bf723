#!/usr/bin/env bash
# check.sh NATIVE WASM INPUTS SKIFF... -- ARGS...: runs a guest's native twin, the guest itself (a module for WASI
# preview 1) and the component that `skiff component new` makes of it (WASI 0.2), each in a fresh folder of its own
# with a copy of the INPUTS (space-separated files), and compares standard output, exit status and every file that
# they leave behind.
set -u
native=$1 wasm=$2 inputs=$3
shift 3
skiff=()
while [ "$1" != "--" ]; do skiff+=("$1"); shift; done
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
component=$work/component.wasm
"${skiff[@]}" component new "$wasm" -o "$component" || exit 1
for side in native module component; do
  mkdir "$work/$side"
  for file in $inputs; do cp "$file" "$work/$side/"; done
done
(cd "$work/native" && "$native" "$@") >"$work/native.out" 2>"$work/native.err" </dev/null
native_status=$?
status=0
# check SIDE FILE ARGS...
check() {
  local side=$1 file=$2 side_status
  shift 2
  (cd "$work/$side" && "${skiff[@]}" run --dir "$work/$side::/" "$file" "$@") \
    >"$work/$side.out" 2>"$work/$side.err" </dev/null
  side_status=$?
  if [ $native_status -ne $side_status ]; then
    echo "exit status: native $native_status, $side $side_status"
    cat "$work/$side.err"
    status=1
  fi
  diff -u "$work/native.out" "$work/$side.out" || { cat "$work/$side.err"; status=1; }
  diff -r "$work/native" "$work/$side" || status=1
}
check module "$wasm" "$@"
check component "$component" "$@"
exit $status
