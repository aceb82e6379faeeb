#!/usr/bin/env bash
# neon.sh SOURCE WORK: cross-build the library and its tests for 64-bit ARM and run them under QEMU:
# the vocabulary, the kernels, and the golden bits.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source=$1 work=$2/neon

[[ $(uname -m) != aarch64 ]] || skip "this machine is 64-bit ARM: the tests ran natively"
need aarch64-linux-gnu-gcc qemu-aarch64
mkdir -p "$work"
configure "$source" "$work/build" "-DCMAKE_TOOLCHAIN_FILE=$source/cmake/toolchain-aarch64.cmake" \
    -DBUILD_TESTING=ON
build "$work/build"
bin=$work/build/bin
[[ $(od -An -tx1 -j18 -N1 "$bin/test_bits") == *b7* ]] || fail "$bin/test_bits is no ARM program"
run_tests "$work/build" -R '_neon$'
