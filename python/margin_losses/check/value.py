"""Is the value that of the formula, at every angle and scale; what happens past pi; do norms and
neighbours in the batch leave it alone."""

import dataclasses
import math

import numpy
import torch

from . import problems
from .judge import BROKEN, ENDS, KEPT, NONE, TOLERANCE, Finding
from .judge import degrees, gap_of, number, psi_error, tolerance
from .claim import PAST_PI

NEAR = (0.0, 1e-4, 1e-3, 1e-2)


def angles(claim):
    """From 0 to pi: the ends closely, the rest evenly, and both sides of the break."""
    middle = list(numpy.linspace(0.03, math.pi - 0.03, 30))
    around = [claim.break_at + step for step in (-0.02, 0.02)]
    grid = list(NEAR) + middle + around + [math.pi - near for near in NEAR]
    return sorted(float(theta) for theta in grid if 0.0 <= theta <= math.pi)


def judge_value(judge):
    """The findings on the value, and the curve of the figure."""
    rows = [measure(judge, theta, scale) for scale in judge.scales for theta in angles(judge.claim)]
    judge.formula = True
    judge.curve = [row for row in rows if row["scale"] == judge.scales[-1]]
    easy = is_easy(judge, [row for row in rows if inside(row)])
    if easy:
        inner = [row for row in rows if math.cos(row["theta"]) > 0]
    else:
        inner = before(judge, rows)
    rest = [row for row in rows if row not in inner]
    middle = [row for row in inner if inside(row)]
    ends = [row for row in inner if row not in middle]
    found = [
        formula(judge, "value", "the formula", middle),
        formula(judge, "value at the ends", "the formula within 1.1 degrees of 0 and 180", ends),
    ]
    if any(finding.verdict == BROKEN for finding in found):
        judge.formula = formula_in_double(judge)
        if judge.formula and found[0].verdict == BROKEN:
            found[0].says += "; in float64 it is the formula, so this is rounding"
    yield from found
    yield past_pi(judge, rest, easy)
    yield norms(judge)
    yield batch(judge)


def inside(row):
    """Is this angle away from 0 and pi?"""
    return ENDS < row["theta"] < math.pi - ENDS


def is_easy(judge, rows):
    """Is it the rule `easy`, which gives up the margin as soon as the cosine is not positive?"""
    return follows(judge, "easy", rows) and not follows(judge, "paper", before(judge, rows))


def before(judge, rows):
    return [row for row in rows if row["theta"] <= judge.claim.break_at]


def follows(judge, rule, rows):
    return all(row["errors"][rule] <= tolerance(row["theta"]) for row in rows)


def formula_in_double(judge):
    """Is the value the formula's in float64, up to the break and away from the ends?"""
    if not judge.double:
        return False
    inner = [theta for theta in angles(judge.claim) if ENDS < theta < judge.claim.break_at]
    rows = [measure(judge, theta, judge.scales[0], numpy.float64) for theta in inner]
    return follows(judge, "paper", rows) or is_easy(judge, rows)


def measure(judge, theta, scale, dtype=numpy.float32):
    """What the loss gives at an angle, and its error under each rule past pi."""
    case = judge.case(theta, scale, dtype=dtype)
    loss = judge.run(case, torch.float64 if dtype == numpy.float64 else torch.float32).loss
    truth = case.truth(judge.claim, "paper")
    errors = {}
    for rule in PAST_PI:
        psi = judge.claim.psi(truth.theta, rule)[0]
        errors[rule] = psi_error(truth.factor, loss, softplus(truth.others - truth.factor * psi))
    return {
        "theta": truth.theta,
        "scale": scale,
        "loss": loss,
        "errors": errors,
        "psi": (truth.others - gap_of(loss)) / truth.factor,
        "others": truth.others,
        "factor": truth.factor,
    }


def softplus(gap):
    """A row's loss from the others' log-sum-exp less the target's logit, to a few ulp of double."""
    return max(gap, 0.0) + math.log1p(math.exp(-abs(gap)))


