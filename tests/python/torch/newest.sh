#!/usr/bin/env bash
# newest.sh TESTS WORK PYTHON: every test of the PyTorch door with the newest PyTorch of PyPI and with
# pytorch-metric-learning, in an environment of its own that is kept for the next run. PyPI's PyTorch
# brings its CUDA parts, several gigabytes, so this runs under `scripts/test.sh --long` alone;
# MARGIN_TORCH_PYTHON names a Python that has both, and nothing is installed then.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../builds/lib.sh"
tests=$1 work=$2/torch python=$3

[[ -n ${MARGIN_TEST_LONG:-} ]] || skip "scripts/test.sh --long runs it"
newest=${MARGIN_TORCH_PYTHON:-$work/bin/python}
if [[ -z ${MARGIN_TORCH_PYTHON:-} ]]; then
    "$python" -m venv "$work" || fail "$python has no venv"
    "$newest" -m pip --quiet --disable-pip-version-check install --upgrade numpy torch \
        pytorch-metric-learning > "$work/pip.log" 2>&1 ||
        fail "PyTorch cannot be installed: $(tail -n 1 "$work/pip.log")"
fi
"$newest" -c 'import torch; print("PyTorch", torch.__version__)'
for file in "$tests"/test_*.py; do
    "$newest" -B -W ignore "$file" || fail "$(basename "$file") with the newest PyTorch"
done
