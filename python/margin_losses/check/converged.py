"""What is left of the digits on converged rows, the aim of training: the usual formulas subtract
two nearly equal numbers there."""

import math

import numpy

from .judge import BROKEN, KEPT, NONE, Finding, number, relative

SCALES = (16.0, 32.0, 64.0)
LOSSES = (1e-30, 1e-2)  # rows between these are the converged ones
OWN_LOSSES = 1e-10  # the least where the reference is the loss itself in float64
ALLOWED = 1e-3  # relative error: three digits must be left
DIGITS = -math.log10(2.0**-24)


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
        rows.append(
            {
                "scale": scale,
                "theta": float(theta),
                "true": true[0],
                "given": outcome.loss,
                "loss": abs(outcome.loss - true[0]) / true[0],
                "gradient": relative(outcome.gradients[name], true[1][name]),
            }
        )
    return rows


def share_lost(rows, what):
    """The share of the digits of float32 that is lost, over these rows on average."""
    left = [
        (
            min(max(-math.log10(max(row[what], 2.0**-24)), 0.0), DIGITS)
            if math.isfinite(row[what])
            else 0.0
        )
        for row in rows
    ]
    return 1.0 - float(numpy.mean(left)) / DIGITS


def summary(judge, what, rows):
    """The finding on "loss" or "gradient" of these rows."""
    promise = "converged " + what
    if judge.blind and what == "gradient":
        return Finding(promise, NONE, "its value has no gradient")
    if not rows:
        return Finding(promise, NONE, why_none(judge))
    worst = max(row[what] for row in rows)
    lost = {
        "%g" % scale: round(share_lost([row for row in rows if row["scale"] == scale], what), 3)
        for scale in sorted({row["scale"] for row in rows})
    }
    digits = ", ".join("%.0f %% at s = %s" % (100 * share, s) for s, share in lost.items())
    measured = {"error": number(worst), "allowed": ALLOWED, "rows": len(rows)}
    measured["share_of_digits_lost"] = lost
    if worst <= ALLOWED:
        says = "off by at most %.1e on %d rows with losses down to %.0e; digits lost: %s"
        least = min(row["true"] for row in rows)
        return Finding(promise, KEPT, says % (worst, len(rows), least, digits), measured)
    says = "digits lost on converged rows%s: %s" % (against(judge, what), digits)
    if what == "loss":
        says += zeros(rows, measured)
    first = max((row for row in rows if row[what] > ALLOWED), key=lambda row: row["true"])
    return Finding(promise, BROKEN, says, measured, witness(judge, first, what))


def why_none(judge):
    if judge.formula or judge.double:
        return "no row of this loss converges to below %g" % LOSSES[1]
    return "its formula is another, and float64 is not taken"


def against(judge, what):
    """What the rows were compared with, where that is not simply the formula."""
    if not judge.formula:
        return " (against itself in float64)"
    return " (of the detached gradient)" if judge.detached and what == "gradient" else ""


def zeros(rows, measured):
    """Words on the rows whose loss is returned as 0, if any; their number goes into `measured`."""
    lost = [row["true"] for row in rows if row["given"] == 0.0]
    measured["returned_as_zero"] = len(lost)
    if not lost:
        return ""
    measured["largest_returned_as_zero"] = max(lost)
    return "; %d of %d rows are returned as 0, the largest is %.2g" % (
        len(lost),
        len(rows),
        max(lost),
    )


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
