#!/usr/bin/env python3
"""What 16-bit class weights and embeddings cost: time of `ml.head` with w in bfloat16 and float16
over that with w in float32, by turns; and what rounding x and w does to angles, losses and
gradients, against the same call with the numbers as they were.

usage: half_storage.py [--rows N] [--dim D] [--classes C] [--rounds R] [--threads T] [--limit RATIO];
with a limit the exit status is 1 where a ratio is beyond it.
"""

import argparse
import sys
import time

import numpy as np

import margin_losses as ml

LOSSES = ("normsoftmax", "cosface", "arcface")


def problem(rows, dim, classes):
    """Embeddings at 20 to 100 degrees from their class weight, as a network has them."""
    random = np.random.default_rng(0)
    w = random.standard_normal((classes, dim), np.float32)
    y = random.integers(0, classes, rows)
    across = random.standard_normal((rows, dim), np.float32)
    along = w[y] / np.linalg.norm(w[y], axis=1, keepdims=True)
    across -= along * (along * across).sum(1, keepdims=True)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    theta = np.radians(np.linspace(20, 100, rows, dtype=np.float32))[:, None]
    return 20 * (np.cos(theta) * along + np.sin(theta) * across), w, y


def brain(array):
    """The nearest bfloat16 of each number, a tie to the even one, as two bytes."""
    bits = array.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16).view("V2")


def widened(half):
    """The same numbers as float32."""
    if half.dtype == np.float16:
        return half.astype(np.float32)
    return (half.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


HALVES = {"bfloat16": brain, "float16": lambda array: array.astype(np.float16)}


def far(found, exact):
    """The largest and the usual distance of a row from the exact one, over the latter's length."""
    apart = np.linalg.norm(found.astype(np.float64) - exact, axis=-1)
    size = np.linalg.norm(exact.astype(np.float64), axis=-1)
    ratio = apart[size > 0] / size[size > 0]
    return ratio.max(), np.median(ratio)


def print_errors(x, w, y, threads):
    print("error, largest and median:   turned by         loss, nats        row of dX, relative  "
          "dW, relative")
    for loss in LOSSES:
        exact = ml.head(x, w, y, loss=loss, threads=threads)
        for name, round_to in HALVES.items():
            x_half, w_half = round_to(x), round_to(w)
            found = ml.head(x_half, w_half, y, loss=loss, threads=threads)
            again = ml.head(widened(x_half), widened(w_half), y, loss=loss, threads=threads)
            if found.loss != again.loss or not (found.dw == again.dw).all():
                sys.exit(f"{name}: other bits than the same numbers have as float32")
            turned = far(widened(x_half), x)
            apart = np.abs(found.row_loss.astype(np.float64) - exact.row_loss)
            dx = far(found.dx, exact.dx)
            dw = np.linalg.norm(found.dw - exact.dw) / np.linalg.norm(exact.dw)
            print(f"{loss:12} {name:9}        {turned[0]:.1e} {turned[1]:.1e}   "
                  f"{apart.max():.1e} {np.median(apart):.1e}   {dx[0]:.1e} {dx[1]:.1e}      {dw:.1e}")


def print_times(x, w, y, options):
    ways = {"float32": w, **{name: round_to(w) for name, round_to in HALVES.items()}}
    out = ml.head(x, w, y, threads=options.threads)
    clocks = (time.perf_counter, time.process_time)
    times = np.empty((options.rounds, len(ways), len(clocks)))
    for taken in times:
        for i, array in enumerate(ways.values()):
            began = [clock() for clock in clocks]
            ml.head(x, array, y, threads=options.threads, out=out)
            taken[i] = [clock() - start for clock, start in zip(clocks, began)]
    print("time:      of a call, its processors'   over float32 (quartiles), its processors'   MiB of w")
    worst = 0.0
    for i, (name, array) in enumerate(ways.items()):
        call, cpu = np.median(times[:, i], axis=0)
        ratio = np.quantile(times[:, i] / times[:, 0], (0.25, 0.5, 0.75), axis=0)
        worst = max(worst, ratio[1, 1])
        shown = "  ".join(f"{r[1]:.3f} ({r[0]:.3f} to {r[2]:.3f})" for r in ratio.T)
        print(f"{name:9}  {call:.4f} s   {cpu:.4f} s            {shown}   {array.nbytes >> 20}")
    if options.limit is not None and worst > options.limit:
        sys.exit(f"slower than {options.limit:g} times float32")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--classes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--limit", type=float, help="processor time over float32's that is allowed")
    options = parser.parse_args()
    x, w, y = problem(options.rows, options.dim, options.classes)
    print(f"N={options.rows}, D={options.dim}, C={options.classes}, threads: {options.threads}, "
          f"{options.rounds} rounds by turns; medians")
    print_errors(x, w, y, options.threads)
    print_times(x, w, y, options)


main()
