#!/usr/bin/env bash
# rules.sh SOURCE: the house rules that a script can check.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$1" || exit 1
faults=0

# forbid WHAT PATTERN FILES...: no line of these files may match.
forbid() {
    local what=$1 pattern=$2
    shift 2
    if (($# == 0)); then
        printf 'no files to check: %s\n' "$what"
        faults=$((faults + 1))
    elif grep -nE -- "$pattern" "$@"; then
        printf '^ %s\n' "$what"
        faults=$((faults + 1))
    fi
}

files() {
    find "$@" -type f \( -name '*.c' -o -name '*.h' -o -name '*.cpp' \) | sort
}

mapfile -t outside_simd < <(files src include common cli bench tests | grep -Ev '^(src/simd|tests/simde)/')
mapfile -t library < <(files src include)
mapfile -t kernels < <(files src | grep -E '^src/(simd/|kernels|vmath)')
mapfile -t losses < <(files src/losses)
mapfile -t without_loops < <(files src include | grep -Ev '^src/(head|rows|head_pack|context)\.c$')
mapfile -t all < <(files src include common cli bench tests)

forbid 'an intrinsics header outside src/simd' \
    '#[[:space:]]*include[[:space:]]*<(immintrin|arm_neon|x86intrin|[a-z]mmintrin)\.h>' \
    "${outside_simd[@]}"
forbid 'OpenMP outside the files that own loops' 'omp[ _.]' "${without_loops[@]}"
# Softmax is also the name of the operation.
names=$(sed -n 's/^ *X([A-Z0-9]*, \([a-z0-9]*\)).*/\1/p' include/margin.h | grep -vx softmax |
    paste -sd'|')
[[ $names == *arcface* ]] || fail "cannot read the table of losses"
forbid 'a loss by name in a kernel file' "\\b($names|${names^^})\\b" "${kernels[@]}"
forbid 'an instruction set by name in a loss file' '\b(avx|avx2|avx512|neon|sse|simd|isa)\b' \
    "${losses[@]}"
forbid 'I/O, exit or abort in the library' '\b(f?printf|puts|exit|abort|assert|fopen)[[:space:]]*\(' \
    "${library[@]}"
forbid 'fast-math or contraction switched on' 'fast-math|ffp-contract=(fast|on)|FP_CONTRACT ON' \
    CMakeLists.txt "${library[@]}"
forbid 'a line of more than 100 columns' '^.{101,}' "${all[@]}"
forbid 'a tab or a trailing blank' "$(printf '\t')|[[:space:]]+\$" "${all[@]}"

# Other versions lay out otherwise.
if [[ $(clang-format-14 --version 2>/dev/null) == *" 14."* ]]; then
    mapfile -t formatted < <(printf '%s\n' "${all[@]}" | grep -E '\.[ch]$' | grep -v '^tests/simde/')
    if ! clang-format-14 --dry-run -Werror "${formatted[@]}"; then
        printf '^ not as clang-format 14 writes it\n'
        faults=$((faults + 1))
    fi
fi

for file in "${all[@]}"; do
    lines=$(wc -l < "$file")
    if ((lines > 420)); then
        printf '%s: %d lines: a file stays under about 400\n' "$file" "$lines"
        faults=$((faults + 1))
    fi
    if [[ $(head -n 1 "$file") != [/][/*]* ]]; then
        printf '%s: no head comment\n' "$file"
        faults=$((faults + 1))
    fi
done

doubles=$(files src include | xargs -n 1 basename | sort | uniq -d)
[[ -z $doubles ]] || { printf 'file names used twice: %s\n' "$doubles"; faults=$((faults + 1)); }

((faults == 0)) || fail "$faults rules broken"
printf '%d files keep the rules\n' "${#all[@]}"
