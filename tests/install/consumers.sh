#!/usr/bin/env bash
# consumers.sh SOURCE WORK: the library is built with its own threads, with OpenMP and without
# threads, installed, and used by programs of others: in C and in C++ alone, static and shared, under
# gcc and clang, found by CMake, by pkg-config, and as a folder of their own project. What is
# installed is what margin.h says, and margin.hpp gives what it gives.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
source=$1 work=$2/consumers

need pkg-config readelf nm
libdir=lib/$(gcc -print-multiarch)
rm -rf "$work"
mkdir -p "$work"

# install_library NAME [options]: into a prefix whose name has a space.
install_library() {
    local name=$1
    shift
    configure "$source" "$work/$name" -DMARGIN_PROGRAMS=OFF -DMARGIN_TESTS=OFF \
        "-DCMAKE_INSTALL_LIBDIR=$libdir" "$@"
    build "$work/$name"
    cmake --install "$work/$name" --prefix "$work/pre fix $name" > "$work/install.log"
}

# compilers: each pair of a C and a C++ compiler that is here.
compilers() {
    local c
    for c in gcc clang; do
        if command -v "$c" "${c/gcc/g}++" > /dev/null; then echo "$c ${c/gcc/g}++"; fi
    done
}

# by_cmake NAME LANGUAGE COMPILER [options]: a project of that one language configures, builds, runs.
by_cmake() {
    local name=$1 language=$2 compiler=$3
    shift 3
    local folder=$work/by_cmake/$name.$language.$compiler
    mkdir -p "$folder"
    cp "$source/tests/install/CMakeLists.txt" "$folder"
    cp "$source/tests/install/use.c" "$folder/use.${suffix[$language]}"
    {
        cmake -S "$folder" -B "$folder/build" -G Ninja -DLANGUAGE="$language" \
            -DCMAKE_"$language"_COMPILER="$compiler" "$@" &&
            cmake --build "$folder/build" --parallel "$jobs"
    } > "$folder/log" 2>&1 || {
        cat "$folder/log" >&2
        fail "$name: a $language project cannot be built by $compiler"
    }
    "$(find "$folder/build" -name use_margin -type f)" > /dev/null || fail "$name: wrong loss, static"
    "$(find "$folder/build" -name use_shared -type f)" > /dev/null || fail "$name: wrong loss, shared"
    used=$((used + 2))
}

# by_pkg_config NAME COMPILER LANGUAGE: the flags of the .pc file, as a makefile takes them.
by_pkg_config() {
    local prefix="$work/pre fix $1" compiler=$2 language=$3 flags
    export PKG_CONFIG_PATH=$prefix/$libdir/pkgconfig
    flags=$(pkg-config --cflags --libs margin)
    eval "$compiler -x $language '$source/tests/install/use.c' -x none $flags -lm -o '$work/use'"
    LD_LIBRARY_PATH="$prefix/$libdir" "$work/use" > /dev/null || fail "pkg-config: wrong loss"
    flags=$(pkg-config --cflags --libs --static margin)
    eval "$compiler -x $language '$source/tests/install/use.c' -x none ${flags/-lmargin/-l:libmargin.a}" \
        -o "'$work/use'"
    "$work/use" > /dev/null || fail "pkg-config --static: wrong loss"
    used=$((used + 2))
}

# by_wrapper NAME COMPILER: margin.hpp under all warnings, in both standards, with and without
# exceptions, computes what the C interface does.
by_wrapper() {
    local prefix="$work/pre fix $1" compiler=$2 standard
    local -a flags=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror "-I$prefix/include")
    local -a linked=("-L$prefix/$libdir" -lmargin "-Wl,-rpath,$prefix/$libdir")
    gcc "${flags[@]}" "$source/tests/install/calls.c" -o "$work/calls" "${linked[@]}"
    "$work/calls" > "$work/calls.c.txt" || fail "calls.c fails"
    for standard in 17 20; do
        for lacking in "" "-fno-exceptions -fno-rtti"; do
            # shellcheck disable=SC2086 # none, or two options
            "$compiler" -std=c++$standard "${flags[@]}" $lacking "$source/tests/install/calls.cpp" \
                -o "$work/calls" "${linked[@]}"
            "$work/calls" > "$work/calls.cpp.txt" || fail "$compiler: calls.cpp fails, C++$standard"
            cmp "$work/calls.c.txt" "$work/calls.cpp.txt" || fail "margin.hpp computes otherwise"
            used=$((used + 1))
        done
    done
}

