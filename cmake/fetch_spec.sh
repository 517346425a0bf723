#!/usr/bin/env bash
# Fetches the official test suite, at a pinned commit, into build/spec/core, unless it is there already or
# SKIFF_SPEC_DIR (a folder with `core` in it) says where it is. WebAssembly/testsuite is the flat
# collection of the suite of WebAssembly/spec and of the proposals. spectest/CMakeLists.txt finds it.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly repository=https://github.com/WebAssembly/testsuite
readonly commit=193e551ff22663995b1ac95dc62344133669e14b

for place in "${SKIFF_SPEC_DIR:-}" ../shared/spec; do
  [ -n "$place" ] && [ -d "$place/core" ] && exit 0
done
readonly target=build/spec/core
[ "$(cat "$target/.commit" 2>/dev/null)" = "$commit" ] && exit 0

echo "fetching the WebAssembly test suite ($commit)" >&2
mkdir -p build/spec
work=$(mktemp -d build/spec/fetch.XXXXXX)
trap 'rm -rf "$work"' EXIT
git -C "$work" init -q
git -C "$work" fetch -q --depth 1 "$repository" "$commit"
git -C "$work" checkout -q FETCH_HEAD
rm -rf "$work/.git" "$target"
echo "$commit" >"$work/.commit"
mv "$work" "$target"
