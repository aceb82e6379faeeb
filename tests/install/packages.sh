#!/usr/bin/env bash
# packages.sh SOURCE WORK: cpack makes the .deb packages and the .tar.gz, by the command lines of
# docs/embedding.md. lintian has no error and no warning about them; what they hold is hardened and
# stripped; unpacked somewhere, they serve to build a program, and the command runs.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
source=$1 work=$2/packages

need dpkg-buildflags dpkg-shlibdeps dpkg-deb pkg-config readelf gzip
rm -rf "$work"
mkdir -p "$work"

# The block of the page, as somebody would type it in the project's folder.
sed -n '/^export DEB_/,/^```/p' "$source/docs/embedding.md" | grep -v '^```' > "$work/commands"
grep -q '(cd build-package && cpack)' "$work/commands" || fail "docs/embedding.md: where are the commands?"
sed -e "s|-S \.|-S '$source' -G Ninja -DMARGIN_WERROR=ON|; s|build-package|'$work/build'|g" \
    "$work/commands" > "$work/commands.sh"
CMAKE_BUILD_PARALLEL_LEVEL=$jobs bash -e "$work/commands.sh" > "$work/log" 2>&1 || {
    tail -n 60 "$work/log" >&2
    fail "cannot make the packages"
}

library=$(find "$work/build" -maxdepth 1 -name 'libmargin0.*.deb')
packages=("$library" "$work/build"/libmargin-dev_*.deb "$work/build"/margin_*.deb)
for package in "${packages[@]}"; do
    [[ -f $package ]] || fail "there is no $package"
    dpkg-deb -f "$package" > "$work/control"
    dpkg -x "$package" "$work/root"
done
dpkg-deb -f "$library" Depends | grep libc6 > /dev/null || fail "the library's package depends on nothing"
dpkg-deb -f "${packages[1]}" Depends | grep -E 'libmargin0\.[0-9]+ \(= ' > /dev/null ||
    fail "the headers' package goes with any library"
if command -v lintian > /dev/null; then
    lintian --fail-on error,warning "${packages[@]}" || fail "lintian found faults"
fi

# check_binary FILE: nothing to read its symbols from, nothing to write to, no fixed address.
check_binary() {
    readelf -SW "$1" | grep '\.symtab' > /dev/null && fail "$1 is not stripped"
    readelf -dW "$1" | grep 'NOW' > /dev/null || fail "$1 is bound lazily"
    readelf -hW "$1" | grep 'DYN' > /dev/null || fail "$1 is not independent of its position"
    readelf -dW "$1" | grep -E 'R(UN)?PATH' > /dev/null && fail "$1 looks for libraries where it was built"
    return 0
}

# build_and_run PREFIX: a program with what lies there, and the command.
build_and_run() {
    local prefix=$1 folder
    folder=$(dirname "$(find "$prefix" -name libmargin.so)")
    check_binary "$folder/libmargin.so"
    check_binary "$prefix/bin/margin"
    # shellcheck disable=SC2046 # several words
    gcc "$source/tests/install/use.c" -o "$work/use" \
        $(PKG_CONFIG_PATH=$folder/pkgconfig pkg-config --cflags --libs margin) -lm
    LD_LIBRARY_PATH=$folder "$work/use" || fail "$prefix: wrong loss"
    "$prefix/bin/margin" info > /dev/null || fail "$prefix: the command does not run"
}

build_and_run "$work/root/usr"
[[ -f $work/root/usr/share/man/man1/margin-eval.1.gz ]] || fail "the command's package has no pages"
mkdir "$work/unpacked"
tar -xf "$work/build"/margin-*.tar.gz -C "$work/unpacked" --strip-components=1
build_and_run "$work/unpacked"
for driver in "$work/unpacked"/bin/bench_*; do check_binary "$driver"; done
printf '%d packages and an archive serve\n' "${#packages[@]}"
