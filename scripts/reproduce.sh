#!/usr/bin/env bash
# reproduce.sh: from a fresh clone to figures: install what is missing, build, run the three
# drivers, draw, report. Interrupted and run again, it keeps what finished.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<TEXT
usage: $program [--quick | --full] [--out DIR] [--again] [--pack] [--json]
       $program --pack RUN_DIR

Builds margin (Release), measures the losses' speed, numerical stability and class separation on
this machine, and writes DIR with the numbers (JSON), the figures and report.html.
  (neither)   at most 12 minutes on 2 cores
  --quick     at most 3 minutes
  --full      for publication: hours are possible
  --out DIR   where to write (results/COMMIT-LEVEL when not given)
  --again     run every driver again, also those whose results are there
  --pack      then write all of it as one file, DIR.tar.xz, with its checksum in DIR.tar.xz.sha256;
              with RUN_DIR do only that, with a run that is there
  --json      print nothing but the headline numbers and the paths, as one JSON object
TEXT
}

# Where the results go unless --out says so: the same folder for the same sources and options, so
# that a second call finds what the first one finished.
default_run() {
    local commit
    commit=$(git -C "$root" rev-parse --short HEAD 2>/dev/null) || commit=unversioned
    if [ -n "$(git -C "$root" status --porcelain 2>/dev/null)" ]; then commit+=-changed; fi
    printf '%s/results/%s-%s' "$root" "$commit" "${level:-default}"
}

# What a result depends on: the program (library and commit are inside), its options, and the
# environment that steers it.
stamp_of() {
    local program_file=$1
    shift
    {
        sha256sum <"$program_file"
        printf '%s\n' "$@" "${MARGIN_ISA:-}" "${OMP_NUM_THREADS:-}"
        grep -m1 '^model name' /proc/cpuinfo 2>/dev/null || true
    } | sha256sum | cut -d' ' -f1
}

# drive WHAT DRIVER OUT [OPTION...]: run the driver, which writes its result to the file after its
# option OUT, unless that is there, finished by the same program.
drive() {
    local what=$1 driver=$build/bin/$2 result=$run/$1.json stamp_file=$run/.stamps/$1 stamp
    local -a options=("${@:4}")
    if [ -n "$level" ] && [ "$3" = --out ]; then options+=("--$level"); fi
    stamp=$(stamp_of "$driver" "$3" ${level:+"--$level"})
    drivers_done=$((drivers_done + 1))
    if [ "$again" = no ] && [ -f "$result" ] && { [ "$1" = machine ] || [ -d "$run/tables" ]; } &&
        [ "$(cat "$stamp_file" 2>/dev/null)" = "$stamp" ]; then
        step "$drivers_done/$drivers $what: already measured, kept"
        return
    fi
    rm -f "$stamp_file"
    step "$drivers_done/$drivers $what: measuring"
    watched "$run/.logs/$what.log" "$driver" "${options[@]}" "$3" "$result"
    # No signal comes between: the result counts from here on.
    printf '%s\n' "$stamp" >"$stamp_file.part"
    mv "$stamp_file.part" "$stamp_file"
}

# watched LOG COMMAND...: on a terminal the command's own progress line stays visible; everything
# else goes to the log.
watched() {
    local log=$1 status=0
    shift
    leave_if_stopped
    if [ -t 2 ]; then
        stoppable "$@" >"$log" </dev/null || status=$?
    else
        stoppable "$@" >"$log" 2>&1 </dev/null || status=$?
    fi
    if [ "$status" -ne 0 ]; then
        leave_if_stopped
        tail -n 20 "$log" >&2
        fail 1 "$(basename "$1") failed (exit $status); its log: $log"
    fi
}

