#!/usr/bin/env bash
# tsan.sh SOURCE WORK: the loops under the thread sanitizer: nothing is read by one thread while
# another writes it, with futexes and without.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
source=$1 work=$2/tsan

need clang
mkdir -p "$work"
printf 'int main(void) { return 0; }\n' > "$work/empty.c"
clang -fsanitize=thread "$work/empty.c" -o "$work/empty" 2> /dev/null && "$work/empty" ||
    skip "clang has no thread sanitizer that runs here"
export TSAN_OPTIONS=die_after_fork=0:halt_on_error=1
for waiting in USE_FUTEX MARGIN_NO_FUTEX; do
    clang -std=c11 -g -O1 -fsanitize=thread -D_GNU_SOURCE= -DMARGIN_THREADS_POOL -D$waiting \
        -I"$source/src" -I"$source/include" -I"$source/tests" \
        -Wl,--wrap=pthread_create -Wl,--wrap=aligned_alloc -pthread \
        "$source/tests/reliability/test_threads.c" "$source/src/parallel.c" "$source/src/pool.c" \
        -lm -o "$work/threads_$waiting"
    "$work/threads_$waiting"
done
