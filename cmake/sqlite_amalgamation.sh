#!/usr/bin/env bash
# sqlite_amalgamation.sh SOURCE DEST: makes sqlite3.c and sqlite3.h from SQLite's source tree (needs tclsh).
set -eu
[ -f "$2/sqlite3.c" ] && exit 0
mkdir -p "$2.tmp" && cd "$2.tmp"
"$1/configure" --disable-tcl --disable-readline >configure.log 2>&1
make sqlite3.c sqlite3.h >make.log 2>&1
mkdir -p "$2" && cp sqlite3.h "$2/" && cp sqlite3.c "$2/sqlite3.c.part" && mv "$2/sqlite3.c.part" "$2/sqlite3.c"
rm -rf "$2.tmp"
