#!/usr/bin/env bash
# bootstrap.sh against a package manager of paper: it asks for what is missing, for nothing else, and
# leaves the system alone when nothing is.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bootstrap=$root/scripts/bootstrap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# Stand-ins that come first in PATH: packages named in $work/missing are not installed; every call
# of apt-get and sudo is written down.
mkdir "$work/bin"
cat >"$work/bin/dpkg-query" <<'STUB'
#!/usr/bin/env bash
for package; do :; done
if grep -qx "$package" "$STUB_DIR/missing"; then exit 1; fi
echo installed
STUB
cat >"$work/bin/apt-get" <<'STUB'
#!/usr/bin/env bash
echo "apt-get $*" >>"$STUB_DIR/calls"
exit "$(cat "$STUB_DIR/apt_status")"
STUB
cat >"$work/bin/sudo" <<'STUB'
#!/usr/bin/env bash
echo "sudo" >>"$STUB_DIR/calls"
exec "$@"
STUB
cat >"$work/bin/id" <<'STUB'
#!/usr/bin/env bash
cat "$STUB_DIR/uid"
STUB
chmod +x "$work"/bin/*
export STUB_DIR=$work PATH="$work/bin:$PATH"
reset() {
    printf '%s\n' "${@:2}" >"$work/missing"
    echo "$1" >"$work/uid"
    echo 0 >"$work/apt_status"
    : >"$work/calls"
}

reset 0
list=$("$bootstrap" --list)
for package in gcc g++ cmake ninja-build libjansson-dev libbenchmark-dev gnuplot-nox libcmocka-dev; do
    grep -qx "$package" <<<"$list" || fail "--list lacks $package"
done
"$bootstrap" --list build | grep -qx libcmocka-dev && fail "--list build names a package of the tests"
[ -z "$(sort <<<"$list" | uniq -d)" ] || fail "--list names a package twice"

reset 1000
[ -z "$("$bootstrap")" ] || fail "speaks although nothing is missing"
[ ! -s "$work/calls" ] || fail "calls $(cat "$work/calls") although nothing is missing"

reset 0 jq cmake
said=$("$bootstrap" build)
grep -q 'cmake jq' <<<"$said" || fail "does not say what it installs: $said"
[ "$(wc -l <"$work/calls")" -eq 2 ] || fail "not one update and one install: $(cat "$work/calls")"
sed -n 1p "$work/calls" | grep -q 'update$' || fail "no update first"
sed -n 2p "$work/calls" | grep -q 'install --no-install-recommends cmake jq$' ||
    fail "installs something else: $(sed -n 2p "$work/calls")"

reset 1000 jq
"$bootstrap" build >/dev/null
grep -qx sudo "$work/calls" || fail "does not use sudo as a user"

reset 0 jq
echo 100 >"$work/apt_status"
status=0
"$bootstrap" build >/dev/null 2>"$work/stderr" || status=$?
[ "$status" -eq 1 ] || fail "exit $status when apt-get fails"
tail -n1 "$work/stderr" | grep -q '^bootstrap.sh: ' || fail "error does not begin with the program's name"

status=0
"$bootstrap" nonsense 2>/dev/null || status=$?
[ "$status" -eq 2 ] || fail "exit $status for an unknown group"
echo "bootstrap.sh behaves"
