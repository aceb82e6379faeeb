#!/usr/bin/env bash
# peers.sh with stand-ins for Python and the index of wheels: the options that it prints, a wheel that
# cannot be had, and that nothing is loaded twice.
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
# python3 -m venv DIR: a Python whose pip has every wheel but MKL's, and writes down what it was asked.
cat >bin/python3 <<'STUB'
#!/usr/bin/env bash
mkdir -p "$3/bin" "$3/lib/python3.99/site-packages"
cat >"$3/bin/python" <<'PIP'
#!/usr/bin/env bash
lib=$(cd "$(dirname "$0")/../lib" && pwd) site=$(echo "$(dirname "$0")"/../lib/python3.99/site-packages)
wanted=$(cat "${*: -1}")
echo "$wanted" >>"$ASKED"
case $wanted in
mkl*) echo "ERROR: no such wheel" ; exit 1 ;;
scipy*) mkdir -p "$site/scipy_openblas32/lib"; : >"$site/scipy_openblas32/lib/libscipy_openblas.so" ;;
aoclda*) mkdir -p "$site/aoclda.libs"; : >"$site/aoclda.libs/libomp-1.so"
    : >"$site/aoclda.libs/libblis-mt-2.so.5" ;;
onednn*) : >"$lib/libdnnl.so.3" ;;
esac
PIP
chmod +x "$3/bin/python"
STUB
chmod +x bin/python3
export PATH=$work/bin:$PATH ASKED=$work/asked

options=$("$root/scripts/peers.sh" --into here 2>err)
site=here/venv/lib/python3.99/site-packages
wanted="--blas openblas-new=$site/scipy_openblas32/lib/libscipy_openblas.so:scipy_"
wanted+=" --preload $site/aoclda.libs/libomp-1.so --blas aocl=$site/aoclda.libs/libblis-mt-2.so.5"
wanted+=" --blas onednn-new=here/venv/lib/libdnnl.so.3"
[ "$options" = "$wanted" ] || failed "options: $options"
grep -q '^peers.sh: mkl==[0-9.]* is left out: ERROR: no such wheel$' err || failed "$(cat err)"
[ "$(wc -l <asked)" -eq 4 ] || failed "asked: $(cat asked)"
[ "$(grep -cE '==[0-9.]+( --hash=sha256:[0-9a-f]{64})+$' asked)" -eq 4 ] || failed "pins: $(cat asked)"

# Again: only what was missing is asked for.
[ "$("$root/scripts/peers.sh" --into here 2>/dev/null)" = "$wanted" ] || failed "other options"
[ "$(tail -n +5 asked | cut -d= -f1)" = mkl ] || failed "asked again: $(cat asked)"
echo "peers.sh prints the options of what there is"
