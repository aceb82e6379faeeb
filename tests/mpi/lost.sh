#!/usr/bin/env bash
# lost.sh PROGRAM WORK LAUNCH...: ranks that are lost, with three ranks begun by LAUNCH -n 3. One that
# hangs is named by all others within one and a half timeouts, who then end the run; one that is
# killed ends the whole run, which mpirun sees to.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
program=$1 work=$2
shift 2
mkdir -p "$work"

# run MODE: sets `code` and `seconds`; what the ranks say is in $work/MODE.
run() {
    local begin=$SECONDS
    code=0
    timeout 120 "${launch[@]}" -n 3 "$program" "$1" > "$work/$1" 2>&1 || code=$?
    seconds=$((SECONDS - begin))
}

launch=("$@")
run silent
said=$(grep -c 'rank [01] says after [0-9.]* s: rank 2: no answer for 1 s' "$work/silent" || true)
if [[ $code != 3 || $said != 2 ]]; then
    cat "$work/silent"
    fail "a rank hangs: exit status $code, and $said of 2 others name it"
fi
printf 'a rank that hangs, timeout 1 s: %s; the run ended after %d s\n' \
    "$(sed -n 's/^rank 0 says \(after [0-9.]* s\).*/named \1/p' "$work/silent")" "$seconds"

run dead
if [[ $code == 0 || $code == 124 ]] || grep -q 'goes on' "$work/dead"; then
    cat "$work/dead"
    fail "a rank is killed: exit status $code"
fi
((seconds <= 20)) || fail "a rank is killed, and the others end after $seconds s only"
printf 'a rank that is killed: all ended within %d s, exit status %d\n' "$((seconds + 1))" "$code"