# train_examples NAME: the examples build by their own CMakeLists.txt and learn: the accuracy of the
# last epoch is above 0.9 (chance: 0.05), and above that of the first.
train_examples() {
    local folder=$work/examples program
    cmake -S "$source/examples" -B "$folder" -G Ninja "-DCMAKE_PREFIX_PATH=$work/pre fix $1" \
        -DCMAKE_BUILD_TYPE=Release > "$folder.log"
    cmake --build "$folder" --parallel "$jobs" >> "$folder.log"
    for program in train_c train_cpp; do
        "$folder/$program" > "$folder.txt" || fail "$program fails"
        awk '{ last = $NF } NR == 1 { first = $NF } END { exit !(NR == 8 && last > 0.9 && last > first) }' \
            "$folder.txt" || fail "$program does not learn: $(cat "$folder.txt")"
        used=$((used + 1))
    done
}

# exports NAME: the shared library has exactly the functions of the headers, its own name, and nothing
# that can be written to once it is loaded.
exports() {
    local library="$work/pre fix $1/$libdir/libmargin.so" declared defined
    declared=$(sed -n 's/^MARGIN_API .*\(margin_[a-z_]*\)(.*/\1/p' \
        "$source"/include/margin{,_shards,_update}.h | sort)
    defined=$(nm -D --defined-only "$library" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort)
    [[ $(wc -l <<< "$declared") -gt 20 ]] || fail "the headers: hardly any function: $declared"
    diff <(printf '%s' "$declared") <(printf '%s' "$defined") || fail "$library exports something else"
    readelf -d "$library" > "$work/dynamic"
    grep -q 'SONAME.*\[libmargin.so.0.[0-9]*\]' "$work/dynamic" || fail "$library: another name"
    grep -q 'NOW' "$work/dynamic" || fail "$library is bound lazily"
    readelf -lW "$library" | grep -q GNU_RELRO || fail "$library has no relro"
    if [[ $1 != openmp ]] && grep -E 'NEEDED' "$work/dynamic" | grep -vE 'lib(m|c|pthread)\.so'; then
        fail "$library: without OpenMP it needs more than libm and libc"
    fi
}

used=0
declare -A suffix=([C]=c [CXX]=cpp)
install_library pool
install_library openmp -DMARGIN_THREADS=openmp "$no_avx512"
install_library none -DMARGIN_THREADS=none "$no_avx512"
DESTDIR=$work/destdir cmake --install "$work/pool" --prefix /usr > "$work/install.log"
[[ -f $work/destdir/usr/include/margin.h ]] || fail "DESTDIR: nothing was installed there"
if grep -rqF "$work" "$work/destdir/usr/$libdir/cmake" "$work/destdir/usr/$libdir/pkgconfig"; then
    fail "what is installed names the folder where it was built"
fi
for name in pool openmp none; do
    exports "$name"
    while read -r c cxx; do
        by_cmake "$name" C "$c" "-DCMAKE_PREFIX_PATH=$work/pre fix $name"
        by_cmake "$name" CXX "$cxx" "-DCMAKE_PREFIX_PATH=$work/pre fix $name"
        by_pkg_config "$name" "$c" c
        by_pkg_config "$name" "$cxx" c++
        [[ $name != pool ]] || by_wrapper "$name" "$cxx"
    done < <(compilers)
done
train_examples pool
by_cmake subdirectory C gcc "-DSUBDIRECTORY=$source" "$no_avx512"
by_cmake fetched CXX g++ -DFETCH=ON "-DFETCHCONTENT_SOURCE_DIR_MARGIN=$source" "$no_avx512"
printf '%d programs of others were built and gave the right loss\n' "$used"
