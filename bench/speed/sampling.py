#!/usr/bin/env python3
"""What sampled classes save: time of `ml.sample` and `ml.head` over the listed rows of w over that
of `ml.head` over all of w, by turns; and the memory that each takes beside x and w.

usage: sampling.py [--rate R] [--rows N] [--dim D] [--classes C] [--rounds R] [--threads T]
[--limit RATIO]; with a limit the exit status is 1 where a ratio is beyond it.
"""

import argparse
import multiprocessing
import resource
import sys
import time

import numpy as np

import margin_losses as ml


def problem(rows, dim, classes):
    """Embeddings and class weights at random, which is where training begins."""
    random = np.random.default_rng(0)
    w = random.standard_normal((classes, dim), np.float32)
    return random.standard_normal((rows, dim), np.float32), w, random.integers(0, classes, rows)


def sampled(x, w, y, options, step=0, out=None):
    """One step: the list, and the head over it."""
    index = ml.sample(y, len(w), options.rate, step=step)
    if out is not None:
        out = {"dx": out["dx"], "dw": out["dw"][: len(index)]}
    return index, ml.head(x, w, y, class_index=index, threads=options.threads, out=out)


def check(x, w, y, options):
    """The head over a list is the head over a copy of its rows."""
    index, found = sampled(x, w, y, options)
    copy = ml.head(x, w[index], np.searchsorted(index, y), threads=options.threads)
    if found.loss != copy.loss or not (found.dw == copy.dw).all():
        sys.exit("other bits than over a copy of the rows")


def ratios(x, w, y, options):
    """Seconds of processors of each round: of all classes, of some."""
    arrays = {"dx": np.empty_like(x), "dw": np.empty_like(w)}
    times = np.empty((options.rounds, 2, 2))
    clocks = (time.perf_counter, time.process_time)
    for step in range(options.rounds + 1):
        for way in range(2):
            began = [clock() for clock in clocks]
            if way == 0:
                ml.head(x, w, y, threads=options.threads, out=arrays)
            else:
                sampled(x, w, y, options, step, arrays)
            if step > 0:  # the first touches its memory
                times[step - 1, way] = [clock() - start for clock, start in zip(clocks, began)]
    return times


def grown(way, x, w, y, options, answer):
    """Puts the growth of this process's peak of memory in MiB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if way == 0:
        ml.head(x, w, y, threads=options.threads)
    else:
        sampled(x, w, y, options)
    answer.put((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)


def memory(x, w, y, options):
    """MiB beside x and w of a call over all classes and of one over some, in fresh processes."""
    fork, found = multiprocessing.get_context("fork"), []
    for way in range(2):
        answer = fork.Queue()
        child = fork.Process(target=grown, args=(way, x, w, y, options, answer))
        child.start()
        found.append(answer.get())
        child.join()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--classes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--limit", type=float, help="of time and memory over those of all classes")
    options = parser.parse_args()
    x, w, y = problem(options.rows, options.dim, options.classes)
    check(x, w, y, options)
    full, some = memory(x, w, y, options)
    times = ratios(x, w, y, options)
    wall, cpu = np.quantile(times[:, 1] / times[:, 0], (0.25, 0.5, 0.75), axis=0).T
    print(f"N={options.rows}, D={options.dim}, C={options.classes}, r={options.rate:g}, threads: "
          f"{options.threads}, {options.rounds} rounds by turns; medians")
    for name, way in (("all classes", 0), ("sampled", 1)):
        call, processor = np.median(times[:, way], axis=0)
        print(f"{name:12} {call:.4f} s, of processors {processor:.4f} s, {(full, some)[way]:.0f} MiB")
    print(f"ratio (quartiles): time {wall[1]:.3f} ({wall[0]:.3f} to {wall[2]:.3f}), of processors "
          f"{cpu[1]:.3f} ({cpu[0]:.3f} to {cpu[2]:.3f}), memory {some / full:.3f}")
    if options.limit is not None and max(cpu[1], some / full) > options.limit:
        sys.exit(f"more than {options.limit:g} times as much as all classes")


main()
