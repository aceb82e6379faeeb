#!/usr/bin/env bash
# fuzz.sh build|TARGET SOURCE WORK: the fuzz targets, built with libFuzzer, sanitizers and coverage;
# one of them run for some seconds, or ten minutes where MARGIN_TEST_LONG is set (what
# `scripts/test.sh --long` does), and how often it ran and which lines of src and common it reached.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
part=$1 source=$2 work=$3/fuzz

need clang llvm-profdata llvm-cov
if [ "$part" = build ]; then
    mkdir -p "$work"
    configure "$source" "$work/build" -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
        -DMARGIN_FUZZ=ON -DSIMDE_INCLUDE=OFF
    build "$work/build" fuzz_calls fuzz_npy
    exit 0
fi

# seeds FOLDER: starts for the target, whose bytes must look like something.
seeds() {
    printf '\0\1\2\3\4\5\6\7' > "$1/some"
    [[ $part == fuzz_npy ]] || return 0
    python3 - "$1" << 'PYTHON'
import sys, zipfile

for code, size in (("<f4", 4), ("<f8", 8), ("<f2", 2), ("<i4", 4), ("|u1", 1)):
    text = "{'descr': %r, 'fortran_order': %r, 'shape': (2, 3), }" % (code, size == 8)
    data = b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text.encode() + bytes(6 * size)
    with open("%s/%s" % (sys.argv[1], code[1:]), "wb") as stream:
        stream.write(data)
for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile("%s/zip%d" % (sys.argv[1], how), "w", how) as archive:
        archive.writestr("X.npy", data)
PYTHON
}

seconds=5
[ -z "${MARGIN_TEST_LONG:-}" ] || seconds=600
corpus=$work/$part.corpus
rm -rf "$corpus"
mkdir -p "$corpus"
seeds "$corpus"
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1:quarantine_size_mb=8:intercept_tls_get_addr=0
export UBSAN_OPTIONS=print_stacktrace=1 OMP_WAIT_POLICY=passive KMP_BLOCKTIME=0
export LLVM_PROFILE_FILE=$work/$part.profraw
cd "$work" # for the files that a target makes
"$work/build/bin/$part" -max_total_time="$seconds" -max_len=512 -rss_limit_mb=4096 -seed=1 \
    -print_final_stats=1 -artifact_prefix="$work/" "$corpus" > "$work/$part.log" 2>&1 || {
    tail -n 40 "$work/$part.log" >&2
    fail "$part found a fault; the input is beside $work/build"
}
grep -E '^stat::(number_of_executed_units|peak_rss_mb)' "$work/$part.log"
llvm-profdata merge -o "$work/$part.profdata" "$LLVM_PROFILE_FILE"
llvm-cov report "$work/build/bin/$part" -instr-profile "$work/$part.profdata" \
    -ignore-filename-regex='tests/' | awk '
        NR == 1 { printf "%-34s %6s %8s %9s\n", "file", "lines", "reached", "branches" }
        NR > 1 && $8 > $9 { printf "%-34s %6d %8s %9s\n", $1, $8, $10, $13 }'
