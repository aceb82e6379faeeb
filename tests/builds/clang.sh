#!/usr/bin/env bash
# clang.sh SOURCE WORK: everything builds under clang without a warning, and the quick tests pass
# there: golden bits included, so both compilers give the same. Those of the programs pass under clang
# in sanitizers.sh, at the same optimisation; left out as well is what such bits say already (errors
# against the oracle), what is of gcc (the gate's limits), of time (soak), or of Python.
# What the build of sanitizers.sh compiles, by the same clang with the same warnings, is compiled here
# only where a test needs it; without that build, everything is.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source=$1 build=$2/clang/build sanitized=$2/sanitizers/build
selected=(-E "$program_tests|^(exp_.*|test_against_oracle|gate|soak)\$|^(kernels|python|scale)[.]")

need clang clang++

# programs: of the tests that run here; one that lacked would fail its test.
programs() {
    ninja -C "$build" -t targets all | sed -n 's|^\(bin/test_[^:]*\): .*|\1|p' |
        grep -vE '^bin/test_(exp_.*|against_oracle|judge)$'
}

# objects BUILD: every source that is compiled there, by its object.
objects() {
    ninja -C "$1" -t targets all | sed -n 's/\.o: .*/.o/p' | sort
}

mkdir -p "$(dirname "$build")"
configure "$source" "$build" -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DSIMDE_INCLUDE=OFF
targets=(all)
if [[ -f $sanitized/build.ninja ]]; then
    mapfile -t targets < <(programs && comm -23 <(objects "$build") <(objects "$sanitized"))
    ((${#targets[@]} > 50)) || fail "hardly anything to build: ${targets[*]}"
fi
build "$build" "${targets[@]}"
run_tests "$build" "${selected[@]}"
