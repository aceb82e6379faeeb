#!/usr/bin/env bash
# characters.sh with stand-ins for apt-get, dpkg-deb and Python: what it loads and hands on, that nothing
# is loaded twice, and a package that cannot be had.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

failed() {
    echo "FAILED: $*" >&2
    exit 1
}

mkdir bin
cat >bin/apt-get <<'STUB'
#!/usr/bin/env bash
package=${*: -1}
echo "$package" >>"$ASKED"
[ "$package" != "${LACKS:-}" ] || exit 100
: >"${package}_1.0_all.deb"
STUB
cat >bin/dpkg-deb <<'STUB'
#!/usr/bin/env bash
mkdir -p "$3/usr/share/fonts"
STUB
cat >bin/python3 <<'STUB'
#!/usr/bin/env bash
[ "$1" = -c ] || printf '%s\n' "${@:3}" >"$DREW"
STUB
chmod +x bin/*
export PATH=$work/bin:$PATH ASKED=$work/asked DREW=$work/drew

LACKS=fonts-mona "$root/scripts/characters.sh" --into here >out 2>err && failed "fonts-mona was lacking"
[ "$(tail -n1 err)" = "characters.sh: fonts-mona cannot be loaded; is 'apt-get update' due?" ] ||
    failed "$(cat err)"
[ ! -e drew ] || failed "drew from too few"
[ ! -e here/fonts/fonts-mona ] || failed "a folder of what is not there"
loaded=$(($(wc -l <asked) - 1))

"$root/scripts/characters.sh" --into here >out
[ "$(wc -l <asked)" -eq 18 ] || failed "not 17 packages and one twice: $(cat asked)"
[ "$(sort -u asked | wc -l)" -eq 17 ] || failed "loaded again: $(cat asked)"
[ "$loaded" -gt 0 ] || failed "nothing was loaded before it failed"
[ "$(head -n2 drew)" = "$work/here/fonts"$'\n'"$work/here/data" ] || failed "$(cat drew)"
[ "$(tail -n +3 drew | sort)" = "$(sort -u asked)" ] || failed "$(cat drew)"

"$root/scripts/characters.sh" --into here >out
[ "$(wc -l <asked)" -eq 18 ] || failed "loaded again: $(cat asked)"
XDG_CACHE_HOME=$work/caches "$root/scripts/characters.sh" --all >out
[ "$(sed -n 2p drew)" = "$work/caches/margin/characters/data" ] || failed "$(cat drew)"
[ "$(($(wc -l <drew) - 2))" -eq 47 ] || failed "$(cat drew)"
echo "characters.sh loads each package once"
