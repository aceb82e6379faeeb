# lib.sh: what the scripts share: the project's root, progress lines, quiet commands with a log,
# and the build. Sourced, never run; it must not know what a driver measures.
# shellcheck shell=bash

# Numbers are written and read with a point whatever the surroundings say.
export LC_ALL=C.UTF-8

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=$(basename "$0")
started=$SECONDS

# shellcheck disable=SC2034 # for the scripts that source this file
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
else
    bold='' dim='' plain=''
fi

# "1:07", the time since the script began.
elapsed() {
    local seconds=$((SECONDS - started))
    printf '%d:%02d' $((seconds / 60)) $((seconds % 60))
}

# One progress line: what happens now. Where stdout is for a program, only to a terminal's stderr.
steps=stdout
step() {
    case $steps in
    stdout) printf '%s%6s%s  %s\n' "$dim" "$(elapsed)" "$plain" "$*" ;;
    stderr) printf '%6s  %s\n' "$(elapsed)" "$*" >&2 ;;
    esac
}

# fail STATUS TEXT: one line on stderr, then exit.
fail() {
    local status=$1
    shift
    printf '%s: %s\n' "$program" "$*" >&2
    exit "$status"
}

# ---- signals: nothing is left half done --------------------------------------------------------
# After stop_in_order a signal ends the command that runs, and the script before its next one: what
# is written down between two commands is always whole.
in_order=no
stopped_by=
running=

stop_in_order() {
    in_order=yes
    trap 'stop 130' INT
    trap 'stop 143' TERM
    trap 'stop 129' HUP
}

stop() {
    stopped_by=$1
    [ -z "$running" ] || kill -TERM -- "-$running" 2>/dev/null || true
}

leave_if_stopped() {
    [ -z "$stopped_by" ] || fail "$stopped_by" "interrupted; the same command goes on from here"
}

# stoppable COMMAND...: run it, in a process group of its own, so that all of it can be ended. Call
# leave_if_stopped before, and after a failure.
stoppable() {
    local status=0
    if [ "$in_order" = no ]; then
        "$@"
        return
    fi
    set -m
    "$@" &
    running=$!
    set +m
    # A signal may have come before its name was known.
    [ -z "$stopped_by" ] || stop "$stopped_by"
    wait "$running" || status=$?
    while kill -0 "$running" 2>/dev/null; do # a signal ended the waiting, not the command
        status=0
        wait "$running" || status=$?
    done
    running=
    return "$status"
}

# quietly LOG COMMAND...: the output goes to LOG and is shown only when the command fails.
quietly() {
    local log=$1 status=0
    shift
    leave_if_stopped
    stoppable "$@" >"$log" 2>&1 </dev/null || status=$?
    if [ "$status" -ne 0 ]; then
        leave_if_stopped
        tail -n 60 "$log" >&2
        printf '%s: failed (exit %d): %s\n%s: whole log: %s\n' \
            "$program" "$status" "$*" "$program" "$log" >&2
    fi
    return "$status"
}

# build_release DIR [OPTION...]: configure (with the options) and build.
build_release() {
    local build=$1 cache=$1/CMakeCache.txt
    local -a options=(-DCMAKE_BUILD_TYPE=Release "${@:2}")
    mkdir -p "$build" || fail 1 "cannot create $build"
    if [ ! -f "$cache" ]; then
        options+=(-G Ninja)
    # The tree was moved or copied together with its build folder.
    elif ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache"; then
        options+=(--fresh -G Ninja)
    fi
    step "configuring $build"
    quietly "$build/configure.log" cmake -S "$root" -B "$build" "${options[@]}" || return 1
    step "building (Release)"
    quietly "$build/build.log" cmake --build "$build" --parallel "$(nproc)"
}
