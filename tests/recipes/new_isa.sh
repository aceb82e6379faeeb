#!/usr/bin/env bash
# new_isa.sh SOURCE WORK: adds an instruction set to a copy of the tree in the promised way, one
# header, one build line, one dispatch row, and shows that it is listed, chosen on request, and
# judged by the vocabulary test and the golden bits with no other edit.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
# shellcheck source=tests/recipes/copy.sh
. "$(dirname "${BASH_SOURCE[0]}")/copy.sh"
source=$1 work=$2/new_isa
need jq

copy_tree "$source" "$work/tree"
cd "$work/tree" || exit 1
# A toy: the specification itself under another name, with register tiles that no other set has.
sed '/^#include "simd\/tiles_8.h"$/{
r /dev/stdin
d
}' src/simd/simd_emulated.h > src/simd/simd_toy.h << 'EOF'
#define V_FEW_STEPS 5
#define V_CLASS_TILES(GROUP, T) GROUP(3, T(3, 3) T(1, 3)) GROUP(1, T(7, 1) T(1, 1))
#define V_CLASS_LINES(GROUP, T) GROUP(2, T(2, 3) T(2, 1)) GROUP(1, T(1, 1))
#define V_LANE_TILES(GROUP, T) \
    GROUP(2, 3, T(0, 5, 2) T(5, 5, 2) T(10, 6, 2)) GROUP(1, 0, T(0, 12, 1) T(12, 4, 1))
#define V_FEW_LANES(GROUP, T) GROUP(3, T(3, 3) T(3, 1))
#define V_DOT_TILES(GROUP, T) GROUP(3, T(3, 3) T(3, 1)) GROUP(1, T(1, 2) T(1, 1))
EOF
grep -q 'T(12, 4, 1)' src/simd/simd_toy.h || fail "the toy has no register tiles of its own"
# -O1: at the -O3 of real sets the emulated lanes take many times as long to compile.
sed -i 's/^margin_add_isa(neon .*/&\nmargin_add_isa(toy ".*" -O1)/' CMakeLists.txt
sed -i -E 's/^(    X\(NEON, neon, 1\))$/\1 \\\n    X(TOY, toy, 1)/' include/margin.h
changed=$(differences "$source" "$work/tree")
want=$'CMakeLists.txt\ninclude/margin.h\nsrc/simd/simd_toy.h'
[[ $changed == "$want" ]] || fail "not the promised change: ${changed//$'\n'/ }"

# Without the other instruction sets.
configure "$work/tree" "$work/build" -DMARGIN_FLAG_mavx2=OFF -DMARGIN_FLAG_mavx512f=OFF
targets=(margin_command bench_speed bench_kernels test_simd_toy test_kernels_toy test_bits
    test_config)
build "$work/build" "${targets[@]}"
bin=$work/build/bin
"$bin/margin" info --json > "$work/info.json"
jq -e '.isas_usable | index("toy")' "$work/info.json" > /dev/null ||
    fail "margin info does not list the instruction set"
chosen=$(MARGIN_ISA=toy "$bin/margin" info --json | jq -r .isa)
[[ $chosen == toy ]] || fail "MARGIN_ISA=toy chose $chosen"
grep -q '/isa:toy/' <<< "$("$bin/bench_speed" --list)" || fail "bench_speed has no case for it"
"$bin/bench_kernels" --quick --isa toy --filter tile_ > /dev/null || fail "bench_kernels fails on it"
subjects='packing|products|terms|pairs|planes'
ctest --test-dir "$work/build" -N -R '_toy$' | grep -q 'Total Tests: 8' ||
    fail "the tests of the new instruction set are missing"
run_tests "$work/build" -R "^((simd|$subjects)_toy|config)\$"
# As with emulators, few variants of threads and workspace.
bits=("$bin/test_bits" toy "$work/tree/tests/golden.txt" --few)
"${bits[@]}"

# And a fault in it is found: one operation that rounds twice.
sed -i 's/fmaf(a.lane\[i\], b.lane\[i\], c.lane\[i\])/a.lane[i] * b.lane[i] + c.lane[i]/' \
    src/simd/simd_toy.h
build "$work/build" test_simd_toy test_kernels_toy test_bits
export MARGIN_TEST_FIRST=1
for test in simd packing products terms planes; do
    if ctest --test-dir "$work/build" -R "^${test}_toy\$" > /dev/null 2>&1; then
        fail "${test}_toy passes with a multiply-add that rounds twice"
    fi
done
! "${bits[@]}" > /dev/null || fail "test_bits passes with a multiply-add that rounds twice"
printf 'an instruction set is one header, one build line and one row\n'
