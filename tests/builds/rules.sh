#!/usr/bin/env bash
# rules.sh SOURCE: the house rules that a script can check. Which rules a file must keep follows from
# its folder alone, so that no file escapes by its name.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$1" || exit 1
faults=0

broken() {
    printf '%s\n' "$*"
    faults=$((faults + 1))
}

# forbid WHAT PATTERN FILES...: no line of these files may match.
forbid() {
    local what=$1 pattern=$2
    shift 2
    if (($# == 0)); then
        broken "no files to check: $what"
    elif grep -nE -- "$pattern" "$@"; then
        broken "^ $what"
    fi
}

# files FOLDER...: the sources of these folders.
files() {
    find "$@" -type f \( -name '*.c' -o -name '*.h' -o -name '*.cpp' -o -name '*.hpp' \) | sort
}

# functions FILE...: "lines file:line" of each function's body, as clang-format lays it out.
functions() {
    awk '/^{/ { start = FNR } /^}/ && start { print FNR - start - 1, FILENAME ":" start; start = 0 }' "$@"
}

mapfile -t all < <(files src include mpi common cli bench examples tests)
mapfile -t library < <(files src include mpi)
mapfile -t outside_simd < <(files src include mpi common cli bench tests | grep -Ev '^(src/simd|tests/simde)/')
mapfile -t without_lanes < <(files src include mpi cli | grep -Ev '^src/simd/')
mapfile -t without_templates < <(files src include mpi common cli bench | grep -Ev '^src/(simd|kernels)/')
mapfile -t without_openmp < <(files src include mpi | grep -vx src/parallel.c)
mapfile -t without_pthreads < <(files src include mpi | grep -vx src/pool.c)
mapfile -t kernels < <(files src/kernels src/simd)
mapfile -t templates < <(files src/kernels)
mapfile -t losses < <(files src/losses)
mapfile -t without_mpi < <(files src include | grep -vx include/margin_mpi.h)

# ---- who may know what --------------------------------------------------------------------------

forbid 'an intrinsics header outside src/simd' \
    '#[[:space:]]*include[[:space:]]*<(immintrin|arm_neon|x86intrin|[a-z]mmintrin)\.h>' \
    "${outside_simd[@]}"
forbid 'an intrinsic, a vector extension or a prefetch outside src/simd' \
    '\b_mm[0-9]*_[a-z]|\b__m(128|256|512|mask)|\bfloat(32|64)x[0-9]|vector_size|__builtin_(shuffle|convertvector|prefetch|ia32|neon)' \
    "${without_lanes[@]}"
forbid 'the vocabulary outside src/simd and src/kernels' \
    '\bvd?_(load|store|set1|add|sub|mul|fma|fnma|max|min|sum|exp|widen|narrow)[a-z0-9_]*\(|simd/simd_|MARGIN_SIMD_' \
    "${without_templates[@]}"
forbid 'OpenMP outside src/parallel.c' '\bomp[ _.]|_OPENMP' "${without_openmp[@]}"
forbid 'MPI in libmargin' '\bMPI_|include.*mpi' "${without_mpi[@]}"
forbid 'POSIX threads outside src/pool.c' 'pthread' "${without_pthreads[@]}"

# Softmax is also the name of the operation.
names=$(sed -n 's/^ *X([A-Z0-9]*, \([a-z0-9]*\)).*/\1/p' include/margin.h | grep -vx softmax |
    paste -sd'|')
[[ $names == *arcface* ]] || fail "cannot read the table of losses"
forbid 'a loss by name in a kernel file' "\\b($names|${names^^})\\b" "${kernels[@]}"
forbid 'an instruction set by name in a loss or kernel file' \
    '\b(avx|avx2|avx512[a-z]*|neon|sse[0-9]?|AVX|AVX2|AVX-?512[A-Z]*|NEON|SSE[0-9]?)\b|__(AVX|FMA|SSE|ARM|aarch64|x86_64)' \
    "${losses[@]}" "${templates[@]}"
forbid 'SIMD in a loss file' '\b(simd|isa|SIMD|ISA)\b' "${losses[@]}"
# What differs between instruction sets is a number or an operation of the vocabulary; #ifndef alone
# guards a header.
forbid 'a compile-time test in a kernel file' '^[[:space:]]*#[[:space:]]*(if|ifdef|elif)\b' \
    "${templates[@]}"
forbid 'a test of the CPU in a file compiled with flags for one' \
    '__builtin_cpu|getauxval|cpuid|cpu_can|xgetbv' "${kernels[@]}"
forbid 'I/O, exit or abort in the library' '\b(f?printf|puts|exit|abort|assert|fopen)[[:space:]]*\(' \
    "${library[@]}"
forbid 'fast-math or contraction switched on' 'fast-math|ffp-contract=(fast|on)|FP_CONTRACT ON' \
    CMakeLists.txt "${library[@]}"

# A template is a kernel's, whatever it is called.
while read -r file; do
    [[ $file == src/kernels/* ]] || broken "$file: a template outside src/kernels"
done < <(find src -name '*.inc.h')

# ---- how a file looks ---------------------------------------------------------------------------

forbid 'a line of more than 100 columns' '^.{101,}' "${all[@]}"
forbid 'a tab or a trailing blank' "$(printf '\t')|[[:space:]]+\$" "${all[@]}"

# Other versions lay out otherwise.
if [[ $(clang-format-14 --version 2>/dev/null) == *" 14."* ]]; then
    mapfile -t formatted < <(printf '%s\n' "${all[@]}" | grep -E '\.[ch]$' | grep -v '^tests/simde/')
    clang-format-14 --dry-run -Werror "${formatted[@]}" || broken '^ not as clang-format 14 writes it'
fi

for file in "${all[@]}"; do
    lines=$(wc -l < "$file")
    most=420
    [[ $file == include/margin.h ]] && most=560 # the whole C interface, half of it comments
    ((lines <= most)) || broken "$file: $lines lines: a file stays under about 400"
    [[ $(head -n 1 "$file") == [/][/*]* ]] || broken "$file: no head comment"
done

while read -r lines place; do
    ((lines <= 60)) || broken "$place: a function of $lines lines: none is over 60"
done < <(functions "${all[@]}")
median=$(functions "${library[@]}" | cut -d' ' -f1 | sort -n |
    awk '{ lines[NR] = $1 } END { print lines[int((NR + 1) / 2)] }')
((${median:-99} < 10)) || broken "half of the library's functions have ${median:-no} lines or more"

doubles=$(printf '%s\n' "${library[@]}" | xargs -n 1 basename | sort | uniq -d)
[[ -z $doubles ]] || broken "file names used twice: $doubles"

((faults == 0)) || fail "$faults rules broken"
printf '%d files keep the rules; functions of the library have %d lines in the median\n' \
    "${#all[@]}" "$median"
