#!/usr/bin/env bash
# compare.sh: what got faster, slower or less exact from one run to another, as a gate: exit 0,
# nothing got worse; 1, something did; 2, wrong usage or input that cannot be read.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<TEXT
usage: $program RUN_A RUN_B [--threshold PERCENT] [--json] [--output DIR [--format svg|png|pdf]...]

Compares two runs (a folder, a pack RUN.tar.xz or a summary): the times of each case (what a
quiet machine takes, by the best third of the repetitions), the greatest errors, and separation by
seed. docs/method.md says when a difference counts.
  --threshold PERCENT  smaller changes of a time never count (3)
  --json               the whole comparison as one JSON object on stdout
  --output DIR         write DIR/compare.json, and DIR/figures/fig_compare.* (times) and
                       fig_compare_errors.* with their tables
  --format FORMAT      of the figure (svg and png)

Exit status: 0, nothing got worse from A to B; 1, something did; 2, wrong usage or unreadable input.
TEXT
}

output=
runs=()
options=()
formats=()
while [ $# -gt 0 ]; do
    case $1 in
    --threshold | --output | --format)
        if [ $# -lt 2 ] || [ -z "$2" ]; then fail 2 "$1 needs a value"; fi
        case $1,$2 in
        --threshold,*) options+=("$1=$2") ;;
        --output,*) output=$2 ;;
        --format,svg | --format,png | --format,pdf) formats+=(--format "$2") ;;
        *) fail 2 "unknown format '$2' (see --help)" ;;
        esac
        shift
        ;;
    --json) options+=("$1") ;;
    -h | --help) usage && exit 0 ;;
    -*) fail 2 "unknown option '$1' (see --help)" ;;
    *) runs+=("$1") ;;
    esac
    shift
done
[ ${#runs[@]} -eq 2 ] || fail 2 "two runs' folders are needed (see --help)"
command -v python3 >/dev/null || fail 2 "python3 is not installed"
[ -z "$bold" ] || options+=(--colour)
[ -z "$output" ] || options+=("--output=$output")

status=0
python3 -B "$root/scripts/compare" "${options[@]}" -- "${runs[@]}" || status=$?
if [ "$status" -le 1 ] && [ -n "$output" ]; then
    rm -f "$output"/figures/fig_compare{,_errors}.{svg,png,pdf}
    mapfile -t figures < <("$root/plots/draw.sh" "$output" --list | grep '^compare')
    if [ ${#figures[@]} -gt 0 ]; then
        "$root/plots/draw.sh" "$output" "${figures[@]}" "${formats[@]}" || exit 2
    fi
fi
exit "$status"
