#!/usr/bin/env bash
# draw.sh: the figures of a run, from its JSON files alone: RUN/tables/*.tsv by the *.jq, then
# RUN/figures/* by one gnuplot script each. Never runs a benchmark.
set -euo pipefail
program=draw.sh
plots=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The list of figures: name, gnuplot script, the table that must be there, further gnuplot settings.
figures() {
    local data name
    printf '%s\n' 'target_logit|target_logit.tsv|' 'speed|speed_figure.tsv|' \
        'speed_sizes|speed_sizes.tsv|' 'speed_peers|speed_peers.tsv|' \
        'speed_threads|speed_threads.tsv|' 'speed_memory|speed_memory.tsv|' \
        'speed_roofline|speed_roofline.tsv|' 'margin_cost|margin_cost.tsv|' \
        'gradient_error|gradient_error.tsv|' 'gradient_ends|gradient_ends.tsv|' \
        'nonfinite_map|nonfinite_map.tsv|' 'past_pi|past_pi.tsv|' 'class_error|class_error.tsv|' \
        'ulp_histogram|ulp_histogram.tsv|'
    for data in $(toy_data); do
        printf 'toy_features_%s|features_%s.tsv|data=%s\n' "$data" "$data" "'$data'"
    done
    for name in $(computed_figures); do
        printf '%s|%s.tsv|curve_table=%s\n' "$name" "$name" "'$name.tsv'"
    done
    for name in $(trained_figures); do
        printf '%s|%s.tsv|\n' "$name" "$name"
    done
    # scripts/compare.sh puts its tables there before it calls.
    for name in compare compare_errors; do
        [ ! -s "$run/tables/$name.tsv" ] || printf '%s|%s.tsv|\n' "$name" "$name"
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

tidy() { # FILE EXPRESSION TABLE
    local table=$run/tables/$3
    jq -L "$plots" -r "include \"tidy\"; include \"separation\"; include \"summary\"; $2" \
        "$run/$1" >"$table.part" || {
        rm -f "$table.part"
        fail 1 "$run/$1: cannot be made into the table $3"
    }
    mv "$table.part" "$table"
}

toy_data() {
    [ -f "$run/separation.json" ] || return 0
    jq -L "$plots" -r 'include "separation"; data_names' "$run/separation.json"
}

# Of the figures without training, those that the run has and a script is here for.
computed_figures() {
    local name
    [ -f "$run/separation.json" ] || return 0
    for name in $(jq -L "$plots" -r 'include "separation"; computed' "$run/separation.json"); do
        [ ! -f "$(script_of "$name")" ] || printf '%s\n' "$name"
    done
}

# Of the figures with trainings, besides the toy's, those that the run has.
trained_figures() {
    [ -f "$run/separation.json" ] || return 0
    jq -L "$plots" -r 'include "separation"; trained' "$run/separation.json"
}

script_of() { # NAME
    case $1 in
    toy_features_*) printf '%s\n' "$plots/fig_toy_features.gp" ;;
    arcface_fig4b) printf '%s\n' "$plots/fig_target_logit.gp" ;;
    *) printf '%s\n' "$plots/fig_$1.gp" ;;
    esac
}

# The tables over several files; a file that is not there counts as null.
summarise() {
    local name
    local -a given=()
    for name in speed stability separation; do
        if [ -f "$run/$name.json" ]; then
            given+=(--slurpfile "$name" "$run/$name.json")
        else
            given+=(--argjson "$name" '[]')
        fi
    done
    jq -L "$plots" -nr "${given[@]}" \
        'include "summary"; summary($speed[0]; $stability[0]; $separation[0])' \
        >"$run/tables/summary.tsv.part" || fail 1 "$run: cannot be summarised"
    mv "$run/tables/summary.tsv.part" "$run/tables/summary.tsv"
}

make_tables() {
    local data name
    mkdir -p "$run/tables"
    if [ -f "$run/speed.json" ]; then
        tidy speed.json speed speed.tsv
        for name in speed_figure speed_sizes speed_peers speed_threads speed_memory \
            speed_roofline margin_cost; do
            tidy speed.json "$name" "$name.tsv"
        done
    fi
    if [ -f "$run/stability.json" ]; then
        for name in target_logit gradient_error gradient_ends nonfinite_map past_pi class_error \
            ulp_histogram; do
            tidy stability.json "$name" "$name.tsv"
        done
        tidy stability.json promises promises.tsv
    fi
    if [ -f "$run/separation.json" ]; then tidy separation.json toys_table toys.tsv; fi
    for data in $(toy_data); do
        tidy separation.json "features(\"$data\")" "features_$data.tsv"
        tidy separation.json "centres(\"$data\")" "centres_$data.tsv"
        tidy separation.json "panels(\"$data\")" "panels_$data.tsv"
    done
    for name in $(computed_figures); do
        case $name in
        bounds | sphere_size) tidy separation.json "$name" "$name.tsv" ;;
        *) tidy separation.json "curves(\"$name\")" "$name.tsv" ;;
        esac
    done
    for name in $(trained_figures); do
        tidy_trained "$name"
    done
    if [ -f "$run/separation.json" ]; then tidy separation.json claims claims.tsv; fi
    for name in speed stability separation; do
        if [ -f "$run/$name.json" ]; then summarise && break; fi
    done
}

tidy_trained() { # NAME
    local figure=${1//_/-}
    case $1 in
    cosface_fig4)
        tidy separation.json cosface_fig4 cosface_fig4.tsv
        tidy separation.json cosface_fig4_centres cosface_fig4_centres.tsv
        tidy separation.json cosface_fig4_panels cosface_fig4_panels.tsv
        ;;
    sphereface_fig5 | amsoftmax_sphere)
        tidy separation.json "ball(\"$figure\")" "$1.tsv"
        tidy separation.json "ball_centres(\"$figure\")" "$1_centres.tsv"
        tidy separation.json "ball_angles(\"$figure\")" "$1_angles.tsv"
        tidy separation.json "ball_panels(\"$figure\")" "$1_panels.tsv"
        ;;
    constancy)
        tidy separation.json constancy constancy.tsv
        tidy separation.json constancy_free constancy_free.tsv
        ;;
    *) tidy separation.json "$1" "$1.tsv" ;;
    esac
}

draw() { # NAME SETTINGS FORMAT
    local script out=$run/figures/fig_$1.$3
    script=$(script_of "$1")
    (cd "$plots" && gnuplot -e "format='$3'; out='$out.part'; tables='$run/tables'; $2" "$script") || {
        rm -f "$out.part"
        fail 1 "gnuplot could not draw $(basename "$script")"
    }
    if [ "$3" = svg ]; then
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
make_tables
mkdir -p "$run/figures"
for name in "${wanted[@]}"; do
    figures | cut -d'|' -f1 | grep -qx "$name" || fail 2 "unknown figure '$name' (see --list)"
done
chosen=()
while IFS='|' read -r name table settings; do
    [ -s "$run/tables/$table" ] || continue
    if [ ${#wanted[@]} -gt 0 ] && ! printf '%s\n' "${wanted[@]}" | grep -qx "$name"; then continue; fi
    chosen+=("$name|$settings")
done < <(figures)
for ((k = 0; k < ${#chosen[@]}; k++)); do
    IFS='|' read -r name settings <<<"${chosen[k]}"
    progress "$k" ${#chosen[@]} "$name"
    for format in "${formats[@]}"; do
        draw "$name" "$settings" "$format"
    done
done
progress
