#!/usr/bin/env bash
# check.sh NATIVE WASM INPUTS SKIFF... -- ARGS...: runs a guest's native twin and the guest itself, each in a
# fresh folder of its own with a copy of the INPUTS (space-separated files), and compares standard output,
# exit status and every file that they leave behind.
set -u
native=$1 wasm=$2 inputs=$3
shift 3
skiff=()
while [ "$1" != "--" ]; do skiff+=("$1"); shift; done
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
for side in native wasm; do
  mkdir "$work/$side"
  for file in $inputs; do cp "$file" "$work/$side/"; done
done
(cd "$work/native" && "$native" "$@") >"$work/native.out" 2>"$work/native.err" </dev/null
native_status=$?
(cd "$work/wasm" && "${skiff[@]}" run --dir "$work/wasm::/" "$wasm" "$@") >"$work/wasm.out" 2>"$work/wasm.err" </dev/null
wasm_status=$?
status=0
if [ $native_status -ne $wasm_status ]; then
  echo "exit status: native $native_status, skiff $wasm_status"
  cat "$work/wasm.err"
  status=1
fi
diff -u "$work/native.out" "$work/wasm.out" || { cat "$work/wasm.err"; status=1; }
diff -r "$work/native" "$work/wasm" || status=1
exit $status
