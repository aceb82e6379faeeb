#!/usr/bin/env bash
# The constants of the exponentials are those that scripts/fit_exp.py fits, and it sees it when one of
# them is not.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fit=$root/scripts/fit_exp.py

python3 -B "$fit" "$root"
mkdir -p "$work/src/kernels"
while read -r file constant instead; do
    cp "$root"/src/kernels/{exp.inc.h,term_scalar.h} "$work/src/kernels/"
    sed -i "s/$constant/$instead/" "$work/src/kernels/$file"
    if cmp -s "$root/src/kernels/$file" "$work/src/kernels/$file"; then
        echo "FAILED: $constant is not in $file" >&2
        exit 1
    fi
    status=0
    python3 -B "$fit" "$work" >"$work/out" || status=$?
    [ "$status" -eq 1 ] || { echo "FAILED: exit $status with $instead in $file" >&2; exit 1; }
done <<'END'
exp.inc.h 0x1.62e43p-1f 0x1.62e42ep-1f
exp.inc.h 0x1.3b26bap-7f 0x1.4b26bap-7f
exp.inc.h 0x3f75fed7 0x3f75fed8
exp.inc.h 0x1.4ae0cp-26f 0x1.4ae0ep-26f
term_scalar.h 0x1.5d2c42p+6f 0x1.5d2c44p+6f
term_scalar.h 0x1.62e4p-1f 0x1.62e43p-1f
term_scalar.h 0x1.fffffcp-2f 0x1.fffffep-2f
END
