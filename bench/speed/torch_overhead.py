#!/usr/bin/env python3
"""What a training step through margin_losses.torch costs beyond the call of the library in it.

Each shape is timed in rounds, every way once a round in changing order, and ratios are taken within
a round, so that whatever else the machine does falls on all alike. The numbers are checked first.
Peak memory is that of a process of its own for each way (VmHWM). For the small shape a step is
compared with one through an autograd.Function that does nothing, and with the library's call alone.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time

import torch

from margin_losses._abi import Head, library
from margin_losses._heads import Context, run_head, settings
from margin_losses.torch import ArcFaceLoss, functional

SMALL = (32, 64, 8)
LARGE = ((512, 512, 10_000), (128, 128, 100_000))


class Nothing(torch.autograd.Function):
    """Gradients of nothing: what PyTorch itself takes for a step."""

    @staticmethod
    def forward(ctx, x, w, y):
        ctx.save_for_backward(x, w, y)
        return torch.zeros(())

    @staticmethod
    def backward(ctx, factor):
        x, w, _ = ctx.saved_tensors
        return torch.empty_like(x), torch.empty_like(w), None


class Problem:
    """Tensors of a shape, and the ways to take a step with them."""

    def __init__(self, rows, dim, classes):
        torch.manual_seed(1)
        self.x = torch.randn(rows, dim, requires_grad=True)
        self.head = ArcFaceLoss(classes, dim)
        self.w = self.head.weight
        self.y = torch.randint(0, classes, (rows,))
        self.upstream = torch.rand(rows)
        self.made = settings("arcface")

    def dropped(self):
        self.x.grad = self.w.grad = None

    def call(self, dx, dw, weight=None):
        """The struct of a call that writes its gradients there."""
        return Head(
            rows=len(self.y),
            dim=self.x.shape[1],
            classes=len(self.w),
            embeddings=self.x.data_ptr(),
            weights=self.w.data_ptr(),
            labels=self.y.data_ptr(),
            grad_embeddings=dx.data_ptr(),
            grad_weights=dw.data_ptr(),
            row_weight=None if weight is None else weight.data_ptr(),
        )

    def library(self, weight=None):
        """The library's call, with gradients in fresh memory as PyTorch has them."""
        dx, dw = torch.empty_like(self.x), torch.empty_like(self.w)
        call = self.call(dx, dw, weight)
        run_head(self.made, torch.get_num_threads(), call)
        return call.loss, dx, dw

    def step(self):
        loss = self.head(self.x, self.y)
        loss.backward()
        return loss.item(), self.x.grad, self.w.grad

    def rows_step(self):
        """A step through the rows' losses: reduction "none"."""
        rows = functional.arcface_loss(self.x, self.w, self.y, reduction="none")
        rows.backward(self.upstream)
        return (rows.detach() @ self.upstream).item(), self.x.grad, self.w.grad

    def nothing(self):
        Nothing.apply(self.x, self.w, self.y).backward()
        return self.x.grad


def check(p):
    """The step's numbers are those of the library's call, bit for bit; else nothing is timed."""
    for way, weight in ((p.step, None), (p.rows_step, p.upstream)):
        found, expected = way(), p.library(weight)
        if not math.isclose(found[0], expected[0], rel_tol=1e-6):
            sys.exit(f"torch_overhead.py: loss {found[0]}, expected {expected[0]}")
        if not all(torch.equal(a, b) for a, b in zip(found[1:], expected[1:])):
            sys.exit("torch_overhead.py: a gradient differs from the library's")
        p.dropped()


def rounds(p, ways, seconds):
    """Times in microseconds of each way, a list for each, one entry a round."""
    times = {name: [] for name in ways}
    names, until = list(ways), time.perf_counter() + seconds
    while time.perf_counter() < until or len(times[names[0]]) < 5:
        names = names[1:] + names[:1]
        for name in names:
            begin = time.perf_counter()
            result = ways[name]()
            del result
            p.dropped()
            times[name].append(1e6 * (time.perf_counter() - begin))
    return times


def struct_ready(p):
    """The library's call with everything at hand: what C takes."""
    dx, dw = torch.empty_like(p.x), torch.empty_like(p.w)
    call = p.call(dx, dw)
    context = Context(p.made, 1, 0, 0)
    return lambda held=(dx, dw): library.margin_head_run(context.handle, call)


def small(seconds):
    torch.set_num_threads(1)
    p = Problem(*SMALL)
    check(p)
    ways = {"nothing": p.nothing, "c": struct_ready(p), "step": p.step}
    times = rounds(p, ways, seconds)
    over = [s - n - c for s, n, c in zip(times["step"], times["nothing"], times["c"])]
    row = {name: [min(t), statistics.median(t)] for name, t in times.items()}
    least = row["step"][0] - row["nothing"][0] - row["c"][0]
    return {
        "shape": SMALL,
        "threads": 1,
        "us_min_median": row,
        "rounds": len(over),
        "over_us_of_minima": least,
        "over_us_median": statistics.median(over),
    }


def large(shape, seconds):
    p = Problem(*shape)
    check(p)
    times = rounds(p, {"library": p.library, "step": p.step, "none": p.rows_step}, seconds)
    ratios = {}
    for name in ("step", "none"):
        paired = sorted(a / b for a, b in zip(times[name], times["library"]))
        ratios[name] = {
            "median": statistics.median(paired),
            "quartiles": [paired[len(paired) // 4], paired[3 * len(paired) // 4]],
            "of_minima": min(times[name]) / min(times["library"]),
        }
    peaks = {name: peak(shape, name) for name in ("library", "step", "rows_step")}
    return {
        "shape": shape,
        "threads": torch.get_num_threads(),
        "rounds": len(times["step"]),
        "ms_median": statistics.median(times["library"]) / 1e3,
        "ratios": ratios,
        "peak_mib": peaks,
        "gradients_mib": (p.x.numel() + p.w.numel()) * 4 / 2**20,
    }


def peak(shape, way):
    """MiB that one step of a way takes above what stood before it, in a process of its own."""
    command = [sys.executable, os.path.abspath(__file__), "--peak", way, *map(str, shape)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def peak_here(way, shape):
    tiny = Problem(*SMALL)
    check(tiny)
    p = Problem(*shape)
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")  # the peak from here on
    before = status("VmRSS")
    getattr(p, way)()
    print((status("VmHWM") - before) / 1024)


def status(name):
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(name))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each shape (20)")
    parser.add_argument(
        "--quick", action="store_true", help="check the numbers, time next to nothing"
    )
    parser.add_argument("--threads", type=int, help="for the large shapes (PyTorch's own number)")
    parser.add_argument("--peak", nargs=4, metavar=("WAY", "N", "D", "C"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        return peak_here(options.peak[0], [int(n) for n in options.peak[1:]])
    seconds, shapes = (0.1, [(64, 64, 1000)]) if options.quick else (options.seconds, LARGE)
    rows = [small(seconds)]
    torch.set_num_threads(options.threads or len(os.sched_getaffinity(0)))
    rows += [large(shape, seconds) for shape in shapes]
    print(json.dumps({"torch": torch.__version__, "shapes": rows}, indent=1))


main()
