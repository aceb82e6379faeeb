#!/usr/bin/env bash
# bootstrap.sh: install the Debian/Ubuntu packages that are missing, and nothing else. Says what it
# installs; needs root (or sudo) and the network only when something is missing.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<TEXT
usage: $program [--list] [build] [test] [characters]

Installs the missing Debian/Ubuntu packages of the named groups (build and test when none is named):
  build   what scripts/reproduce.sh needs: compiler, CMake, JSON, Google Benchmark, Fashion-MNIST,
          gnuplot, jq, and the BLAS libraries that the speed suite compares with
  test    what scripts/test.sh needs besides: cmocka, clang with sanitizers and coverage, an AArch64 compiler and
          emulator, Open MPI and MPICH, a shell and an HTML checker, a headless browser, Python's scientific
          packages, PyTorch, and what judges manual pages, packages and the comments of the headers
  characters  what scripts/characters.sh draws with: FreeType and NumPy for Python
  --list  print the packages of these groups, one a line, and install nothing
TEXT
}

build_packages() {
    printf '%s\n' gcc g++ libc6-dev cmake ninja-build pkg-config libjansson-dev libzip-dev zlib1g-dev \
        libbenchmark-dev dataset-fashion-mnist gnuplot-nox fonts-liberation jq python3 \
        libopenblas0-pthread
    # Further matrix products to compare with; elsewhere these packages have other names.
    if grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then
        printf '%s\n' libblis4-pthread libdnnl2
    fi
}

test_packages() {
    printf '%s\n' libcmocka-dev clang libclang-rt-dev libomp-dev llvm git libsimde-dev shellcheck valgrind \
        python3-numpy python3-scipy python3-sklearn python3-mpmath python3-venv python3-pip tidy locales \
        python3-jsonschema librsvg2-bin man-db dpkg-dev lintian doxygen openmpi-bin libopenmpi-dev \
        mpich libmpich-dev python3-freetype
    # A browser for the report, and PyTorch. Elsewhere they come in other ways, or tests are left out.
    if grep -qs '^ID=debian' /etc/os-release; then printf '%s\n' chromium-headless-shell python3-torch; fi
    # Each version lays out C in its own way.
    if grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then printf '%s\n' clang-format-14; fi
    # On AArch64 itself the NEON kernels are built and run natively.
    if [ "$architecture" != arm64 ]; then
        printf '%s\n' gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
    fi
}

characters_packages() {
    printf '%s\n' python3-freetype python3-numpy
}

missing_of() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            printf '%s\n' "$package"
    done
}

install_packages() {
    local -a as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            fail 1 "no sudo here: as root, run: apt-get install --no-install-recommends $*"
        as_root=(sudo)
    fi
    local -a apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
        apt-get -q -y -o DPkg::Lock::Timeout=300)
    local log
    log=$(mktemp)
    # shellcheck disable=SC2064 # the name is known now, the local variable is gone at exit
    trap "rm -f '$log'" EXIT
    step "installing packages: $*"
    quietly "$log" "${apt[@]}" update || fail 1 "apt-get update failed"
    quietly "$log" "${apt[@]}" install --no-install-recommends "$@" ||
        fail 1 "apt-get could not install: $*"
}

list=no
groups=()
for argument in "$@"; do
    case $argument in
    --list) list=yes ;;
    build | test | characters) groups+=("$argument") ;;
    -h | --help) usage && exit 0 ;;
    *) fail 2 "unknown argument '$argument' (see --help)" ;;
    esac
done
[ ${#groups[@]} -gt 0 ] || groups=(build test)

architecture=$(dpkg --print-architecture 2>/dev/null || uname -m)
packages=()
for group in "${groups[@]}"; do
    mapfile -t -O ${#packages[@]} packages < <("${group}_packages")
done

if [ "$list" = yes ]; then
    printf '%s\n' "${packages[@]}"
    exit 0
fi
if ! command -v dpkg-query >/dev/null; then
    printf '%s: not a Debian system; needed, under these or similar names: %s\n' \
        "$program" "${packages[*]}" >&2
    exit 0
fi
mapfile -t missing < <(missing_of "${packages[@]}")
[ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
