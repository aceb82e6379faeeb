#!/usr/bin/env bash
# rooms.sh SOURCE WORK: builds into a copy of the tree, one after the other, a toy of each kind of
# thing that the architecture leaves room for, and shows that each is the stated change and right: a
# loss with a margin per class, a rule for the negatives above a threshold per row, and another
# storage of the class weights. rooms.c judges all three by plain loops in double.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
# shellcheck source=tests/recipes/copy.sh
. "$(dirname "${BASH_SOURCE[0]}")/copy.sh"
source=$1 work=$2/rooms
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$work/tree

# step NAME FILES: the files that changed since the last step are these and no others.
step() {
    local changed
    changed=$(differences "$work/before" "$tree" | paste -sd' ')
    [[ $changed == "$2" ]] || fail "$1: not the promised change: $changed"
    printf '%s: %s\n' "$1" "$2"
    rm -rf "$work/before"
    cp -r "$tree" "$work/before"
}

# put FILE TEXT SED: replaces the only line with TEXT in it by a sed command.
put() {
    (($(grep -cF -- "$2" "$tree/$1") == 1)) || fail "$1: '$2' is not there once"
    sed -i "$3" "$tree/$1"
}

# add_loss NAME LAST: adds a row to the table of losses behind that of LAST, its last.
add_loss() {
    put include/margin.h "X(${2^^}, $2)" \
        "s/^    X(${2^^}, $2)\$/    X(${2^^}, $2) \\\\\n    X(${1^^}, $1)/"
}

rm -rf "$work/before"
copy_tree "$source" "$tree"
cp -r "$tree" "$work/before"

# ---- a margin per class ----------------------------------------------------------------------
cat > "$tree/src/losses/classface.c" << 'END'
/* classface.c: cos(theta + m), twice the m for odd classes; made up for a test. */
#include "loss.h"

static margin_target target(const margin_setting *setting, const margin_row *row)
{
    const margin_margins *m = row->margins;
    const double m2 = row->label >= 0 && row->label % 2 != 0 ? 2.0 * m->m2 : m->m2;
    const margin_margins own = margin_margins_of(1.0, m2, 0.0);
    margin_row seen = *row;
    seen.margins = &own;
    return margin_angular_target(setting, &seen);
}

const margin_loss_row margin_loss_classface = {
    .info = {.name = "classface",
             .formula = "cos(theta + m(class))",
             .source = "none",
             .scale = 16.0,
             .m1 = 1.0,
             .m2 = 0.25,
             .margin_index = 2,
             .normalised = 1,
             .has_angle = 1},
    .target = target,
};
END
add_loss classface combined
step 'a margin per class' 'include/margin.h src/losses/classface.c'

# ---- a rule for the negatives: 1.5 times as far above the row's threshold -------------------------
cat > "$tree/src/losses/hardface.c" << 'END'
/* hardface.c: cos(theta) - m, which is also the threshold of its negatives; made up for a test. */
#include "loss.h"

static margin_target target(const margin_setting *setting, const margin_row *row)
{
    (void)setting;
    const double psi = row->angle.cosine - row->margins->m3;
    const margin_target r = {.psi = psi, .slope = -row->angle.sine, .threshold = psi};
    return r;
}

const margin_loss_row margin_loss_hardface = {
    .info = {.name = "hardface",
             .formula = "cos(theta) - m; c + 0.5 max(c - psi, 0)",
             .source = "none",
             .scale = 16.0,
             .m1 = 1.0,
             .m3 = 0.25,
             .margin_index = 3,
             .normalised = 1},
    .target = target,
};
END
add_loss hardface classface
put src/loss.h '    double psi, slope;' 's/^    double psi, slope;/    double psi, slope, threshold;/'
# shellcheck disable=SC2016 # sed's own words
put src/target.c '    (void)target;' 's/^    (void)target;//'
put src/target.c '0x1p+100)};' \
    's/0x1p+100)};/0x1p+100), .threshold = target->threshold != 0.0 ? (float)target->threshold : 2.0f};/'
