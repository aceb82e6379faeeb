#!/usr/bin/env bash
# stale.sh: whether a run still says what the code does: the commit in its machine.json against the
# commits since that touch what is measured or drawn. Exit 0: it does; 1: stale; 2: wrong usage.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run=$root/results/reference
case $#,${1:-} in
0,) ;;
1,-h | 1,--help)
    printf 'usage: %s [RUN_DIR]\n\nSays whether a run (results/reference) is older than the code, and by which commits.\n' \
        "$program"
    exit 0
    ;;
1,-*) fail 2 "unknown argument '$1' (see --help)" ;;
1,?*) run=$1 ;;
*) fail 2 "one folder at most (see --help)" ;;
esac

machine=$run/machine.json
measured=(include src common bench plots)
commit=$(jq -er '.commit | strings' "$machine" 2>/dev/null) || fail 1 "$machine: names no commit"
dirty=$(jq -r '.dirty' "$machine")
git -C "$root" merge-base --is-ancestor "$commit" HEAD 2>/dev/null ||
    fail 1 "$machine: commit $commit is not in the history of HEAD"
if [ "$dirty" != false ]; then
    fail 1 "$machine: measured with sources that were changed and not committed (on $commit)"
fi
if ! git -C "$root" diff --quiet HEAD -- "${measured[@]}"; then
    fail 1 "$run: stale: there are changes that are not committed in ${measured[*]}"
fi
if ! git -C "$root" diff --quiet "$commit" HEAD -- "${measured[@]}"; then
    git -C "$root" log --oneline "$commit..HEAD" -- "${measured[@]}"
    fail 1 "$run: stale: measured at $commit, the commits above changed ${measured[*]} since"
fi
printf '%s: up to date: nothing in %s changed since %s\n' "$run" "${measured[*]}" "$commit"
