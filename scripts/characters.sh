#!/usr/bin/env bash
# characters.sh: characters of Debian's free fonts as a set of images, for bench_separation. It must
# not know how a character is drawn.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: scripts/characters.sh [--all] [--into DIR]

Loads packages of free fonts that have Han characters, unpacks them into DIR/fonts (nothing is
installed but python3-freetype and python3-numpy), and draws what a dozen families have in common
into DIR/data, as IDX files with the class and the font of each sample:

    build/bin/bench_separation --data characters --loss normsoftmax,arcface

What DIR has is not loaded or drawn again; one with files of others is refused. fonts.tsv in DIR/data
lists families, coverage and licences, characters.tsv the classes; sheet-*.png show samples.

  --all        47 packages of 258 MB in place of 17 of 38 MB
  --into DIR   (default: margin/characters in the user's folder of caches, where --data characters
               looks; another folder is named as --data DIR/data)
  -h, --help
TEXT
}

# Small ones of many designs: printed, brushed, handwritten.
some=(fonts-aoyagi-kouzan-t fonts-aoyagi-soseki fonts-arphic-bsmi00lp fonts-cwtex-heib
    fonts-dejima-mincho fonts-ipaexfont-gothic fonts-ipaexfont-mincho fonts-konatu fonts-mona
    fonts-morisawa-bizud-mincho fonts-motoya-l-cedar fonts-motoya-l-maruberi fonts-sawarabi-gothic
    fonts-sawarabi-mincho fonts-umeplus fonts-vlgothic fonts-wqy-microhei)
more=(fonts-arphic-bkai00mp fonts-arphic-gbsn00lp fonts-arphic-gkai00mp fonts-arphic-ukai
    fonts-arphic-uming fonts-baekmuk fonts-cwtex-fs fonts-cwtex-kai fonts-cwtex-ming
    fonts-dotgothic16 fonts-hanazono fonts-horai-umefont fonts-ipafont-gothic fonts-ipafont-mincho
    fonts-kiloji fonts-komatuna fonts-kouzan-mouhitsu fonts-migmix fonts-monapo
    fonts-morisawa-bizud-gothic fonts-mplus fonts-oradano-mincho-gsrr fonts-reggae
    fonts-ricty-diminished fonts-rocknroll fonts-seto fonts-takao-gothic fonts-takao-mincho
    fonts-wqy-zenhei fonts-yusei-magic)

into=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/margin/characters
packages=("${some[@]}")
while [ $# -gt 0 ]; do
    case $1 in
    --all) packages=("${some[@]}" "${more[@]}"); shift ;;
    --into) [ -n "${2:-}" ] || fail 2 "--into: which folder?"; into=$2; shift 2 ;;
    -h | --help) usage; exit ;;
    *) fail 2 "$1: unknown; --help shows what there is" ;;
    esac
done

# The first Python that can draw: the system's may where another one cannot.
find_python() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -c 'import freetype, numpy' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

# Whether $into is this script's: nothing is in it, or the script's own word, or what earlier versions drew.
is_own() {
    [ -z "$(ls -A "$into")" ] || grep -qs '^Made by scripts/characters.sh' "$into/about.txt" ||
        grep -qs '^version ' "$into/data/made-of.txt"
}

# load PACKAGE: into $into/fonts/PACKAGE, whole or not at all.
load() {
    local package=$1
    work=$(mktemp -d "$into/.characters.XXXXXX")
    step "loading $package"
    (cd "$work" && quietly "$into/log.txt" apt-get -q download "$package") ||
        fail 1 "$package cannot be loaded; is 'apt-get update' due?"
    dpkg-deb -x "$work/${package}"_*.deb "$work/files"
    mv -T "$work/files" "$into/fonts/$package"
    rm -rf "$work"
}

mkdir -p "$into" 2>/dev/null || fail 1 "$into: cannot be made; --into names another folder"
into=$(cd "$into" && pwd)
is_own || fail 1 "$into: has files of others; --into names a new or an empty folder"
mkdir -p "$into/fonts"
echo "Made by scripts/characters.sh, which writes fonts/, data/ and log.txt here." >"$into/about.txt"
if ! python=$(find_python); then
    "$root/scripts/bootstrap.sh" characters
    python=$(find_python) || fail 1 "no Python with freetype and numpy; install python3-freetype"
fi
# What killed runs left, here and in files.py; a run of today may still be at it.
find "$into" -maxdepth 1 -type d -name '.characters.??????*' -mtime +0 -exec rm -rf {} +
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
for package in "${packages[@]}"; do
    if [ ! -d "$into/fonts/$package" ]; then
        command -v apt-get >/dev/null ||
            fail 1 "no apt-get here: unpack Debian's $package into $into/fonts/$package"
        load "$package"
    fi
done
step "drawing into $into/data"
exec "$python" -B "$root/scripts/characters" "$into/fonts" "$into/data" "${packages[@]}"
