#!/usr/bin/env bash
# draw.sh: the figures of a run, RUN/figures/*, from the tables that the drivers have written,
# RUN/tables/*.tsv, by one gnuplot script each. Never runs a benchmark.
set -euo pipefail
export LC_ALL=C.UTF-8 # gnuplot and awk would take decimal commas from the surroundings
program=draw.sh
plots=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Prints a figure's name, its script and its table, where the run has this table.
figure() { # NAME SCRIPT TABLE
    [ ! -s "$run/tables/$3.tsv" ] || printf '%s|%s|%s\n' "$1" "$2" "$run/tables/$3.tsv"
}

# The list of figures: each has a script of its name and a table of its name, but for these.
figures() {
    local script name data
    for script in "$plots"/fig_*.gp; do
        name=$(basename "$script" .gp)
        name=${name#fig_}
        case $name in
        speed) figure speed "$script" speed_figure ;;
        speed_*) figure "$name" "$script" speed_shapes ;;
        toy_features)
            while IFS= read -r data; do
                figure "${name}_$data" "$script" "${name}_$data"
            done < <(tail -n +2 "$run/tables/toys.tsv" 2>/dev/null | cut -f3 | sort -u)
            ;;
        *) figure "$name" "$script" "$name" ;;
        esac
        # The same curves: drawn where the run has no others.
        if [ "$name" = target_logit ] && [ ! -s "$run/tables/target_logit.tsv" ]; then
            figure arcface_fig4b "$script" arcface_fig4b
        fi
    done
}

usage() {
    cat <<TEXT
usage: $program RUN_DIR [FIGURE...] [--format svg|png|pdf] ... [--list]

Draws the figures of a run into RUN_DIR/figures (SVG and PNG when no --format is given), every
figure whose data the run has, or only those named.
TEXT
}

fail() {
    progress
    printf '%s: %s\n' "$program" "$2" >&2
    exit "$1"
}

# The table over what all drivers say of a loss.
summarise() {
    local table summary=$run/tables/summary.tsv
    local -a parts=()
    for table in summary_speed summary_stability toys; do
        [ ! -f "$run/tables/$table.tsv" ] || parts+=("$run/tables/$table.tsv")
    done
    if [ ${#parts[@]} -eq 0 ] || [ ! -f "$run/tables/losses.tsv" ]; then return; fi
    awk -f "$plots/summary.awk" "$run/tables/losses.tsv" "${parts[@]}" >"$summary.part" ||
        fail 1 "$run: cannot be summarised"
    mv "$summary.part" "$summary"
}

draw() { # NAME SCRIPT TABLE FORMAT
    local out=$run/figures/fig_$1.$4 settings=
    if [ -f "$run/tables/losses.tsv" ]; then settings="losses_table='$run/tables/losses.tsv'"; fi
    (cd "$plots" && gnuplot -e "format='$4'; out='$out.part'; tables='$run/tables'; table='$3'" \
        -e "$settings" "$2") || {
        rm -f "$out.part"
        fail 1 "gnuplot could not draw $(basename "$2")"
    }
    if [ "$4" = svg ]; then
        # Browsers without the first font take the next one of the same widths.
        awk -v name="fig_$1" -v font="Liberation Sans,Arial,Helvetica,sans-serif" \
            -f "$plots/thin.awk" "$out.part" >"$out.thin.part"
        mv "$out.thin.part" "$out.part"
    fi
    mv "$out.part" "$out"
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
run=$(cd "$run" && pwd)
[ ${#formats[@]} -gt 0 ] || formats=(svg png)

if [ "$list" = yes ]; then
    figures | cut -d'|' -f1
    exit 0
fi
# Tables of a comparison, that of `margin verify --curve`, those of bench/scale and of PyTorch's heads name
# no loss; those of a run do, in the order of losses.tsv.
if [ ! -s "$run/tables/losses.tsv" ] && [ ! -s "$run/tables/det.tsv" ] && [ ! -s "$run/tables/scaling.tsv" ] &&
    [ ! -s "$run/tables/pareto.tsv" ] &&
    ! compgen -G "$run/tables/compare*.tsv" >/dev/null; then
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
[ ${#chosen[@]} -gt 0 ] || fail 1 "$run/tables: no table that a figure draws"
for ((k = 0; k < ${#chosen[@]}; k++)); do
    IFS='|' read -r name script table <<<"${chosen[k]}"
    progress "$k" ${#chosen[@]} "$name"
    for format in "${formats[@]}"; do
        draw "$name" "$script" "$table" "$format"
    done
done
progress
