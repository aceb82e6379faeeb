#!/usr/bin/env bash
# new_loss.sh SOURCE WORK: adds a loss to a copy of the tree in the promised way, one file and one
# table row, and shows that everything knows it: names, the command line with the right value,
# gradients against differences, bits on each instruction set, benchmarks.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
# shellcheck source=tests/recipes/copy.sh
. "$(dirname "${BASH_SOURCE[0]}")/copy.sh"
source=$1 work=$2/new_loss
need jq python3

copy_tree "$source" "$work/tree"
cat > "$work/tree/src/losses/sineface.c" << 'END'
/* sineface.c: target logit / s = cos(theta) - m sin(theta); made up for a test. */
#include "loss.h"

static margin_target target(const margin_setting *setting, const margin_row *row)
{
    (void)setting;
    const margin_angle *angle = &row->angle;
    const double m = row->margins->m3;
    const margin_target r = {.psi = angle->cosine - m * angle->sine,
                             .slope = -angle->sine - m * angle->cosine};
    return r;
}

const margin_loss_row margin_loss_sineface = {
    .info = {.name = "sineface",
             .formula = "cos(theta) - m sin(theta)",
             .source = "none",
             .scale = 16.0,
             .m1 = 1.0,
             .m3 = 0.25,
             .margin_index = 3,
             .normalised = 1},
    .target = target,
};
END
sed -i 's/^    X(COMBINED, combined)$/    X(COMBINED, combined) \\\n    X(SINEFACE, sineface)/' \
    "$work/tree/include/margin.h"
changed=$(differences "$source" "$work/tree")
[[ $changed == $'include/margin.h\nsrc/losses/sineface.c' ]] || fail "not the promised change: ${changed//$'\n'/ }"

configure "$work/tree" "$work/build" "$no_avx512"
build "$work/build" margin_command margin_python bench_speed test_config test_psi test_head test_gradients \
    test_boundary test_bits
bin=$work/build/bin

"$bin/margin" info --json > "$work/info.json"
jq -e '.losses[] | select(.name == "sineface") | .scale == 16 and .margin == 0.25' \
    "$work/info.json" > /dev/null || fail "margin info does not list the loss with its defaults"

# Two rows, three classes; the loss again from its formula.
python3 - "$work" << 'END'
import math, struct, sys

def write(path, descr, shape, data):
    text = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (descr, shape)
    text += " " * (-(11 + len(text)) % 64) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + data)

x, w, y = [(3.0, 1.0), (-0.5, 0.25)], [(1.0, 0.0), (1.0, 2.0), (-1.0, 1.0)], [0, 1]
folder = sys.argv[1]
write(folder + "/X.npy", "<f4", (2, 2), struct.pack("<4f", *sum(x, ())))
write(folder + "/W.npy", "<f4", (3, 2), struct.pack("<6f", *sum(w, ())))
write(folder + "/y.npy", "<i4", (2,), struct.pack("<2i", *y))
total = 0.0
for row, label in zip(x, y):
    c = [(row[0] * v[0] + row[1] * v[1]) / math.hypot(*row) / math.hypot(*v) for v in w]
    logits = [10 * v for v in c]
    logits[label] = 10 * (c[label] - 0.5 * math.sqrt(1 - c[label] ** 2))
    total += math.log(sum(map(math.exp, logits))) - logits[label]
with open(folder + "/want", "w") as f:
    print(total / 2, file=f)
END
"$bin/margin" eval --loss sineface --scale 10 --margin 0.5 --embeddings "$work/X.npy" \
    --weights "$work/W.npy" --labels "$work/y.npy" --json > "$work/eval.json"
jq -e --argjson want "$(cat "$work/want")" '(.loss / $want - 1) | fabs < 4e-6' "$work/eval.json" \
    > /dev/null || fail "margin eval: $(jq .loss "$work/eval.json"), not $(cat "$work/want")"

# Python reads the table of losses from the library: a function and, in PyTorch, a class.
for python in python3 /usr/bin/python3 none; do
    if "$python" -c 'import numpy, torch' 2> /dev/null; then break; fi
done
if [ "$python" = none ]; then
    echo "no Python with NumPy and PyTorch here: the package is not asked"
else
    PYTHONPATH=$work/tree/python MARGIN_LOSSES_LIBRARY=$work/build/python/_margin.so \
        "$python" -B - "$work" << 'END' || fail "Python has not got the loss"
import sys
import numpy
import torch
import margin_losses
from margin_losses.torch import SineFaceLoss

x, w, y = (numpy.load(f"{sys.argv[1]}/{name}.npy") for name in "XWy")
want = float(open(sys.argv[1] + "/want").read())
assert abs(margin_losses.head(x, w, y, loss="sineface", scale=10, margin=0.5).loss / want - 1) < 4e-6
loss = SineFaceLoss(3, 2, scale=10, margin=0.5)
loss.weight.data.copy_(torch.tensor(w))
assert abs(loss(torch.tensor(x), torch.tensor(y)).item() / want - 1) < 4e-6
END
fi

listed=$("$bin/bench_speed" --list)
for what in head head_forward rows; do
    grep -q "^$what/loss:sineface/isa:scalar/" <<< "$listed" || fail "bench_speed has no case $what"
done
run_tests "$work/build" -R '^(config|psi|head|gradients|boundary|bits_(scalar|avx2|neon))$'
printf 'a loss is one file and one row\n'
