"""What is left of the digits on converged rows, the aim of training: the usual formulas subtract two
nearly equal numbers there."""
import math

import numpy

from .judge import BROKEN, KEPT, NONE, Finding, number, relative

SCALES = (16.0, 32.0, 64.0)
LOSSES = (1e-30, 1e-2)       # rows between these are the converged ones
OWN_LOSSES = 1e-10           # the least where the reference is the loss itself in float64
ALLOWED = 1e-3               # relative error: three digits must be left
DIGITS = -math.log10(2.0 ** -24)


def judge_converged(judge):
    """One finding on losses and one on gradients, over all scales."""
    scales = SCALES if judge.subject.scales else (judge.claim.scale,)
    rows = [row for scale in scales for row in measure(judge, scale)]
    for what in ("loss", "gradient"):
        yield summary(judge, what, rows)


def measure(judge, scale):
    """Errors of loss and gradient of the converged rows of a scale."""
    rows, least = [], LOSSES[0] if judge.formula else OWN_LOSSES
    for theta in numpy.linspace(0.03, 1.5, 40):
        case = judge.case(float(theta), scale, even=False)
        true = judge.reference(case)
        if true is None or not least <= true[0] <= LOSSES[1]:
            continue
        outcome = judge.run(case)
        name = "cosines" if "cosines" in true[1] else "x"
        rows.append({"scale": scale, "theta": float(theta), "true": true[0],
                     "given": outcome.loss, "loss": abs(outcome.loss - true[0]) / true[0],
                     "gradient": relative(outcome.gradients[name], true[1][name])})
    return rows


def share_lost(rows, what):
    """The share of the digits of float32 that is lost, over these rows on average."""
    left = [min(max(-math.log10(max(row[what], 2.0 ** -24)), 0.0), DIGITS)
            if math.isfinite(row[what]) else 0.0 for row in rows]
    return 1.0 - float(numpy.mean(left)) / DIGITS


def summary(judge, what, rows):
    promise = "converged " + what
    if not rows:
        return Finding(promise, NONE, "no row of this loss converges to below %g" % LOSSES[1]
                       if judge.formula or judge.double else
                       "its formula is another, and float64 is not taken")
    worst = max(rows, key=lambda row: row[what])
    zeros = [row for row in rows if row["given"] == 0.0]
    lost = {"%g" % scale: round(share_lost([r for r in rows if r["scale"] == scale], what), 3)
            for scale in sorted({row["scale"] for row in rows})}
    measured = {"error": number(worst[what]), "allowed": ALLOWED, "rows": len(rows),
                "share_of_digits_lost": lost}
    what_of = "" if judge.formula else " (against itself in float64)"
    if judge.formula and judge.detached and what == "gradient":
        what_of = " (of the detached gradient)"
    digits = ", ".join("%.0f %% at s = %s" % (100 * share, s) for s, share in lost.items())
    if worst[what] <= ALLOWED:
        return Finding(promise, KEPT, "off by at most %.1e on %d rows with losses down to %.0e; digits "
                       "lost: %s" % (worst[what], len(rows), min(r["true"] for r in rows), digits),
                       measured)
    says = "digits lost on converged rows%s: %s" % (what_of, digits)
    if what == "loss":
        measured["returned_as_zero"] = len(zeros)
        if zeros:
            largest = max(zeros, key=lambda row: row["true"])
            measured["largest_returned_as_zero"] = largest["true"]
            says += "; %d of %d rows are returned as 0, the largest is %.2g" % (
                len(zeros), len(rows), largest["true"])
    first = max((row for row in rows if row[what] > ALLOWED), key=lambda row: row["true"])
    return Finding(promise, BROKEN, says, measured, witness(judge, first, what))


def witness(judge, row, what):
    def fails(case):
        true, outcome = judge.reference(case), judge.run(case)
        name = "cosines" if "cosines" in true[1] else "x"
        if what == "loss":
            pair = numpy.array([true[0]]), numpy.array([outcome.loss])
        else:
            pair = true[1][name], outcome.gradients[name]
        if relative(pair[1], pair[0]) <= ALLOWED:
            return None
        return {"of": what, "expected": pair[0].tolist(), "found": pair[1].tolist()}
    return judge.witness(fails, row["theta"], row["scale"], even=False)
