#!/usr/bin/env bash
# stale.sh in a small repository of its own: fresh, changed elsewhere, changed in src (committed or
# not), measured dirty, commit unknown.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir scripts src include bench plots run
cp "$root/scripts/stale.sh" "$root/scripts/lib.sh" scripts/
for folder in src include bench plots; do echo 1 >"$folder/file"; done
git init -q .
keep() { git add -A && git -c user.name=t -c user.email=t@localhost commit -qm "$1"; }
record() { printf '{"commit": "%s", "dirty": %s}\n' "$1" "$2" >run/machine.json; }

expect() { # STATUS TEXT
    local status=0
    scripts/stale.sh run >out 2>&1 || status=$?
    if [ "$status" -ne "$1" ] || ! grep -q "$2" out; then
        echo "FAILED: exit $status, not $1 with '$2': $(cat out)" >&2
        exit 1
    fi
}

keep first
first=$(git rev-parse HEAD)
record "$first" false
expect 0 'up to date'
echo words >README.md
keep elsewhere
expect 0 'up to date'
echo 2 >src/file
expect 1 'not committed'
keep "changed kernels"
expect 1 'stale: measured at'
grep -q 'changed kernels' out || { echo "FAILED: does not name the commit" >&2; exit 1; }
record "$(git rev-parse HEAD)" false
expect 0 'up to date'
record "$(git rev-parse HEAD)" true
expect 1 'not committed'
record 0123456789abcdef0123456789abcdef01234567 false
expect 1 'not in the history'
rm run/machine.json
expect 1 'names no commit'
echo "stale.sh tells a fresh run from a stale one"
