#!/usr/bin/env bash
# Every shell script parses, and shellcheck has no warning about it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mapfile -t scripts < <(find scripts plots tests bench .ci -name '*.sh' -o -path .ci/run | sort)
[ ${#scripts[@]} -ge 8 ] || { echo "only ${#scripts[@]} scripts found" >&2; exit 1; }
for script in "${scripts[@]}"; do
    bash -n "$script"
done
if command -v shellcheck >/dev/null; then
    shellcheck -x -P SCRIPTDIR -S warning "${scripts[@]}"
else
    echo "shellcheck is not installed: syntax checked only"
fi
echo "${#scripts[@]} scripts checked"