headline() {
    awk -F'\t' '
        NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i; next }
        { for (i = 1; i <= NF; i++) value[name[i]] = $i
          if (NR == 2) {
              which = value["case"]
              sub(/loss:[^\/]*\//, "", which)
              if (which != "-") printf "\n  times and ratios: %s", which
              printf "\n  %-12s %10s %13s %13s %10s %15s %11s", "loss", "us per row",
                  "/ three GEMMs", "/ normsoftmax", "/ unfused", "gradient error", "not finite"
              for (i = 1; i <= NF; i++) if (name[i] ~ /^gap /) printf " %12s", name[i]
              printf "\n"
          }
          printf "  %-12s %10s %13s %13s %10s %15s %11s", $1, show("%.4g", value["us_per_row"]),
              show("%.2f", value["vs_gemm3"]), show("%.3f", value["vs_normsoftmax"]),
              show("%.2f", value["vs_unfused"]), show("%.1e", value["worst_gradient"]),
              show("%d", value["nonfinite"])
          for (i = 1; i <= NF; i++) if (name[i] ~ /^gap /) printf " %12s", show("%.1f deg", $i)
          printf "\n" }
        function show(form, text) { return text == "-" ? text : sprintf(form, text) }
    ' "$run/tables/summary.tsv"
}

# The same for a program: every column of the table, and the paths.
headline_json() {
    jq -Rn --arg run "$run" --arg pack "$packed" '
        [inputs | split("\t")] | .[0] as $names
        | {run: $run, report: ($run + "/report.html"), figures: ($run + "/figures"),
           pack: (if $pack == "" then null else $pack end),
           results: (["machine", "speed", "stability", "separation"]
                     | map({(.): "\($run)/\(.).json"}) | add),
           losses: (.[1:] | map([$names, .] | transpose
               | map({(.[0]): (.[1] | if . == "-" then null else tonumber? // . end)}) | add))}
    ' "$run/tables/summary.tsv"
}

level=
run=
again=no
json=no
pack=no
packed=
given=$#
while [ $# -gt 0 ]; do
    case $1 in
    --quick | --full)
        [ -z "$level" ] || [ "--$level" = "$1" ] || fail 2 "--quick and --full exclude each other"
        level=${1#--}
        ;;
    --out)
        if [ $# -lt 2 ] || [ -z "$2" ]; then fail 2 "--out needs a folder"; fi
        run=$2
        shift
        ;;
    --again) again=yes ;;
    --json) json=yes ;;
    --pack)
        pack=yes
        if [ $# -ge 2 ] && [[ $2 != -* ]]; then
            [ "$given" -eq 2 ] || fail 2 "--pack RUN_DIR takes no other option (see --help)"
            exec "$root/scripts/pack.py" "$2"
        fi
        ;;
    -h | --help) usage && exit 0 ;;
    *) fail 2 "unknown argument '$1' (see --help)" ;;
    esac
    shift
done

build=${MARGIN_BUILD:-$root/build}
if [ "$json" = yes ]; then
    if [ -t 2 ]; then steps=stderr; else steps=none; fi
    exec 3>&1 >&2 # what others print is no part of the object
fi
stop_in_order
"$root/scripts/bootstrap.sh" build
[ -n "$run" ] || run=$(default_run)
mkdir -p "$run/.stamps" "$run/.logs" || fail 1 "cannot create $run"
run=$(cd "$run" && pwd)
trap 'rm -f "$run"/*.part "$run".tar.xz{,.sha256}.part "$run"/{.stamps,tables,figures}/*.part' EXIT

# A new build folder goes without the tests, which need further packages; an old one stays as it is.
tests=()
if [ ! -f "$build/CMakeCache.txt" ]; then tests=(-DBUILD_TESTING=OFF); fi
build_release "$build" "${tests[@]}"
drivers=4
drivers_done=0
drive machine bench_speed --machine-json
# Interrupted, the trainings go on where they stopped.
[ "$again" = no ] || rm -rf "$run/.checkpoints"
drive separation bench_separation --out --checkpoints "$run/.checkpoints"
rm -rf "$run/.checkpoints"
drive stability bench_stability --out
drive speed bench_speed --out
step "drawing the figures"
watched "$run/.logs/figures.log" "$root/plots/draw.sh" "$run"
step "writing the report"
quietly "$run/.logs/report.log" "$root/scripts/report.py" "$run"
if [ "$pack" = yes ]; then
    step "packing"
    quietly "$run/.logs/pack.log" "$root/scripts/pack.py" "$run"
    packed=$run.tar.xz
fi
if [ "$json" = yes ]; then
    headline_json >&3
    exit 0
fi
step "done"
headline
printf '\n%sreport   %s%s\nfigures  %s\nnumbers  %s\n' "$bold" "$run/report.html" "$plain" \
    "$run/figures/" "$run/{speed,stability,separation,machine}.json"
[ "$pack" = no ] || printf 'pack     %s\n' "$packed"
