#!/usr/bin/env bash
# clang.sh SOURCE WORK: everything builds under clang without a warning, and the quick tests pass
# there: golden bits included, so both compilers give the same. Those of the programs pass under clang
# in sanitizers.sh, at the same optimisation; left out as well is what such bits say already (errors
# against the oracle), what is of gcc (the gate's limits), of time (soak), or of Python.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source=$1 work=$2/clang

need clang clang++
mkdir -p "$work"
configure "$source" "$work/build" -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
    -DSIMDE_INCLUDE=OFF
build "$work/build"
run_tests "$work/build" \
    -E "$program_tests|^(exp_.*|test_against_oracle|gate|soak)\$|^(kernels|python|scale)[.]"
