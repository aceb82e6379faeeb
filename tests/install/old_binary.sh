#!/usr/bin/env bash
# old_binary.sh BUILD WORK: programs that were compiled against the first version's header run with
# today's shared library: that header is today's without what stands behind a comment "appended" in
# a struct. They print the same as programs of today's header, and nothing behind their shorter
# structs is written.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
build=$1 work=$2/old_binary
here=$(dirname "${BASH_SOURCE[0]}")

rm -rf "$work"
mkdir -p "$work/old"
for component in development library; do
    cmake --install "$build" --prefix "$work/new" --component "$component" > "$work/install.log"
done
header=$(find "$work/new" -name margin.h)
folder=$(dirname "$(find "$work/new" -name libmargin.so)")

# sizes NAME: the bytes of each struct under that header.
sizes() {
    printf '%s\n' '#include <margin.h>' '#include <stdio.h>' 'int main(void)' '{' \
        'printf("config %zu\nhead %zu\nrows %zu\n", sizeof(margin_config), sizeof(margin_head), sizeof(margin_rows));' \
        '}' > "$work/sizes.c"
    compile "$1" "$work/sizes.c" > /dev/null
    "$work/sizes-$1"
}

# compile NAME FILE [definition]: a program of one of the two headers, with the shared library.
compile() {
    local name=$1 file=$2
    "${CC:-cc}" -std=c11 -Wall -Wextra -Werror "-I$work/$name/include" "$file" \
        -o "$work/$(basename "$file" .c)-$name" "-L$folder" -lmargin -lm "-Wl,-rpath,$folder"
}

mkdir -p "$work/old/include"
awk '/\/\* appended/ { appended = 1; found++ } /^}/ { appended = 0 } !appended
    END { exit found < 3 }' "$header" > "$work/old/include/margin.h" ||
    fail "margin.h: a comment 'appended' is missing in margin_config, margin_head or margin_rows"
sizes old > "$work/sizes.old"
sizes new > "$work/sizes.new"
paste "$work/sizes.old" "$work/sizes.new"
paste "$work/sizes.old" "$work/sizes.new" | awk '$2 >= $4 { exit 1 }' ||
    fail "a struct of the first version is not shorter than today's"
for program in use calls; do
    for name in old new; do
        compile "$name" "$here/$program.c"
        "$work/$program-$name" > "$work/$program.$name" || fail "$program fails under the $name header"
    done
    [[ -s $work/$program.new ]] || fail "$program prints nothing"
    cmp "$work/$program.old" "$work/$program.new" || fail "$program: an old program computes otherwise"
done
printf 'programs of the first version run as those of today\n'
