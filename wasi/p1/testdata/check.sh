#!/usr/bin/env bash
# check.sh EXPECTED STATUS PROGRAM ARGS... -- COMMAND...: runs COMMAND (skiff run and options) on PROGRAM with two
# fresh directories, "/" to write and "/ro" to read only, and compares its output and exit status.
set -u
expected=$1 status=$2 program=$3
shift 3
args=()
while [ "$1" != -- ]; do args+=("$1"); shift; done
shift
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/rw" "$dir/ro"
printf given > "$dir/ro/given"
"$@" --dir "$dir/rw::/" --dir "$dir/ro::/ro::ro" "$program" "${args[@]}" > "$dir/output" < /dev/null
got=$?
diff -u "$expected" "$dir/output" || exit 1
[ "$(cat "$dir/ro/given")" = given ] || { echo "the read-only directory was changed"; exit 1; }
[ "$got" = "$status" ] || { echo "exit status $got instead of $status"; exit 1; }
