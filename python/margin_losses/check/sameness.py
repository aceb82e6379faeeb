"""The same bits again and with another number of threads; inputs that stay as they are."""
import torch

from . import problems
from .judge import BROKEN, KEPT, Finding

ROWS, SHAPE = 64, (2000, 64)


def judge_sameness(judge):
    yield from bits(judge)
    yield unchanged(judge)


def large(judge, rows=ROWS):
    shape = SHAPE if judge.subject.sizes else judge.subject.shape
    return problems.crowd(judge.claim, judge.subject.takes, judge.claim.scale, rows, shape, seed=5)


def differing(first, second):
    """Which parts of two results differ, in words."""
    names = ["the loss"] + ["the gradient by " + name for name in first.gradients]
    return [name for name, a, b in zip(names, first.raw, second.raw) if a != b]


def bits(judge):
    """Twice in a row, and with 1 and 2 threads."""
    case, threads = large(judge), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        first = judge.run(case)
        judge.subject.keep_state = True
        again = judge.run(case)
        judge.subject.keep_state = False
        torch.set_num_threads(2)
        two = judge.run(case)
    finally:
        torch.set_num_threads(threads)
        judge.subject.keep_state = False
    state = judge.subject.state_of(case)
    told = {"rows": case.rows, "classes": judge.subject.classes(case),
            "seed": "problems.crowd(seed=5)"}
    for promise, other, what in (("same bits twice", again, "the same call again"),
                                 ("same bits for threads", two, "2 threads")):
        parts = differing(first, other)
        if parts:
            kept = "; it keeps state: " + ", ".join(state) if state and other is again else ""
            yield Finding(promise, BROKEN, "%s: other bits of %s%s" % (
                what, ", ".join(parts), kept), {"parts": parts}, told)
        else:
            yield Finding(promise, KEPT, "%s: the same bits (%d rows, %d classes)" % (
                what, case.rows, told["classes"]))


def unchanged(judge):
    """A loss only reads what it is given, and its own weights."""
    for case in (judge.case(1.0, judge.claim.scale), large(judge, 8)):
        mutated = judge.run(case).mutated
        if mutated:
            return Finding("inputs", BROKEN, "changes in place: " + ", ".join(mutated),
                           {"changed": list(mutated)},
                           judge.witness(lambda case: {"changed": list(judge.run(case).mutated)}
                                         if judge.run(case).mutated else None, 1.0,
                                         judge.claim.scale))
    return Finding("inputs", KEPT, "embeddings, weights, cosines and labels stay as they are")
