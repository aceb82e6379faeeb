#!/usr/bin/env bash
# test.sh: install what is missing, build, run every test. Arguments go to ctest, e.g. `-R plots`;
# --long before them gives the tests that search for faults much more time.
# The exit status is CTest's: 0 only when every test passed.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in
-h | --help)
    cat <<TEXT
usage: $program [--long] [ctest options]

Installs what is missing, builds, runs every test.
  --long  the fuzz targets and the soak run for ten minutes of CPU time each, and the tests of failed
          allocations and writes take every place instead of some (docs/reliability.md); the
          PyTorch modules are tested with PyPI's newest PyTorch, too, which is several gigabytes
TEXT
    exit 0
    ;;
--long)
    export MARGIN_TEST_LONG=1
    shift
    ;;
esac

build=${MARGIN_BUILD:-$root/build}
"$root/scripts/bootstrap.sh" build test
build_release "$build" -DBUILD_TESTING=ON
step "testing"
cd "$build"
# With more threads than cores, spinning ones would keep the others from working.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
exec ctest --output-on-failure --no-tests=error --parallel "${CTEST_PARALLEL_LEVEL:-$(nproc)}" "$@"
