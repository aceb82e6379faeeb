#!/usr/bin/env bash
# gallery.sh: one page, which opens offline, with all machines that have an entry in results/machines.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<TEXT
usage: $program [--out FILE.html] [--machines DIR]

Writes the machines side by side: the head over the matrix products in it, shares of the peak, time
of an exponential, errors. Another machine joins by scripts/reproduce.sh and scripts/machine.py.
  --out FILE.html  the page (results/gallery.html)
  --machines DIR   the entries, *.json (results/machines)
TEXT
}

out=$root/results/gallery.html
machines=$root/results/machines
while [ $# -gt 0 ]; do
    case $1 in
    --out | --machines)
        if [ $# -lt 2 ] || [ -z "$2" ]; then fail 2 "$1 needs a value"; fi
        if [ "$1" = --out ]; then out=$2; else machines=$2; fi
        shift
        ;;
    -h | --help) usage && exit 0 ;;
    *) fail 2 "unknown argument '$1' (see --help)" ;;
    esac
    shift
done
command -v python3 >/dev/null || fail 1 "python3 is not installed"
[ ! -d "$out" ] || fail 1 "$out: a folder: name a file"
part=$out.part
trap 'rm -f "$part"' EXIT
python3 -B "$root/scripts/gallery" "$machines" >"$part" || exit 1
mv "$part" "$out"
printf '%s\n' "$out"
