#!/usr/bin/env bash
# symbols.sh LIBRARY: what the static library defines for the linker begins with margin_ (dm_ for
# dmath.h), so that it cannot clash with a program's own names; and it calls nothing that prints,
# exits or aborts.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
library=$1

need nm objdump
defined=$(nm --defined-only --extern-only "$library" | awk 'NF == 3 { print $3 }' | sort -u)
[[ $(wc -l <<< "$defined") -gt 20 ]] || fail "$library: hardly any symbol: $defined"
alien=$(grep -Ev '^(margin_|dm_)' <<< "$defined" || true)
[[ -z $alien ]] || fail "$library: names without prefix: ${alien//$'\n'/ }"

called=$(nm --undefined-only "$library" | awk 'NF == 2 { print $2 }' | sort -u)
forbidden='^(printf|puts|putchar|fprintf|fputs|fwrite|perror|exit|_exit|abort|__assert_fail|system|'
forbidden+='fopen|open|write|read|setenv|srand|rand|setlocale|strtok|localtime|signal)(_chk)?$'
bad=$(grep -E "$forbidden" <<< "$called" || true)
[[ -z $bad ]] || fail "$library: calls ${bad//$'\n'/ }"

# State that can be written to would be global state. (.data.rel.ro is constant once loaded.)
writable=$(objdump -t "$library" | awk '$2 ~ /^[gl!u]$/ && $3 != "d" { print }' |
    grep -E '[[:space:]](\.data|\.bss|\.tdata|\.tbss|\*COM\*)[[:space:].]' |
    grep -vE '\.data\.rel\.ro' || true)
[[ -z $writable ]] || fail "$library: writable data: $writable"
printf '%s: %s symbols, all prefixed; nothing printed, no exit, no writable data\n' \
    "$(basename "$library")" "$(wc -l <<< "$defined")"
