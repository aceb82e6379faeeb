"""Time and memory of one step, forward and backward, beside this library's own head."""

import os
import time

import numpy
import torch

from .. import rows as rows_level
from ..torch import functional
from . import problems
from .judge import MEASURED, NONE, Finding

ROWS, SHAPE = 128, (10000, 128)
ROUNDS, SECONDS = 15, 6.0
AGREE = 1e-3  # relative difference of the two values above which times say nothing


def judge_cost(judge, skip):
    """The finding on time and memory; `skip` is a reason not to measure, or None."""
    promise = "time and memory"
    if skip or judge.varies:
        return Finding(promise, NONE, skip or "the same call gives different values")
    rows, shape = (ROWS, SHAPE) if judge.subject.sizes else (ROWS, judge.subject.shape)
    case = problems.crowd(judge.claim, judge.subject.takes, judge.claim.scale, rows, shape, seed=7)
    try:
        own = ours(judge, case)
    except Exception as error:  # the library may be unfit for this claim
        return Finding(
            promise, NONE, "nothing to compare with: %s: %s" % (type(error).__name__, error)
        )
    peer = theirs(judge.subject, case)
    values = peer(), own()
    if not abs(values[0] - values[1]) <= AGREE * abs(values[1]):
        return Finding(
            promise,
            NONE,
            "its value is %.6g, that of this library %.6g: times of "
            "different results say nothing" % values,
        )
    size = "N = %d, C = %d" % (rows, shape[0])
    if judge.subject.takes != "cosines":
        size += ", D = %d" % shape[1]
    return compare(promise, peer, own, size)


def theirs(subject, case):
    """One step of the loss under judgement, as a function that returns its value."""
    _, leaves, _, labels = subject.call(case)
    loss = subject.loss_for(case, torch.float32)
    order = {"embeddings": ("x",), "weights": ("x", "w"), "cosines": ("cosines",)}[subject.takes]

    def step():
        # Losses over cosines may change them in place, which torch forbids for a leaf.
        given = [leaves[n].clone() if n == "cosines" else leaves[n] for n in order]
        value = subject.reduce(loss(*given, labels), labels)
        torch.autograd.grad(value, list(leaves.values()))
        return float(value)

    return step


def settings(judge):
    """The claim as keyword arguments of this library."""
    claim = judge.claim
    given = {} if claim.loss == "softmax" else {"scale": claim.scale}
    if claim.loss == "combined":
        given.update(m1=claim.m1, m2=claim.m2, m3=claim.m3)
    elif claim.loss in ("arcface", "cosface", "sphereface"):
        given["margin"] = {"arcface": claim.m2, "cosface": claim.m3, "sphereface": claim.m1}[
            claim.loss
        ]
    if claim.angular:
        given["past_pi"] = "paper" if judge.rule == "plain" else judge.rule
    if claim.keep_norm:
        given["feature_norm"] = "keep"
    return given


def ours(judge, case):
    """One step of this library's loss on the same arrays."""
    loss, given = judge.claim.loss, settings(judge)
    if "cosines" in case.arrays:
        given.update(loss=loss, threads=torch.get_num_threads())
        return lambda: float(rows_level(case.arrays["cosines"], case.labels, **given).loss)
    x, w = (torch.tensor(case.arrays[name]).requires_grad_() for name in "xw")
    y = torch.tensor(case.labels)

    def step():
        value = functional.margin_loss(x, w, y, loss=loss, **given)
        torch.autograd.grad(value, [x, w])
        return float(value)

    return step


def timed(step):
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def compare(promise, peer, own, size):
    """Interleaved rounds, the order turned each time; the median of the paired ratios."""
    memory = [peak(peer), peak(own)]
    times, end = [], time.perf_counter() + SECONDS
    while len(times) < 3 or (len(times) < ROUNDS and time.perf_counter() < end):
        if len(times) % 2:
            mine = timed(own)
            times.append((timed(peer), mine))
        else:
            its = timed(peer)
            times.append((its, timed(own)))
    times = numpy.array(times)
    ratios = times[:, 0] / times[:, 1]
    low, middle, high = (float(v) for v in numpy.percentile(ratios, (25, 50, 75)))
    its, mine = (float(v) for v in numpy.median(times, 0))
    measured = {
        "ratio": middle,
        "ratio_quartiles": [low, high],
        "seconds": its,
        "seconds_ours": mine,
        "rounds": len(times),
        "shape": size,
        "threads": torch.get_num_threads(),
    }
    says = (
        "%.2f times this library's time (quartiles %.2f to %.2f; %.3g against %.3g ms, %s, %d "
        "thread)" % (middle, low, high, 1e3 * its, 1e3 * mine, size, torch.get_num_threads())
    )
    if None not in memory:
        measured.update(peak_bytes=memory[0], peak_bytes_ours=memory[1])
        says += "; peak memory above the start %.1f against %.1f MiB" % tuple(
            part / 2**20 for part in memory
        )
    return Finding(promise, MEASURED, says, measured)


def status(field):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def peak(step):
    """Bytes of memory that one step needs above its start, in a child process; None if unknown."""
    if not os.path.exists("/proc/self/status"):
        return None
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            before = status("VmRSS")
            step()
            os.write(writing, str(max(status("VmHWM") - before, 0)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        text = stream.read()
    os.waitpid(pid, 0)
    return int(text) if text else None
