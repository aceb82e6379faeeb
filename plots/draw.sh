#!/usr/bin/env bash
# draw.sh: the figures of a run, RUN/figures/*, from the tables that the drivers have written,
# RUN/tables/*.tsv, by one gnuplot script each; beside the toy's figure the page RUN/toy.html. Never runs
# a benchmark.
set -euo pipefail
export LC_ALL=C.UTF-8 # gnuplot and awk would take decimal commas from the surroundings
program=draw.sh
plots=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The list of all figures that there can be, NAME|SCRIPT|TABLE: each has a script of its name and a table of
# its name, but for these.
possible() {
    local script name table
    for script in "$plots"/fig_*.gp; do
        script=${script##*/fig_}
        for name in $(names_by "${script%.gp}"); do
            table=$name
            case $name in speed) table=speed_figure ;; speed_*) table=speed_shapes ;; esac
            printf '%s|%s|%s\n' "$name" "fig_$script" "$table"
        done
    done
}

# The data whose toys the run has.
toys() {
    tail -n +2 "$run/tables/toys.tsv" 2>/dev/null | cut -f3
}

names_by() { # SCRIPT
    case $1 in
    toy_features)
        { printf '%s\n' sphere fashion characters && toys; } | sort -u | sed "s/^/$1_/"
        ;;
    target_logit) printf '%s\n' "$1" arcface_fig4b ;;
    *) printf '%s\n' "$1" ;;
    esac
}

has() { # NAME TABLE
    [ -s "$run/tables/$2.tsv" ] || return 1
    # The samples of a run before may be there.
    case $1 in toy_features_*) grep -qxF "${1#toy_features_}" < <(toys) ;; esac
}

# Those whose table the run has.
figures() {
    local name rest
    while IFS='|' read -r name rest; do
        # The same curves: drawn where the run has no others.
        if [ "$name" = arcface_fig4b ] && [ -s "$run/tables/target_logit.tsv" ]; then continue; fi
        if has "$name" "${rest#*|}"; then printf '%s|%s\n' "$name" "$rest"; fi
    done < <(possible)
}

# A summary of a run, by scripts/reference.py, lacks tables that its figures and summary.tsv were made of.
is_summary() {
    [ -e "$run/summary.json" ]
}

# Removes figures whose numbers are gone: of another run in this folder.
remove_stale() {
    local name rest
    if is_summary; then return; fi
    while IFS='|' read -r name rest; do
        has "$name" "${rest#*|}" || rm -f "$run/figures/fig_$name".{svg,png,pdf}
    done < <(possible)
}

usage() {
    cat <<TEXT
usage: $program RUN_DIR [FIGURE...] [--format svg|png|pdf] ... [--list]

Draws the figures of a run into RUN_DIR/figures (SVG and PNG when no --format is given), every
figure whose data the run has, or only those named; with toy_features_sphere also the page
RUN_DIR/toy.html. Figures there whose tables are gone are removed.
TEXT
}

fail() {
    progress
    printf '%s: %s\n' "$program" "$2" >&2
    exit "$1"
}

# A name that no other process has, removed at the end where it is still there.
parts=()
trap '[ ${#parts[@]} -eq 0 ] || rm -f "${parts[@]}"' EXIT
part_of() { # FILE: sets `part`
    part=$1.$$.part
    parts+=("$part")
}

# A text as gnuplot takes it: nothing in it is read but the quotes that are doubled here.
quoted() {
    local quote="'"
    printf "'%s'" "${1//$quote/$quote$quote}"
}

