#!/usr/bin/env bash
# other.sh SOURCE WORK BUILD: margin_mpi and its tests with MPICH, where the build has another MPI.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
source=$1 work=$2/mpich build=$3

need mpicc.mpich mpirun.mpich
mkdir -p "$work"
mpicc.mpich -std=c11 -O2 -D_DEFAULT_SOURCE -D_GNU_SOURCE -Wall -Wextra -Werror -ffp-contract=off \
    "-I$source/include" "-I$source/src" "-I$source/tests" "-I$source/mpi" \
    "$source"/mpi/*.c "$source"/tests/mpi/*.c -o "$work/test_mpi" \
    "$build/tests/libmargin_test_problem.a" "$build/libmargin.a" -lm -pthread
for ranks in 2 3; do
    mpirun.mpich -n "$ranks" "$work/test_mpi" bits > "$work/log" 2>&1 || {
        cat "$work/log" >&2
        fail "MPICH: other bits on $ranks ranks"
    }
done
mpirun.mpich -n 3 "$work/test_mpi" refusals > "$work/log" 2>&1 || {
    cat "$work/log" >&2
    fail "MPICH: refusals"
}
bash "$(dirname "${BASH_SOURCE[0]}")/lost.sh" "$work/test_mpi" "$work" mpirun.mpich
printf 'MPICH: the same bits, refusals and ends\n'