python3 - "$tree/src/kernels" << 'END'
import pathlib, sys
folder = pathlib.Path(sys.argv[1])

def put(name, *pairs):
    text = (folder / name).read_text()
    for old, new in pairs:
        if text.count(old) != 1:
            sys.exit(f"rooms.sh: {name}: {old!r} is not there once")
        text = text.replace(old, new)
    (folder / name).write_text(text)

put("terms.h",
    ("    float scale;\n", "    float scale, threshold;\n"),
    ("    float scale[MARGIN_LANES];\n", "    float scale[MARGIN_LANES], threshold[MARGIN_LANES];\n"),
    ("    rows->scale[lane] = row.scale;\n",
     "    rows->scale[lane] = row.scale;\n    rows->threshold[lane] = row.threshold;\n"),
    ("row = {.scale = rows->scale[lane]};",
     "row = {.scale = rows->scale[lane], .threshold = rows->threshold[lane]};"),
    ("    (void)row;\n    return x;\n",
     "    return x > row.threshold ? x + 0.5f * (x - row.threshold) : x;\n"))
put("term_scalar.h",
    ("    return *stored;\n",
     "    const float e = *stored;\n    if (x > row.threshold) *stored *= 1.5f;\n    return e;\n"))
put("terms.inc.h",
    ("    vf peak;\n", "    vf peak, threshold;\n"),
    ("v_load(peak)};", "v_load(peak), v_load(rows->threshold)};"),
    ("v_set1(peak)};", "v_set1(peak), v_set1(row.threshold)};"),
    ("    const vf e = v_exp(v_sub(x, t->peak), &t->scale);\n",
     "    const vf half = v_set1(0.5f), above = v_max(v_sub(x, t->threshold), v_set1(0.0f));\n"
     "    const vf slope = v_add(v_set1(1.0f), v_zero_below(x, t->threshold, half));\n"
     "    const vf e = v_exp(v_sub(v_fma(above, half, x), t->peak), &t->scale);\n"),
    ("    *sum = v_add(*sum, e);\n    return e;\n", "    *sum = v_add(*sum, e);\n    return v_mul(e, slope);\n"))
END
step 'a rule for the negatives' \
    'include/margin.h src/kernels/term_scalar.h src/kernels/terms.h src/kernels/terms.inc.h src/loss.h src/losses/hardface.c src/target.c'

# ---- class weights in 8 bits -----------------------------------------------------------------------
put include/margin.h '    MARGIN_TYPE_COUNT' 's/^    MARGIN_TYPE_COUNT/    MARGIN_TYPE_INT8, \/* times 2^-7 *\/\n    MARGIN_TYPE_COUNT/'
put src/context.c '"bfloat16", "float16")' 's/"bfloat16", "float16")/"bfloat16", "float16", "int8")/'
put src/storage.c 'margin_storage margin_storage_of(margin_type type' \
    's/^margin_storage margin_storage_of(margin_type type/static void widen_int8(const void *from, size_t n, float *to)\n{\n    const signed char *small = from;\n    for (size_t i = 0; i < n; i++)\n        to[i] = (float)small[i] * 0x1p-7f;\n}\n\n&/'
put src/storage.c '    default:' \
    's/^    default:/    case MARGIN_TYPE_INT8:\n        return (margin_storage){1, widen_int8};\n    default:/'
step 'another storage of X and W' 'include/margin.h src/context.c src/storage.c'

# ---- all three, judged ---------------------------------------------------------------------------
configure "$tree" "$work/build" -DMARGIN_PROGRAMS=OFF -DBUILD_TESTING=OFF "$no_avx512"
build "$work/build" margin
"${CC:-cc}" -std=c11 -O1 -Wall -Wextra -Werror -pthread -I"$tree/include" "$here/rooms.c" \
    "$work/build/libmargin.a" -lm -o "$work/rooms"
"$work/rooms"
