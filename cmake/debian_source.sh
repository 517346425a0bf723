#!/usr/bin/env bash
# debian_source.sh PACKAGE DEST: unpacks the upstream source of a Debian package into DEST, once.
# Uses the machine's own apt mirrors with "deb-src" switched on in a private apt state, so that the system's
# apt configuration is neither needed nor changed, and no root rights are needed either.
# Exit: 0 DEST is there; 3 no source could be had (offline, not Debian): callers skip, loudly.
set -u
package=$1 dest=$2
[ -f "$dest/.complete" ] && exit 0
state=$(dirname "$dest")/.apt
mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/parts" "$state/download" || exit 3
command -v apt-get >/dev/null || { echo "no apt-get: cannot fetch the source of $package" >&2; exit 3; }

if [ ! -f "$state/updated" ]; then
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] && sed 's/^Types:.*/Types: deb-src/' "$file" > "$state/parts/$(basename "$file")"
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] && sed -n 's/^deb /deb-src /p' "$file" > "$state/parts/$(basename "$file" .list)-src.list"
  done
fi
apt() {
  apt-get -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$state/parts" \
    -o Dir::State::lists="$state/lists" -o Dir::Cache="$state/cache" -o APT::Sandbox::User="$(id -un)" "$@"
}
# One fetch at a time: builds call this in parallel.
exec 9> "$state/lock" && flock 9
[ -f "$dest/.complete" ] && exit 0
if [ ! -f "$state/updated" ]; then
  apt update > "$state/update.log" 2>&1 || { tail -3 "$state/update.log" >&2; exit 3; }
  touch "$state/updated"
fi
rm -rf "$state/download/$package" && mkdir -p "$state/download/$package" && cd "$state/download/$package" || exit 3
apt source --download-only "$package" > "$state/source.log" 2>&1 || { tail -3 "$state/source.log" >&2; exit 3; }
rm -rf "$dest" && mkdir -p "$dest" || exit 3
for tarball in *.orig.tar.*; do
  case "$tarball" in *.asc) continue ;; esac
  tar -xf "$tarball" -C "$dest" --strip-components=1 || exit 3
done
touch "$dest/.complete"
