#!/usr/bin/env bash
# reproduce.sh --quick as a whole, twice: everything is written, and the second call keeps what the
# first one measured. usage: test_reproduce.sh BUILD_DIR
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

# Interrupted while it measures: it stops, and no half-written result stays.
status=0
timeout -s INT 8 "$root/scripts/reproduce.sh" --quick --out run >interrupted.txt 2>&1 || status=$?
[ "$status" -ne 0 ] || fail "is done in 8 seconds: $(cat interrupted.txt)"
for result in run/*.json; do
    if [ -e "$result" ]; then jq -e . "$result" >/dev/null || fail "$result is half-written"; fi
done

"$root/scripts/reproduce.sh" --quick --out run | tee first.txt
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
    grep -q "^  $loss " first.txt || fail "no headline for $loss"
done
grep -q 'report.html' first.txt || fail "does not say where the report is"
[ -z "$(find run -name '*.part')" ] || fail "parts of files are left: $(find run -name '*.part')"

# What finished is kept, and a driver that did not, as after an interruption, is run again, and only that
# one; here the one that takes least (reproduce_interrupted: each of them, and a call that keeps all).
rm run/machine.json
kept=(run/*.json)
before=$(sha256sum "${kept[@]}")
"$root/scripts/reproduce.sh" --quick --out run >second.txt
[ "$(grep -c 'already measured' second.txt)" -eq 3 ] || fail "keeps too much or too little: $(cat second.txt)"
[ -s run/machine.json ] || fail "machine.json is not made again"
[ "$(sha256sum "${kept[@]}")" = "$before" ] || fail "a second call changed the results"
echo "reproduce.sh --quick: written, kept, and made again where needed"