def formula(judge, promise, what, rows):
    """Is the value right at these angles?"""
    worst = max(rows, key=lambda row: row["errors"]["paper"] / tolerance(row["theta"]))
    error, allowed = worst["errors"]["paper"], tolerance(worst["theta"])
    measured = {
        "error": number(error),
        "allowed": allowed,
        "theta": worst["theta"],
        "scale": worst["scale"],
        "angles": len(rows),
    }
    if error <= allowed:
        return Finding(
            promise,
            KEPT,
            "%s at %d angles and scales: the target's logit / s is off "
            "by at most %.1e (allowed %.0e)" % (what, len(rows), error, allowed),
            measured,
        )
    off = (
        "the target's logit / s is off by %.2g" % error
        if error < math.inf
        else ("the loss is not finite")
    )
    says = "not %s: at %s and s = %g %s (allowed %.0e)%s" % (
        what,
        degrees(worst["theta"]),
        worst["scale"],
        off,
        allowed,
        likeness(judge, rows),
    )
    return Finding(promise, BROKEN, says, measured, witness(judge, worst, "paper"))


def witness(judge, row, rule):
    def fails(case):
        truth, loss = case.truth(judge.claim, rule), judge.run(case).loss
        if psi_error(truth.factor, loss, truth.loss) > tolerance(truth.theta):
            return {"expected": truth.loss, "found": number(loss)}
        return None

    return judge.witness(fails, row["theta"], row["scale"])


def explains(claim, margins, rows):
    """Would these margins keep the promise on the value, as far as they reach before pi?"""
    other = dataclasses.replace(claim, m1=margins[0], m2=margins[1], m3=margins[2])
    errors = [
        psi_error(
            row["factor"],
            row["loss"],
            softplus(row["others"] - row["factor"] * other.psi(row["theta"])[0]),
        )
        for row in rows
        if row["theta"] <= other.break_at
    ]
    return max(errors, default=math.inf) <= TOLERANCE


def likeness(judge, everywhere):
    """Which margin would explain the values at all of these angles: a hint, in words."""
    rows = [
        row
        for row in everywhere
        if 0.5 < row["theta"] < 1.4 and abs(row["psi"]) <= 1 and row["scale"] == judge.scales[0]
    ]
    if len(rows) < 2:
        return ""
    theta = numpy.array([row["theta"] for row in rows])
    psi = numpy.array([row["psi"] for row in rows])
    shapes = {
        "cos(theta + %.4g)": numpy.arccos(psi) - theta,
        "cos(theta) - %.4g": numpy.cos(theta) - psi,
        "cos(%.4g theta)": numpy.arccos(psi) / theta,
    }
    text, fitted = min(shapes.items(), key=lambda shape: float(numpy.std(shape[1])))
    if float(numpy.std(fitted)) > 1e-3:
        return ""
    margin = float(numpy.mean(fitted))
    claim = judge.claim
    behaves = {
        "cos(theta + %.4g)": (1.0, margin, 0.0),
        "cos(theta) - %.4g": (1.0, 0.0, margin),
        "cos(%.4g theta)": (margin, 0.0, 0.0),
    }[text]
    if numpy.allclose(behaves, (claim.m1, claim.m2, claim.m3), atol=1e-4):
        return ""
    if not explains(claim, behaves, everywhere):
        return ""
    hint = "; it behaves as " + text % margin
    if text.startswith("cos(theta +") and abs(margin) > 1e-4:
        hint += ", a margin of %.4g degrees" % math.degrees(margin)
    return hint


def past_pi(judge, rows, easy):
    """Which rule it follows past pi, by name; `easy` says whether it is that one before pi."""
    claim, promise = judge.claim, "past pi"
    if not claim.angular or not rows:
        return Finding(promise, NONE, "this formula never passes pi")
    rules = [rule for rule in PAST_PI if (rule == "easy") == easy]
    fits = [rule for rule in rules if follows(judge, rule, rows)]
    best = min(rules, key=lambda rule: max(row["errors"][rule] for row in rows))
    error = max(row["errors"][best] for row in rows)
    measured = {"follows": fits[0] if fits else None, "nearest": best, "error": number(error)}
    if not fits:
        worst = max(rows, key=lambda row: row["errors"][best] / tolerance(row["theta"]))
        return Finding(
            promise,
            BROKEN,
            "no known rule beyond m1 theta + m2 = pi: nearest is %s, off "
            "by %.2g at %s" % (best, error, degrees(worst["theta"])),
            measured,
            witness(judge, worst, best),
        )
    judge.rule = claim.past_pi if claim.past_pi in fits else fits[0]
    says = "%s (%s)" % (PAST_PI[judge.rule], judge.rule)
    if claim.past_pi and claim.past_pi not in fits:
        worst = max(rows, key=lambda row: row["errors"][claim.past_pi])
        return Finding(
            promise,
            BROKEN,
            "claims %s, but follows %s" % (claim.past_pi, says),
            measured,
            witness(judge, worst, claim.past_pi),
        )
    return Finding(promise, KEPT, "follows " + says, measured)


