#!/usr/bin/env bash
# characters.sh with stand-ins for apt-get, dpkg-deb and Python: what it loads and hands on, that nothing
# is loaded twice, a package that cannot be had, and that no file of others is touched.
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

# Folders of others, and names of temporaries that a person may have.
mkdir -p theirs/old.photos theirs/data theirs/fonts
echo mine | tee theirs/old.photos/a theirs/drawing.txt theirs/data/b theirs/loading >theirs/log.txt
before=$(find theirs | sort)
"$root/scripts/characters.sh" --into theirs >out 2>err && failed "took a folder of others"
[ "$(cat err)" = "characters.sh: $work/theirs: has files of others; --into names a new or an empty folder" ] ||
    failed "$(cat err)"
[ "$(find theirs | sort)" = "$before" ] && [ "$(cat theirs/log.txt)" = mine ] || failed "$(find theirs)"
mkdir -p earlier/data # what a version without about.txt has made
echo "version 1" >earlier/data/made-of.txt
"$root/scripts/characters.sh" --into earlier >out
mkdir here/old.notes here/.characters.killed
touch -d '3 days ago' here/.characters.killed
touch here/drawing.txt
"$root/scripts/characters.sh" --into here >out
[ "$(ls -A here | tr '\n' ' ')" = "about.txt drawing.txt fonts log.txt old.notes " ] || failed "$(ls -A here)"
echo "characters.sh loads each package once"
