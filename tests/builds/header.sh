#!/usr/bin/env bash
# header.sh SOURCE WORK: the C headers compile alone as C11, C17 and C++, and margin.hpp as C++17 and
# C++20, with every compiler here and all warnings, and twice in one file.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source=$1 work=$2/header

mkdir -p "$work"
printf '#include "margin.h"\n#include "margin.h"\n%s\n' \
    'int main(void) { return margin_version() == 0; }' > "$work/alone.c"
for header in shards update; do
    sed "s/margin\.h\"/margin_$header.h\"/" "$work/alone.c" > "$work/$header.c"
    cp "$work/$header.c" "$work/$header.cpp"
done
cp "$work/alone.c" "$work/alone.cpp"
sed 's/margin\.h"/margin.hpp"/' "$work/alone.c" > "$work/wrapper.cpp"
flags=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only "-I$source/include")
tried=0
for compiler in gcc clang; do
    command -v "$compiler" > /dev/null || continue
    for standard in c11 c17; do
        "$compiler" "-std=$standard" "${flags[@]}" -Wstrict-prototypes "$work"/{alone,shards,update}.c
        tried=$((tried + 3))
    done
done
for compiler in g++ clang++; do
    command -v "$compiler" > /dev/null || continue
    for standard in c++11 c++17 c++20; do
        files=("$work"/{alone,shards,update}.cpp)
        [[ $standard == c++11 ]] || files+=("$work/wrapper.cpp")
        "$compiler" "-std=$standard" "${flags[@]}" "${files[@]}"
        tried=$((tried + ${#files[@]}))
    done
done
((tried > 0)) || fail "no compiler was found"
printf 'the headers compile alone in %d ways\n' "$tried"
