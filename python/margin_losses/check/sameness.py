"""The same bits again and with another number of threads; inputs that stay as they are."""

import torch

from . import problems
from .judge import BROKEN, KEPT, MEASURED, NONE, Finding

ROWS, SHAPE = 64, (2000, 64)


def judge_sameness(judge):
    if judge.varies:
        says = "the same call gives different values: " + judge.varies
        told = judge.case(1.0, judge.scales[0]).told()
        yield Finding("same bits twice", BROKEN, says, {}, told)
        for promise in ("same bits for threads", "inputs"):
            yield Finding(promise, NONE, "cannot be judged: the same call gives different values")
        return
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
    case = large(judge)
    first, again, two = three_runs(judge, case)
    shape = "%d rows, %d classes" % (case.rows, judge.subject.classes(case))
    state = judge.subject.state_of(case)
    for promise, other, what in (
        ("same bits twice", again, "the same call again"),
        ("same bits for threads", two, "2 threads"),
    ):
        parts = differing(first, other)
        if not parts:
            yield Finding(promise, KEPT, "%s: the same bits (%s)" % (what, shape))
            continue
        kept = "; it keeps state: " + ", ".join(state) if state and other is again else ""
        says = "%s: other bits of %s%s" % (what, ", ".join(parts), kept)
        if other is two and product_varies(case):
            says += "; PyTorch's own product of these shapes has other bits, too"
            yield Finding(promise, MEASURED, says, {"parts": parts})
            continue
        told = {
            "rows": case.rows,
            "classes": judge.subject.classes(case),
            "made by": "problems.crowd(seed=5)",
        }
        yield Finding(promise, BROKEN, says, {"parts": parts}, told)


def product_varies(case):
    """Has PyTorch's product of embeddings and class weights, or that of a gradient, other bits with
    2 threads than with 1? Then a loss made of it cannot have the same."""
    if "x" not in case.arrays:
        return False
    x, w = (torch.tensor(case.arrays[name]) for name in ("x", "w"))
    threads, found = torch.get_num_threads(), []
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            logits = torch.nn.functional.normalize(x) @ torch.nn.functional.normalize(w).t()
            found.append((logits, logits @ w, logits.t() @ x))
    finally:
        torch.set_num_threads(threads)
    return not all(torch.equal(one, two) for one, two in zip(*found))


def three_runs(judge, case):
    """A run, the same again with the state that the first has left, and one with 2 threads."""
    threads = torch.get_num_threads()
    try:
        first = judge.run(case)
        judge.subject.keep_state = True
        again = judge.run(case)
        judge.subject.keep_state = False
        torch.set_num_threads(2)
        return first, again, judge.run(case)
    finally:
        torch.set_num_threads(threads)
        judge.subject.keep_state = False


def unchanged(judge):
    """A loss only reads what it is given, its own weights, and PyTorch's global settings."""
    for case in (judge.case(1.0, judge.claim.scale), large(judge, 8)):
        mutated = judge.run(case).mutated
        if mutated:
            return Finding(
                "inputs",
                BROKEN,
                "changes in place: " + ", ".join(mutated),
                {"changed": list(mutated)},
                judge.witness(
                    lambda case: (
                        {"changed": list(judge.run(case).mutated)}
                        if judge.run(case).mutated
                        else None
                    ),
                    1.0,
                    judge.claim.scale,
                ),
            )
    changed = judge.subject.global_changes
    if changed:
        says = "changes PyTorch's global settings (put back here after each call): "
        told = dict(judge.case(1.0, judge.claim.scale).told(), changed=list(changed))
        return Finding(
            "inputs", BROKEN, says + ", ".join(changed), {"global": list(changed)}, told
        )
    return Finding("inputs", KEPT, "embeddings, weights, cosines and labels stay as they are")
