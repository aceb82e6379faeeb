#!/usr/bin/env bash
# wheel.sh SOURCE WORK PYTHON: what is published: a source archive, and from it a wheel, which is
# installed into a fresh environment and used there. One wheel is for every Python, needs nothing of
# the system but a glibc from 2.17 on, and brings no command. The library is cross-built, too.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
source=$1 work=$2/wheel python=$3

need objdump cmake
rm -rf "$work"
mkdir -p "$work"
unset PYTHONPATH MARGIN_LOSSES_LIBRARY

# pip sees the system's NumPy; the builder comes from PyPI, as for everybody.
"$python" -m venv --system-site-packages "$work/builder" || skip "$python has no venv"
"$work/builder/bin/pip" --quiet --disable-pip-version-check install 'scikit-build-core>=0.10' \
    > "$work/pip.log" 2>&1 || skip "scikit-build-core cannot be installed: $(tail -n 1 "$work/pip.log")"

# at_most FILE BYTES
at_most() {
    local bytes
    bytes=$(stat -c %s "$1")
    ((bytes < $2)) || fail "$1 has $bytes bytes, not less than $2"
    printf '%s: %d bytes\n' "$(basename "$1")" "$bytes"
}

# ---- the source archive holds all that the library is made of, and little else ------------------

(cd "$source" && "$work/builder/bin/python" -c '
import sys
from scikit_build_core.build import build_sdist
build_sdist(sys.argv[1])' "$work/dist" > "$work/sdist.log" 2>&1) ||
    fail "no source archive: $(tail -n 3 "$work/sdist.log")"
sdist=$(echo "$work"/dist/*.tar.gz)
at_most "$sdist" 1000000
tar tzf "$sdist" | sed 's|^[^/]*/||' | sort > "$work/packed"
(cd "$source" && find src include python -type f -name '*.[chp]*' ! -name '*.pyc' | sort) > "$work/wanted"
missing=$(comm -13 "$work/packed" "$work/wanted")
[[ -z $missing ]] || fail "the source archive lacks ${missing//$'\n'/ }"
needless=$(grep -E '^(results|plots|bench|tests|scripts)/|\.(svg|png|pyc)$' "$work/packed" || true)
[[ -z $needless ]] || fail "the source archive holds ${needless//$'\n'/ }"

# ---- the wheel -----------------------------------------------------------------------------------

begun=$(date +%s)
"$work/builder/bin/pip" --quiet --disable-pip-version-check wheel --no-deps --no-build-isolation \
    --no-index --no-cache-dir -w "$work/dist" "$sdist" > "$work/wheel.log" 2>&1 ||
    fail "no wheel: $(tail -n 20 "$work/wheel.log")"
printf 'the wheel took %d s\n' "$(($(date +%s) - begun))"
wheel=$(echo "$work"/dist/*.whl)
at_most "$wheel" 400000
[[ $(basename "$wheel") == margin_losses-*-py3-none-linux_*.whl ]] || fail "$wheel: another tag"

# newest_glibc LIBRARY: the highest version of glibc that it asks for.
newest_glibc() {
    objdump -T "$1" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1
}
"$python" -m zipfile -e "$wheel" "$work/unpacked"
library=$work/unpacked/margin_losses/_margin.so
newest=$(newest_glibc "$library")
[[ $(printf '%s\n' "$newest" GLIBC_2.17 | sort -V | tail -n 1) == GLIBC_2.17 ]] ||
    fail "the wheel needs $newest, which is newer than GLIBC_2.17"
if "$work/builder/bin/pip" --quiet --disable-pip-version-check install auditwheel > "$work/pip.log" 2>&1; then
    "$work/builder/bin/auditwheel" show "$wheel" > "$work/audit" 2>&1 || true
    grep -q '"manylinux_2_17_' "$work/audit" || fail "auditwheel says: $(cat "$work/audit")"
fi
needed=$(objdump -p "$library" | awk '/NEEDED/ { print $2 }' | sort | xargs)
[[ $needed == "libc.so.6 libm.so.6" ]] || fail "the wheel needs $needed"
[[ ! -e $(echo "$work"/unpacked/*/entry_points.txt) ]] || fail "the wheel brings a command"

# ---- installed, and used -------------------------------------------------------------------------

"$python" -m venv --system-site-packages "$work/user"
"$work/user/bin/pip" --quiet --disable-pip-version-check install --no-index --no-deps "$wheel"
(cd "$work" && user/bin/python "$source/examples/quickstart.py") > "$work/said" ||
    fail "the example fails with the installed package"
grep -q 'correct 100' "$work/said" || fail "the example says $(cat "$work/said")"
[[ $(cd "$work" && user/bin/python -c 'import margin_losses as ml; print(ml.__file__)') == \
    "$work"/user/* ]] || fail "another package was used"
[[ -z $(find "$work/user/bin" -name 'margin*') ]] || fail "a command was installed"

# ---- installed to be edited: the sources stay where they are, the library is with the packages ------

mkdir "$work/checkout"
tar xzf "$sdist" -C "$work/checkout" --strip-components=1
"$work/builder/bin/pip" --quiet --disable-pip-version-check install --no-deps --no-build-isolation \
    --no-index --config-settings=cmake.build-type=Debug \
    "--config-settings=cmake.define.${no_avx512#-D}" -e "$work/checkout" > "$work/edit.log" 2>&1 ||
    fail "no editable installation: $(tail -n 20 "$work/edit.log")"
[[ $(cd "$work" && builder/bin/python -c 'import margin_losses as ml; print(ml.__file__)') == \
    "$work"/checkout/python/* ]] || fail "the editable installation is not the checkout"

# ---- for 64-bit ARM ------------------------------------------------------------------------------

if [[ $(uname -m) != aarch64 ]] && command -v aarch64-linux-gnu-gcc > /dev/null; then
    configure "$source" "$work/arm" "-DCMAKE_TOOLCHAIN_FILE=$source/cmake/toolchain-aarch64.cmake" \
        -DMARGIN_PYTHON=ON -DMARGIN_TESTS=OFF -DSKBUILD=ON
    build "$work/arm" margin_python
    arm=$work/arm/python/_margin.so
    [[ $(od -An -tx1 -j18 -N1 "$arm") == *b7* ]] || fail "$arm is no ARM library"
    newest=$(newest_glibc "$arm")
    [[ $newest == GLIBC_2.17 ]] || fail "for ARM the library needs $newest"
    printf 'cross-built for 64-bit ARM: %d bytes\n' "$(stat -c %s "$arm")"
fi
printf 'source archive and wheel are complete, small, and work\n'
