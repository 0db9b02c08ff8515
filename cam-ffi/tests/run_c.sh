#!/bin/sh
# Build and run everything in C and C++ against the library: the test program (linked shared, static, under AddressSanitizer with
# UndefinedBehaviorSanitizer, and under valgrind) and the examples.
#
#     cam-ffi/tests/run_c.sh TARGET_DIR [PROFILE_DIR]
#
# TARGET_DIR/PROFILE_DIR holds libcam_ffi.so and libcam_ffi.a; the default of PROFILE_DIR is release. What is built, and the models that
# the example writes as JSON, go to TARGET_DIR/c. Skips valgrind, and says so, where it is not installed.
set -eu
room=$(cd "$(dirname "$0")/.." && pwd)
target=$(cd "$1" && pwd)
lib=$target/${2:-release}
build=$target/c
data=$room/../cam-core/testdata
log=$build/cdnow.csv
mkdir -p "$build/json"

CC=${CC:-cc}
CXX=${CXX:-c++}
strict="-Wall -Wextra -Wpedantic -Werror -g -I$room/include"
shared="-L$lib -lcam_ffi -Wl,-rpath,$lib -lpthread -lm"
tests="$room/tests/c/test_cam.c $room/tests/c/summaries.c $room/tests/c/tasks.c $room/tests/c/bad_input.c"
sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all"
step() { echo "== $*"; }

step "the log as CSV"
sh "$room/tests/cdnow_csv.sh" > "$log"

step "the header compiles as C99 and as C++17"
echo '#include <cam_ffi.h>' > "$build/header.c"
# shellcheck disable=SC2086
$CC -std=c99 $strict -fsyntax-only "$build/header.c"
# shellcheck disable=SC2086
$CXX -std=c++17 $strict -fsyntax-only -x c++ "$build/header.c"

step "the library exports what the header declares, and nothing else"
nm -D --defined-only "$lib/libcam_ffi.so" | awk '$2 == "T" {print $3}' | grep -v '^cam_debug_panic$' | sort > "$build/exported"
grep -o 'cam_[a-z0-9_]*(' "$room/include/cam_ffi.h" | tr -d '(' | sort -u > "$build/declared"
diff "$build/declared" "$build/exported"

# shellcheck disable=SC2086
{
    $CC -std=c99 $strict -O1 $tests -o "$build/test_cam" $shared
    $CC -std=c99 $strict -O1 $tests -o "$build/test_cam_static" "$lib/libcam_ffi.a" -lpthread -ldl -lm
    $CC -std=c99 $strict $sanitize $tests -o "$build/test_cam_asan" $shared
    $CC -std=c99 $strict -O1 "$room/examples/c/cdnow.c" -o "$build/cdnow" $shared
    $CC -std=c99 $strict $sanitize "$room/examples/c/cdnow.c" -o "$build/cdnow_asan" $shared
    $CC -std=c99 $strict -O1 "$room/examples/c/registry.c" -o "$build/registry" $shared
    $CC -std=c99 $strict $sanitize "$room/examples/c/registry.c" -o "$build/registry_asan" $shared
    $CXX -std=c++17 $strict -O1 "$room/examples/cpp/cdnow.cpp" -o "$build/cdnow_cpp" $shared
}

# The deliberate panics speak on stderr; a backtrace of them would keep its tables, which valgrind would count.
export RUST_BACKTRACE=0
quiet() {
    if ! "$@" > "$build/out" 2> "$build/err"; then
        tail -n 5 "$build/out"
        head -n 60 "$build/err"
        echo "failed: $*" >&2
        exit 1
    fi
}

set -- "$log" "$data/golden_bg_pareto.csv" "$data/partial_version_1.bin"
step "test program, shared library"
quiet "$build/test_cam" "$@"
cat "$build/out"
step "test program, static library"
quiet "$build/test_cam_static" "$@"
tail -n 1 "$build/out"
step "test program, AddressSanitizer and UndefinedBehaviorSanitizer"
quiet env CAM_SLOW=1 "$build/test_cam_asan" "$@"
tail -n 1 "$build/out"
if command -v valgrind > /dev/null; then
    step "test program, valgrind"
    # Still reachable at the end, and no leak: the quadrature rules, computed once.
    check="valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect,possible
        --errors-for-leak-kinds=definite,indirect,possible --suppressions=$room/tests/valgrind.supp --fair-sched=yes"
    # shellcheck disable=SC2086
    quiet env CAM_SLOW=1 $check "$build/test_cam" "$@"
    tail -n 1 "$build/out"
    step "example, valgrind"
    # shellcheck disable=SC2086
    quiet $check "$build/cdnow" "$log"
    echo "no error, no leak"
else
    echo "valgrind is not installed: its runs are left out"
fi

step "example in C"
"$build/cdnow" "$log" --json "$build/json"
quiet "$build/cdnow_asan" "$log"
step "the registry in C"
"$build/registry" "$log" | tee "$build/registry.txt"
quiet "$build/registry_asan" "$log"
step "example in C++"
"$build/cdnow_cpp" "$log"
