#!/usr/bin/env bash
# sanitizers.sh build|library|programs SOURCE WORK: everything built with clang's address and
# undefined-behaviour sanitizers, and there the quick tests of the library or those of the programs.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
part=$1 source=$2 work=$3/sanitizers

need clang clang++

# An allocation that cannot be served is a status of the library, not the end of the program.
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1:strict_string_checks=1
# The search for leaks stumbles over what it keeps of OpenMP's threads when it follows their locals.
ASAN_OPTIONS+=:intercept_tls_get_addr=0
# What is freed waits in a small queue only, so that memory that grows is a leak (soak).
ASAN_OPTIONS+=:quarantine_size_mb=4
export UBSAN_OPTIONS=print_stacktrace=1
# clang's OpenMP runtime keeps what its threads had.
mkdir -p "$work"
echo 'leak:libomp' > "$work/leaks.txt"
export LSAN_OPTIONS=suppressions=$work/leaks.txt:print_suppressions=0
case $part in
build)
    configure "$source" "$work/build" -DMARGIN_SANITIZE=ON -DSIMDE_INCLUDE=OFF \
        -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++
    build "$work/build"
    ;;
# Left out for their time here (minutes); the others call the same code with other numbers.
library) run_tests "$work/build" -E "$program_tests|^exp_|^test_against_oracle\$" ;;
programs) run_tests "$work/build" -R "$program_tests" ;;
*) fail "no part $part" ;;
esac