def norms(judge):
    """Powers of two on embeddings and class weights change no cosine, so no value."""
    promise = "norms"
    if not judge.claim.unit:
        return Finding(promise, NONE, "the norms are part of this formula")
    if judge.subject.takes == "cosines":
        return Finding(promise, NONE, "cosines have no norms")
    case = judge.case(1.0, judge.scales[-1])
    whole, reached, worst = judge.run(case).loss, 0, 0.0
    for power in (4, 10, 20, 40, 60, 100):
        cases = [scaled(case, name, sign * power) for name in ("x", "w") for sign in (1, -1)]
        error = max(error_of(judge.run(other).loss, whole) for other in cases)
        worst = max(worst, error) if power <= 20 else worst
        if error > 1e-4:
            break
        reached = power
    measured = {"error": number(worst), "holds_to_power_of_two": reached}
    if reached >= 20:
        says = "embeddings and class weights times 2^-%d to 2^%d leave the value as it is"
        return Finding(promise, KEPT, says % (reached, reached), measured)
    says = "the value depends on the norms: it holds to factors 2^%d only, off by %.2g within 2^20"
    return Finding(promise, BROKEN, says % (reached, worst), measured, norm_witness(judge))


def scaled(case, name, power):
    return case.changed(**{name: case.arrays[name] * numpy.float32(2.0) ** power})


def error_of(found, wanted):
    error = abs(found - wanted) / max(abs(wanted), 1e-30)
    return error if math.isfinite(error) else math.inf


def norm_witness(judge):
    def fails(case):
        whole = judge.run(case).loss
        for name, power in ((n, p) for p in (1, -1, 4, -4, 10, -10, 20, -20) for n in ("x", "w")):
            found = judge.run(scaled(case, name, power)).loss
            if error_of(found, whole) > 1e-4:
                return {
                    "expected": whole,
                    "found": number(found),
                    "after": "%s times 2^%d" % (name, power),
                }
        return None

    return judge.witness(fails, 1.0, judge.scales[-1])


def batch(judge):
    """The mean of a batch is the mean of its rows, each of which stands alone."""
    subject = judge.subject
    for rows in (2, 3, 5):
        case = problems.crowd(judge.claim, subject.takes, judge.scales[0], rows, subject.shape)
        wanted = [case.truth(judge.claim, judge.rule, row=row).loss for row in range(rows)]
        alone = [judge.run(repeated(case, row)).loss for row in range(rows)]
        whole = judge.run(case).loss
        error = error_of(whole, float(numpy.mean(alone)))
        if error > 1e-4:
            told = {name: array.tolist() for name, array in case.arrays.items()}
            told.update(
                labels=case.labels.tolist(),
                scale=case.scale,
                found=number(whole),
                expected=float(numpy.mean(wanted)),
            )
            return Finding(
                "batch",
                BROKEN,
                "%d rows together give %.6g, one by one %.6g on average: "
                "rows depend on their neighbours" % (rows, whole, numpy.mean(alone)),
                {"error": number(error)},
                told,
            )
    return Finding(
        "batch", KEPT, "the value of a batch is the mean of its rows'", {"error": number(error)}
    )


def repeated(case, row):
    """A case whose every row is row `row`."""
    arrays = {
        name: array if name == "w" else numpy.repeat(array[row : row + 1], case.rows, 0)
        for name, array in case.arrays.items()
    }
    return case.changed(labels=numpy.repeat(case.labels[row : row + 1], case.rows), **arrays)