# The table over what all drivers say of a loss.
summarise() {
    local table summary=$run/tables/summary.tsv
    local -a tables=()
    if is_summary; then return; fi
    for table in summary_speed summary_stability toys; do
        [ ! -f "$run/tables/$table.tsv" ] || tables+=("$run/tables/$table.tsv")
    done
    if [ ${#tables[@]} -eq 0 ] || [ ! -f "$run/tables/losses.tsv" ]; then
        rm -f "$summary"
        return
    fi
    part_of "$summary"
    awk -f "$plots/summary.awk" "$run/tables/losses.tsv" "${tables[@]}" >"$part" ||
        fail 1 "$run: cannot be summarised"
    mv "$part" "$summary"
}

draw() { # NAME SCRIPT TABLE FORMAT
    local out=$run/figures/fig_$1.$4 settings drawn
    part_of "$out"
    settings="format='$4'; out=$(quoted "$part"); tables=$(quoted "$run/tables")"
    settings+="; table=$(quoted "$run/tables/$3.tsv")"
    if [ -f "$run/tables/losses.tsv" ]; then settings+="; losses_table=$(quoted "$run/tables/losses.tsv")"; fi
    (cd "$plots" && gnuplot -e "$settings" "$2") || fail 1 "gnuplot could not draw $2"
    if [ "$4" = svg ]; then
        # Browsers without the first font take the next one of the same widths.
        drawn=$part
        part_of "$out.thin"
        awk -v name="fig_$1" -v font="Liberation Sans,Arial,Helvetica,sans-serif" \
            -f "$plots/thin.awk" "$drawn" >"$part"
        rm "$drawn"
    fi
    mv "$part" "$out"
}

# The page that shows the toy along its training, one file that opens offline: its parts and toy.json,
# without what would end its script, and without its indents.
page() {
    part_of "$run/toy.html"
    sed -e 's/</\\u003c/g' -e 's/^ *//' "$run/toy.json" |
        sed -e "/^@style@$/{r $plots/toy/toy.css" -e 'd}' -e "/^@script@$/{r $plots/toy/toy.js" -e 'd}' \
            -e '/^@data@$/{r /dev/stdin' -e 'd}' "$plots/toy/page.html" >"$part" ||
        fail 1 "$run/toy.html: cannot be written"
    mv "$part" "$run/toy.html"
}

# progress [DONE TOTAL WHAT]: a line on a terminal, as the drivers show; no arguments: wipe it.
progress() {
    local left=
    if [ ! -t 2 ] || [ "${TERM:-dumb}" = dumb ]; then return; fi
    if [ $# -eq 0 ]; then
        printf '\r\033[K' >&2
        return
    fi
    if [ "$1" -gt 0 ]; then left=", $(((SECONDS - begun) * ($2 - $1) / $1)) s left"; fi
    printf '\r%s  %s\033[K' "figures  $1/$2$left" "$3" >&2
}

begun=$SECONDS
run=
wanted=()
formats=()
list=no
while [ $# -gt 0 ]; do
    case $1 in
    --format)
        [ $# -ge 2 ] || fail 2 "--format needs a value"
        case $2 in svg | png | pdf) formats+=("$2") ;; *) fail 2 "unknown format '$2'" ;; esac
        shift
        ;;
    --list) list=yes ;;
    -h | --help) usage && exit 0 ;;
    -*) fail 2 "unknown option '$1' (see --help)" ;;
    *) if [ -z "$run" ]; then run=$1; else wanted+=("${1#fig_}"); fi ;;
    esac
    shift
done
[ -n "$run" ] || fail 2 "a run's folder is needed (see --help)"
[ -d "$run" ] || fail 1 "$run: no such folder"
run=$(cd -- "$run" && pwd)
case $run in *$'\n'*) fail 2 "$(printf %q "$run"): a name of one line is needed" ;; esac
[ ${#formats[@]} -gt 0 ] || formats=(svg png)

if [ "$list" = yes ]; then
    figures | cut -d'|' -f1
    exit 0
fi
# Tables of a comparison, that of `margin verify --curve`, those of bench/scale and of PyTorch's heads name
# no loss; those of a run do, in the order of losses.tsv.
if [ ! -s "$run/tables/losses.tsv" ] && [ ! -s "$run/tables/det.tsv" ] && [ ! -s "$run/tables/scaling.tsv" ] &&
    [ ! -s "$run/tables/pareto.tsv" ] &&
    ! (cd "$run/tables" 2>/dev/null && compgen -G 'compare*.tsv' >/dev/null); then
    fail 1 "$run/tables: no losses.tsv: not the tables of this version (run the drivers again, with --out $run/...)"
fi
summarise
mkdir -p "$run/figures"
for name in "${wanted[@]}"; do
    figures | cut -d'|' -f1 | grep -qx "$name" || fail 2 "unknown figure '$name' (see --list)"
done
chosen=()
while IFS= read -r line; do
    if [ ${#wanted[@]} -eq 0 ] || printf '%s\n' "${wanted[@]}" | grep -qx "${line%%|*}"; then
        chosen+=("$line")
    fi
done < <(figures)
remove_stale
[ ${#chosen[@]} -gt 0 ] || fail 1 "$run/tables: no table that a figure draws"
for ((k = 0; k < ${#chosen[@]}; k++)); do
    IFS='|' read -r name script table <<<"${chosen[k]}"
    progress "$k" ${#chosen[@]} "$name"
    for format in "${formats[@]}"; do
        draw "$name" "$script" "$table" "$format"
    done
    if [ "$name" = toy_features_sphere ] && [ -s "$run/toy.json" ]; then page; fi
done
progress
