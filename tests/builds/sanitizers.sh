#!/usr/bin/env bash
# sanitizers.sh SOURCE WORK: the quick tests, and those of the programs, under the address and
# undefined-behaviour sanitizers.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source=$1 work=$2/sanitizers

mkdir -p "$work"
configure "$source" "$work/build" -DMARGIN_SANITIZE=ON -DSIMDE_INCLUDE=OFF
build "$work/build"
# An allocation that cannot be served is a status of the library, not the end of the program.
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
# Left out for their time here (minutes); the others call the same code with other numbers.
run_tests "$work/build" -E '^exp_|^test_against_oracle$'
