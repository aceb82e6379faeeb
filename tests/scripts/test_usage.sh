#!/usr/bin/env bash
# Wrong usage: exit 2 and one line that begins with the script's name; --help: exit 0.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

expect() { # STATUS COMMAND...
    local wanted=$1 status=0
    shift
    "$@" >out 2>err </dev/null || status=$?
    if [ "$status" -ne "$wanted" ]; then
        echo "FAILED: exit $status, not $wanted: $*" >&2
        exit 1
    fi
    [ "$wanted" -eq 0 ] && return
    if [ "$(wc -l <err)" -ne 1 ] || ! grep -q "^$(basename "$1"): " err; then
        echo "FAILED: not a one-line error of $(basename "$1"): $(cat err)" >&2
        exit 1
    fi
}

for script in scripts/bootstrap.sh scripts/reproduce.sh scripts/stale.sh scripts/test.sh plots/draw.sh \
    scripts/report.py scripts/compare.sh scripts/pack.py scripts/reference.py scripts/peers.sh \
    scripts/machine.py scripts/gallery.sh scripts/characters.sh; do
    expect 0 "$root/$script" --help
    grep -qi usage out || { echo "FAILED: no usage in --help of $script" >&2; exit 1; }
done
expect 2 "$root/scripts/reproduce.sh" --nonsense
expect 2 "$root/scripts/reproduce.sh" --out
expect 2 "$root/scripts/reproduce.sh" --quick --full
expect 2 "$root/scripts/stale.sh" --nonsense
expect 2 "$root/scripts/stale.sh" a b
expect 1 "$root/scripts/stale.sh" no_such_run
expect 2 "$root/scripts/compare.sh"
expect 2 "$root/scripts/compare.sh" no_such_run no_such_run
expect 2 "$root/plots/draw.sh"
expect 2 "$root/plots/draw.sh" . --format bmp
expect 1 "$root/plots/draw.sh" no_such_run
expect 2 "$root/scripts/report.py"
expect 1 "$root/scripts/report.py" no_such_run
expect 1 "$root/scripts/report.py" no_such_run.tar.xz
mkdir figure && echo '{}' >figure/separation.json
expect 1 "$root/scripts/report.py" figure
grep -q "figure: no speed.json, no stability.json, no machine.json: .* whole run, as scripts/reproduce.sh" err ||
    { echo "FAILED: $(cat err)" >&2; exit 1; }
rm -r figure
expect 2 "$root/scripts/pack.py"
expect 2 "$root/scripts/peers.sh" --into
expect 2 "$root/scripts/peers.sh" --into "a b"
expect 2 "$root/scripts/peers.sh" --nonsense
expect 2 "$root/scripts/characters.sh" --into
expect 2 "$root/scripts/characters.sh" --into ""
expect 2 "$root/scripts/characters.sh" --nonsense
expect 1 "$root/scripts/pack.py" no_such_run
expect 1 "$root/scripts/pack.py" .
expect 2 "$root/scripts/reference.py"
expect 1 "$root/scripts/reference.py" no_such_run --out never
expect 2 "$root/scripts/machine.py"
expect 1 "$root/scripts/machine.py" no_such_run name --out never
expect 2 "$root/scripts/gallery.sh" --nonsense
expect 2 "$root/scripts/gallery.sh" --out
expect 1 "$root/scripts/gallery.sh" --out .
expect 1 "$root/scripts/gallery.sh" --machines no_such_folder --out never
[ -z "$(find . -type f ! -name out ! -name err)" ] || { echo "FAILED: files left behind" >&2; exit 1; }
echo "usage is as documented"
