#!/usr/bin/env bash
# No file of the repository names a folder of somebody's machine.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    mapfile -t files < <(git ls-files --cached --others --exclude-standard)
else
    mapfile -t files < <(find . -type f -not -path './build*' -not -path './.git/*')
fi
[ ${#files[@]} -gt 20 ] || { echo "only ${#files[@]} files found" >&2; exit 1; }
present=()
for file in "${files[@]}"; do
    if [ -f "$file" ]; then present+=("$file"); fi
done
# Put together here so that this file does not contain what it looks for. Made-up people may stay.
people="/(wor""k|roo""t|User""s|home/[a-z]+)/"
found=$({
    grep -nIE "(^|[^A-Za-z0-9_.}-])$people" "${present[@]}" || true
    grep -nIF "$root/" "${present[@]}" || true
} | grep -vE '/home/(a|b|me|you|user)/' || true)
if [ -n "$found" ]; then
    printf 'FAILED: these lines name a folder of a machine:\n%s\n' "$found" >&2
    exit 1
fi
echo "${#present[@]} files checked"
