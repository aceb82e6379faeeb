#!/usr/bin/env bash
# test.sh: install what is missing, build, run every test. Arguments go to ctest, e.g. `-R plots`.
# The exit status is CTest's: 0 only when every test passed.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in
-h | --help)
    printf 'usage: %s [ctest options]\n\nInstalls what is missing, builds, runs every test.\n' "$program"
    exit 0
    ;;
esac

build=${MARGIN_BUILD:-$root/build}
"$root/scripts/bootstrap.sh" build test
build_release "$build" -DBUILD_TESTING=ON
step "testing"
cd "$build"
exec ctest --output-on-failure --no-tests=error --parallel "${CTEST_PARALLEL_LEVEL:-$(nproc)}" "$@"
