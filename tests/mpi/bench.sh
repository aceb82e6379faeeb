#!/usr/bin/env bash
# bench.sh PROGRAM LAUNCH...: bench_mpi says the same objective on 1, 2 and 3 ranks, evenly divided or
# not, and that classes move, parts are exchanged and time passes where they do.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
program=$1
shift

need jq
options=(--rows 40 --dim 24 --classes 5000 --steps 2)
alone=$("$@" -n 1 "$program" "${options[@]}")
even=$("$@" -n 2 "$program" "${options[@]}")
uneven=$("$@" -n 3 "$program" "${options[@]}" --uneven)
jq -se 'map(.objective) | unique | length == 1 and .[0] > 0' <<< "$alone$even$uneven" > /dev/null ||
    fail "other objectives on other ranks: $(jq -s 'map(.objective)' -c <<< "$alone$even$uneven")"
jq -e '.seconds > 0 and .peak_bytes > 1e6 and .received_bytes.parts == 0' <<< "$alone" > /dev/null ||
    fail "one rank: $alone"
# Each of two ranks has half of the nodes, and 20 of the 40 rows of 32 floats.
jq -e '.received_bytes.moved == 0 and .received_bytes.parts % (20 * 32 * 4) == 0 and
    .received_bytes.parts > 0 and .parts_seconds > 0' <<< "$even" > /dev/null || fail "two ranks: $even"
jq -e '.received_bytes.moved > 0 and .uneven' <<< "$uneven" > /dev/null || fail "three ranks: $uneven"
"$program" --rows 0 2> /dev/null && fail "no rows are accepted"
printf 'bench_mpi: one objective on 1, 2 and 3 ranks\n'
