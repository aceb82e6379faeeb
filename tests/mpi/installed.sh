#!/usr/bin/env bash
# installed.sh SOURCE BUILD WORK LAUNCH...: margin_mpi as it is installed serves the program of docs/sharding.md,
# found by CMake and by pkg-config; on 1, 2 and 3 ranks it prints the same digits.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
source=$1 build=$2 work=$3/installed
shift 3

need pkg-config
rm -rf "$work"
mkdir -p "$work/project"
for component in library development mpi; do
    cmake --install "$build" --prefix "$work/pre fix" --component "$component" > "$work/install.log"
done
sed -n '/^```c$/,/^```$/p' "$source/docs/sharding.md" | grep -v '^```' > "$work/project/use_mpi.c"
cat > "$work/project/CMakeLists.txt" <<TEXT
cmake_minimum_required(VERSION 3.20)
project(user LANGUAGES C)
find_package(margin 0.1 REQUIRED COMPONENTS mpi)
add_executable(use_mpi use_mpi.c)
target_link_libraries(use_mpi PRIVATE margin::margin_mpi)
TEXT

# answers PROGRAM: what it prints on each number of ranks, which is one line.
answers() {
    local ranks
    for ranks in 1 2 3; do
        "${launch[@]}" -n "$ranks" "$1" || fail "$1 fails on $ranks ranks"
    done | sort -u
}

launch=("$@")
configure "$work/project" "$work/project/build" "-DCMAKE_PREFIX_PATH=$work/pre fix" -Wno-dev
build "$work/project/build"
by_cmake=$(answers "$work/project/build/use_mpi")
[[ $by_cmake =~ ^loss\ [0-9.]+$ ]] || fail "other digits on other ranks: $by_cmake"

PKG_CONFIG_PATH=$(dirname "$(find "$work/pre fix" -name margin_mpi.pc)")
export PKG_CONFIG_PATH
eval "gcc '$work/project/use_mpi.c' -o '$work/use_mpi' $(pkg-config --static --cflags --libs margin_mpi)"
library=$(dirname "$(find "$work/pre fix" -name libmargin.so)")
by_pkg_config=$(LD_LIBRARY_PATH=$library answers "$work/use_mpi")
[[ $by_pkg_config == "$by_cmake" ]] || fail "by pkg-config: $by_pkg_config, by CMake: $by_cmake"

# In C++: linked, since mpi.h may want a library of its own there; without C the package says so.
if command -v g++ > /dev/null; then
    mkdir -p "$work/plus"
    printf '#include <margin_mpi.h>\nint main() { return margin_mpi_fault(nullptr)->rank + 1; }\n' > "$work/plus/plus.cpp"
    cat > "$work/plus/CMakeLists.txt" <<TEXT
cmake_minimum_required(VERSION 3.20)
project(plus LANGUAGES \${LANGUAGES})
find_package(margin 0.1 REQUIRED COMPONENTS mpi)
add_executable(plus plus.cpp)
target_link_libraries(plus PRIVATE margin::margin_mpi)
TEXT
    configure "$work/plus" "$work/plus/build" "-DCMAKE_PREFIX_PATH=$work/pre fix" "-DLANGUAGES=C;CXX" -Wno-dev
    build "$work/plus/build"
    if cmake -S "$work/plus" -B "$work/plus/alone" "-DCMAKE_PREFIX_PATH=$work/pre fix" -DLANGUAGES=CXX > "$work/alone.log" 2>&1 ||
        ! grep -q 'needs the language C' "$work/alone.log"; then
        fail "a project without C is not told that margin_mpi needs it"
    fi
    eval "g++ -std=c++17 -Wall -Wextra -Werror '$work/plus/plus.cpp' -o '$work/plus/plus' $(pkg-config --static --cflags --libs margin_mpi)"
    LD_LIBRARY_PATH=$library "$work/plus/plus" || fail "the program in C++ fails"
fi

# Without the component the package is found, and says what is missing where it is asked for.
rm "$work/pre fix"/lib*/cmake/margin/margin-mpi-targets*.cmake 2> /dev/null ||
    rm "$work/pre fix"/lib/*/cmake/margin/margin-mpi-targets*.cmake
if cmake -S "$work/project" -B "$work/project/without" "-DCMAKE_PREFIX_PATH=$work/pre fix" > "$work/without.log" 2>&1 ||
    ! grep -q 'built without margin_mpi' "$work/without.log"; then
    fail "a package without margin_mpi is taken for one with it"
fi
printf 'margin_mpi is found by CMake and pkg-config: %s\n' "$by_cmake"
