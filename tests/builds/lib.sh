# lib.sh: sourced by the scripts of this folder: build a variant of the tree in a folder of its own.
# shellcheck shell=bash
set -euo pipefail

program=$(basename "$0")
# CTest shows a test that exits with this as skipped.
readonly skipped=77
# CTest runs these scripts side by side, each on one core.
jobs=${MARGIN_TEST_JOBS:-1}

fail() {
    printf '%s: %s\n' "$program" "$*" >&2
    exit 1
}

skip() {
    printf '%s: skipped: %s\n' "$program" "$*"
    exit "$skipped"
}

need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" > /dev/null || skip "$tool is not installed"
    done
}

# For a variant whose subject is not the kernels: AVX-512's take two thirds of the time that a build of
# the library takes.
# shellcheck disable=SC2034 # for the scripts that source this file
readonly no_avx512=-DMARGIN_FLAG_mavx512f=OFF

# configure SOURCE BUILD [cmake options]: warnings are errors in every variant.
configure() {
    local source=$1 build=$2
    shift 2
    cmake -S "$source" -B "$build" -G Ninja -DMARGIN_WERROR=ON "$@" > "$build.log" 2>&1 || {
        cat "$build.log" >&2
        fail "cannot configure $build"
    }
}

# build BUILD [targets]
build() {
    local folder=$1
    shift
    cmake --build "$folder" --parallel "$jobs" ${1:+--target "$@"} > "$folder.log" 2>&1 || {
        tail -n 60 "$folder.log" >&2
        fail "cannot build $folder"
    }
}

# The quick tests of the programs, by name.
# shellcheck disable=SC2034 # for the scripts that source this file
readonly program_tests='^(cli|separation|speed)[.]'

# run_tests BUILD [ctest options]: the quick tests; at least one must run and none may fail.
run_tests() {
    local folder=$1
    shift
    ctest --test-dir "$folder" -L unit --no-tests=error --output-on-failure \
        --parallel "$jobs" "$@"
}
