#!/usr/bin/env python3
"""What the NumPy interface adds to a call of the C library: `ml.head` against margin_head_run on a
struct that is ready, by turns, on one thread. The C call is made through ctypes, too; an empty call
says what that costs. The numbers of both are compared first.

usage: numpy_overhead.py [--rounds R] [--limit US]; with a limit the exit status is 1 beyond it.
"""

import argparse
import sys
import time

import numpy as np

import margin_losses as ml
from margin_losses import _abi, _arrays, _heads

ROWS, DIM, CLASSES = 32, 64, 8
CALLS = 20  # between two looks at the clock


def problem():
    random = np.random.default_rng(0)
    x = random.standard_normal((ROWS, DIM)).astype(np.float32)
    w = random.standard_normal((CLASSES, DIM)).astype(np.float32)
    return x, w, random.integers(0, CLASSES, ROWS)


def plain_call(x, w, y, result):
    """A function that runs the C call whose outputs are the arrays of `result`; and its struct."""
    outputs = {name: getattr(result, name) for name in ("row_loss", "row_angle", "row_correct")}
    outputs.update(row_others=result.row_others, grad_embeddings=result.dx, grad_weights=result.dw)
    inputs = {"embeddings": x, "weights": w, "labels": y}
    pointers = {name: _arrays.address(array) for name, array in {**inputs, **outputs}.items()}
    call = _abi.Head(rows=ROWS, dim=DIM, classes=CLASSES, **pointers)
    context = _heads.Context(_heads.settings("arcface"), 1, 0, 0)
    run = _abi.library.margin_head_run
    return (lambda: run(context.handle, call)), call


def check(x, w, y, plain, call, result):
    """Both write the same numbers."""
    expected = ml.head(x, w, y, threads=1)
    for array in (result.dx, result.dw, result.row_loss):
        array.fill(np.nan)
    assert plain() == _abi.OK
    assert call.loss == expected.loss
    for name in ("dx", "dw", "row_loss", "row_angle", "row_correct", "row_others"):
        assert (getattr(result, name) == getattr(expected, name)).all(), name


def microseconds(function):
    """Microseconds of one call."""
    began = time.perf_counter()
    for _ in range(CALLS):
        function()
    return (time.perf_counter() - began) / CALLS * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--limit", type=float, help="microseconds over C that are allowed")
    options = parser.parse_args()
    x, w, y = problem()
    result = ml.head(x, w, y, threads=1)
    plain, call = plain_call(x, w, y, result)
    check(x, w, y, plain, call, result)
    ways = {
        "empty call through ctypes": _abi.library.margin_version_number,
        "margin_head_run": plain,
        "ml.head": lambda: ml.head(x, w, y, threads=1),
        "ml.head, out": lambda: ml.head(x, w, y, threads=1, out=result),
    }
    times = np.array(
        [[microseconds(way) for way in ways.values()] for _ in range(options.rounds)]
    )
    print(f"N={ROWS}, D={DIM}, C={CLASSES}, one thread, {options.rounds} rounds by turns; medians")
    overs = {}
    for i, name in enumerate(ways):
        over = times[:, i] - times[:, 1] + times[:, 0]  # what ctypes costs is the door's
        ratio = times[:, i] / times[:, 1]
        overs[name] = np.median(over)
        line = f"{name:26} {np.median(times[:, i]):7.2f} us"
        if i > 1:
            line += f"   {overs[name]:6.2f} us over C, {np.median(ratio):.2f} times"
        print(line)
    if options.limit is not None and overs["ml.head"] > options.limit:
        sys.exit(f"ml.head: more than {options.limit:g} us over C")


main()
