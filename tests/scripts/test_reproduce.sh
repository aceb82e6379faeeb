#!/usr/bin/env bash
# reproduce.sh --quick as a whole: everything is written. (What becomes of an interrupted call, and what a
# second one keeps: test_interrupt.py.) usage: test_reproduce.sh BUILD_DIR
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export MARGIN_BUILD=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

"$root/scripts/reproduce.sh" --quick --out run | tee said.txt
for name in speed stability separation machine; do
    jq -e 'type == "object"' "run/$name.json" >/dev/null || fail "$name.json is no JSON object"
done
figures=$("$root/plots/draw.sh" run --list)
[ "$(wc -l <<<"$figures")" -ge 5 ] || fail "too few figures: $figures"
for name in $figures; do
    [ -s "run/figures/fig_$name.svg" ] || fail "no fig_$name.svg"
    [ -s "run/figures/fig_$name.png" ] || fail "no fig_$name.png"
    grep -q "id=\"$name\"" run/report.html || fail "fig_$name is not in the report"
done
for loss in softmax normsoftmax sphereface cosface arcface combined; do
    grep -q "^  $loss " said.txt || fail "no headline for $loss"
done
grep -q 'report.html' said.txt || fail "does not say where the report is"
[ -z "$(find run -name '*.part')" ] || fail "parts of files are left: $(find run -name '*.part')"

echo "reproduce.sh --quick: everything is written"
