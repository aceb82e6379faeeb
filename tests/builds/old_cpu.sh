#!/usr/bin/env bash
# old_cpu.sh BINARIES: the programs as built here on older CPUs, under QEMU. Without AVX the
# scalar kernels are chosen and no instruction is illegal; with AVX2 but no AVX-512 AVX2 is. Asking
# for more than the CPU has is an error, never a fallback.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
bin=$1

[[ $(uname -m) == x86_64 ]] || skip "this machine is no x86-64"
need qemu-x86_64
export OMP_WAIT_POLICY=passive
unset MARGIN_ISA

# QEMU warns, once a thread, of what it cannot do of a Haswell; nothing here asks for it.
haswell=Haswell,-pcid,-x2apic,-tsc-deadline,-hle,-invpcid,-rtm

# expect CPU CHOSEN ABSENT
expect() {
    local chosen
    chosen=$(qemu-x86_64 -cpu "$1" "$bin/test_chosen" "$3") ||
        fail "$1: asking for $3 is no error, or nothing could be chosen"
    [[ $chosen == "$2" ]] || fail "$1: the library chose $chosen, not $2"
    printf '%s: %s is chosen, %s refused\n' "${1%%,*}" "$chosen" "$3"
}

expect Conroe scalar avx2
expect Nehalem scalar avx2
expect $haswell avx2 avx512
qemu-x86_64 -cpu Conroe "$bin/test_identities"
qemu-x86_64 -cpu Conroe "$bin/test_head"
qemu-x86_64 -cpu $haswell "$bin/test_kernels_avx2"
qemu-x86_64 -cpu $haswell "$bin/test_head"
