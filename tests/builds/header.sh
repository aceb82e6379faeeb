#!/usr/bin/env bash
# header.sh SOURCE WORK: margin.h compiles alone as C11, C17 and C++, with every compiler here and
# all warnings, and twice in one file.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source=$1 work=$2/header

mkdir -p "$work"
printf '#include "margin.h"\n#include "margin.h"\n%s\n' \
    'int main(void) { return margin_version() == 0; }' > "$work/alone.c"
cp "$work/alone.c" "$work/alone.cpp"
flags=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only "-I$source/include")
tried=0
for compiler in gcc clang; do
    command -v "$compiler" > /dev/null || continue
    for standard in c11 c17; do
        "$compiler" "-std=$standard" "${flags[@]}" -Wstrict-prototypes "$work/alone.c"
        tried=$((tried + 1))
    done
done
for compiler in g++ clang++; do
    command -v "$compiler" > /dev/null || continue
    for standard in c++11 c++17 c++20; do
        "$compiler" "-std=$standard" "${flags[@]}" "$work/alone.cpp"
        tried=$((tried + 1))
    done
done
((tried > 0)) || fail "no compiler was found"
printf 'margin.h compiles alone in %d ways\n' "$tried"
