#!/bin/sh
# Install the C library into a temporary prefix with cargo-c, and compile and run a program against it from outside, by pkg-config.
#
#     cam-ffi/tests/cinstall.sh
#
# Needs cargo-cinstall (cargo install cargo-c, which takes minutes) on PATH, pkg-config, readelf and a C compiler.
set -eu
room=$(cd "$(dirname "$0")/.." && pwd)
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

(cd "$room" && cargo cinstall --release --locked --prefix="$prefix" --libdir=lib)
find "$prefix" \( -type f -o -type l \) -printf '%P\n' | sort

readelf -d "$prefix/lib/libcam_ffi.so" | grep SONAME
readelf -d "$prefix/lib/libcam_ffi.so" | grep -q 'SONAME.*\[libcam_ffi\.so\.0\]'
cmp "$room/include/cam_ffi.h" "$prefix/include/cam_ffi.h"

# An outside program: nothing of this repository is on its command line but its source.
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
export PKG_CONFIG_PATH
pkg-config --modversion cam_ffi
cp "$room/examples/c/cdnow.c" "$prefix"
sh "$room/tests/cdnow_csv.sh" > "$prefix/cdnow.csv"
cd "$prefix"
# shellcheck disable=SC2046
${CC:-cc} -std=c99 -Wall -Wextra -Wpedantic -Werror cdnow.c $(pkg-config --cflags --libs cam_ffi) -o cdnow
LD_LIBRARY_PATH=$prefix/lib ./cdnow cdnow.csv | head -n 2
# And with the static library.
# shellcheck disable=SC2046
${CC:-cc} -std=c99 cdnow.c $(pkg-config --cflags cam_ffi) lib/libcam_ffi.a $(pkg-config --static --libs-only-l cam_ffi | sed 's/-lcam_ffi//') -lm -o cdnow_static
./cdnow_static cdnow.csv | head -n 2
echo "an outside program runs against the installed library, shared and static"
