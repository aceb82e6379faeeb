#!/usr/bin/env bash
# peers.sh: the newest libraries of matrix products, to measure against. It must not know what is
# measured.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
set -euo pipefail
steps=stderr

usage() {
    cat <<'TEXT'
usage: scripts/peers.sh [--into DIR]

Installs the newest BLAS libraries that are offered as wheels, pinned by version and hash, into a
virtual environment that may be thrown away, and prints the options of bench_speed that name them:

    build/bin/bench_speed --quick $(scripts/peers.sh) --out speed.json

OpenBLAS 0.3.34, MKL 2026.2, AOCL-BLAS 5.3 and oneDNN 3.2: 1 GB on the disk, of which MKL is most. A
library without a wheel for this machine is left out, with a note. What DIR has is not loaded again.

  --into DIR   (default: margin/peers in the user's folder of caches)
  -h, --help
TEXT
}

into=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/margin/peers
while [ $# -gt 0 ]; do
    case $1 in
    --into) [ $# -gt 1 ] || fail 2 "--into: which folder?"; into=$2; shift 2 ;;
    -h | --help) usage; exit ;;
    *) fail 2 "$1: unknown; --help shows what there is" ;;
    esac
done
[[ $into != *[[:space:],:]* ]] ||
    fail 2 "--into: '$into' has a blank, comma or colon, which divide options"

# A wheel and its hashes: of the builds for CPython 3.10 to 3.14 where there is one for each.
wheels=(
    "scipy-openblas32==0.3.34.481.3 0595f94cd58c1f8a0d90c975621f4587337a003916b1979e834ebdf2cb5d9504"
    "mkl==2026.2.0 eaab1875ce9f47ab3c66d5632cef06baf768c05781f2f28847bdbc4343500ed7"
    "aoclda==5.3.0.1 82f774d6d0a10bc3c0a426731d8b6762af820c345432a3906a8ace006fd68423
        44d692c89574470a9eac72caf1f743026238d232560a05fb6a39be65c3303b5a
        b89bec845faffa56194c730152d70ef88f9a0ca962150f7f9f7257ef0f182de5
        e3e7eb6bdc99a8b09e7b5908b77ea8c101342b1707e94807cef1d3d3d1cdf460
        b8978909b7e7bab9d78f9ad58647df221c3f45186ef6028b48780a85eff65974"
    "onednn-cpu-gomp==2023.2.0 2f22a54d6a890ed14bfa185d42a4be65d8b5b1df85dc1f0f3a9abe31620416fb"
)

# install WHEEL HASH...: without what it asks for: its library is wanted, not its Python. The hashes
# are what makes an index that is not the usual one as good.
install() {
    local wheel=$1 done=$into/installed/$1
    shift
    if [ ! -e "$done" ]; then
        step "$wheel"
        printf '%s' "$wheel" >"$into/wanted.txt"
        printf ' --hash=sha256:%s' "$@" >>"$into/wanted.txt"
        if "$into/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
            --only-binary :all: --require-hashes -r "$into/wanted.txt" >"$into/log.txt" 2>&1; then
            : >"$done"
        else
            printf '%s: %s is left out: %s\n' "$program" "$wheel" \
                "$(grep -m1 ERROR "$into/log.txt" || tail -n1 "$into/log.txt")" >&2
        fi
    fi
}

mkdir -p "$into/installed" 2>/dev/null ||
    fail 1 "$into: cannot be made; --into names another folder"
if [ ! -x "$into/venv/bin/python" ]; then
    step "a virtual environment in $into"
    python3 -m venv "$into/venv" >"$into/log.txt" 2>&1 ||
        fail 1 "no virtual environment: $(tail -n1 "$into/log.txt"); on Debian install python3-venv"
fi
for wheel in "${wheels[@]}"; do
    # shellcheck disable=SC2086 # words: the wheel, its hashes
    install $wheel
done

# add OPTION FILE...: the option with the first of these files that is there.
options=()
add() {
    local option=$1 tail=$2 file
    shift 2
    for file; do
        if [ -e "$file" ]; then
            options+=("${option% *}" "${option#* }$file$tail")
            return
        fi
    done
}
shopt -s nullglob
site=("$into"/venv/lib/python*/site-packages)
add "--blas openblas-new=" ":scipy_" "${site[0]}"/scipy_openblas32/lib/libscipy_openblas.so
add "--blas mkl=" "" "$into"/venv/lib/libmkl_rt.so.*
add "--preload " "" "${site[0]}"/aoclda.libs/libomp-*.so
add "--blas aocl=" "" "${site[0]}"/aoclda.libs/libblis-mt-*.so*
add "--blas onednn-new=" "" "$into"/venv/lib/libdnnl.so.3
[ ${#options[@]} -gt 0 ] || fail 1 "no library could be installed into $into"
step "in $into, which may be thrown away"
printf '%s\n' "${options[*]}"
