#!/usr/bin/env bash
# Fetches the official test suites, at pinned commits, into build/spec/core and build/spec/component, unless
# SKIFF_SPEC_DIR (a folder with `core` and `component` in it) or ../shared/spec has them, or they were fetched
# before. WebAssembly/testsuite is the flat collection of the suite of WebAssembly/spec and of the proposals;
# the component suite is the folder `test` of WebAssembly/component-model. spectest/CMakeLists.txt finds them.
set -euo pipefail
cd "$(dirname "$0")/.."

# fetch NAME REPOSITORY COMMIT FOLDER: FOLDER of the repository becomes build/spec/NAME.
fetch() {
  local name=$1 repository=$2 commit=$3 folder=$4 target=build/spec/$1 work
  [ "$(cat "$target/.commit" 2>/dev/null)" = "$commit" ] && return 0
  echo "fetching $repository ($commit)" >&2
  mkdir -p build/spec
  work=$(mktemp -d build/spec/fetch.XXXXXX)
  if git -C "$work" init -q && git -C "$work" fetch -q --depth 1 "$repository" "$commit" &&
    git -C "$work" checkout -q FETCH_HEAD; then
    rm -rf "$work/.git" "$target"
    echo "$commit" >"$work/$folder/.commit"
    if [ "$folder" = . ]; then mv "$work" "$target"; else mv "$work/$folder" "$target" && rm -rf "$work"; fi
  else
    rm -rf "$work"
    echo "could not fetch $repository: its tests will be SKIPPED" >&2
    return 1
  fi
}

for place in "${SKIFF_SPEC_DIR:-}" ../shared/spec; do
  [ -n "$place" ] && [ -d "$place/core" ] && exit 0
done
status=0
fetch core https://github.com/WebAssembly/testsuite 193e551ff22663995b1ac95dc62344133669e14b . || status=1
fetch component https://github.com/WebAssembly/component-model 6d281648bd89caf885a7adcc412962dbd2425ab7 test || status=1
exit $status
