"""Is the gradient the derivative of the value: by central differences in float64 where the loss
takes float64, else against the oracle's."""

import math

import numpy
import torch

from .judge import BROKEN, KEPT, Finding, degrees, number, relative

STEP = 1e-5  # of central differences, relative to an ordinary entry
ALLOWED = {torch.float64: 1e-4, torch.float32: 1e-3}


def angles(claim):
    """Angles at which every rule has a derivative."""
    grid = numpy.linspace(0.1, math.pi - 0.1, 13)
    kinks = (claim.break_at, math.pi / 2)
    if claim.m1 != 1.0:
        kinks += tuple((k * math.pi - claim.m2) / claim.m1 for k in range(1, 9))
    return [float(theta) for theta in grid if min(abs(theta - k) for k in kinks) > 0.02]


def differences(judge, case):
    """The gradient of row 0's loss by central differences of the value, in float64."""
    found = {}
    for name, array in case.arrays.items():
        rows = range(len(array)) if name == "w" else range(1)
        part = numpy.zeros((len(rows), array.shape[1]))
        for i in rows:
            for j in range(array.shape[1]):
                ends = []
                for sign in (1, -1):
                    moved = array.copy()
                    moved[i, j] += sign * STEP
                    ends.append(judge.subject.value(case.changed(**{name: moved}), torch.float64))
                part[i, j] = (ends[0] - ends[1]) / (2 * STEP)
        share = 1 if name == "w" else case.rows
        found[name] = part if name == "w" else part[0] * share
    return found


def wanted_of(judge, case, dtype):
    """The derivative of the value, by each input."""
    if dtype == torch.float64:
        return differences(judge, case)
    return case.truth(judge.claim, judge.rule).gradients


def measure(judge, case, dtype):
    """{input: (error against the derivative of the value, error against the detached one)}."""
    wanted = wanted_of(judge, case, dtype)
    other = case.truth(judge.claim, judge.rule, detached=True).gradients
    found = judge.run(case, dtype).gradients
    floor = 1e-7 * case.scale
    return {
        name: (
            relative(found[name], wanted[name], floor),
            relative(found[name], other[name], floor),
        )
        for name in wanted
    }


def kind_of(pairs, dtype):
    """exact, detached or wrong, from the errors at all angles."""
    if max(exact for exact, _ in pairs) <= ALLOWED[dtype]:
        return "exact"
    return "detached" if max(detached for _, detached in pairs) <= 1e-2 else "wrong"


def judge_gradient(judge):
    """The finding on the gradient, and the slopes of the figure."""
    case = case_at(judge, 1.0)
    judge.blind = not judge.run(case).differentiable
    yield none(case) if judge.blind else compare(judge)
    draw(judge)


def none(case):
    says = "its value has no gradient: nothing leads back to what it is given"
    return Finding("gradient", BROKEN, says, {}, case.told())


def compare(judge):
    """The finding on a loss that has a gradient."""
    dtype = torch.float64 if judge.double else torch.float32
    tried = angles(judge.claim)
    rows = [measure(judge, case_at(judge, theta), dtype) for theta in tried]
    kinds = {name: kind_of([row[name] for row in rows], dtype) for name in rows[0]}
    judge.detached = "detached" in kinds.values()
    errors = {name: [row[name][0] for row in rows] for name in kinds}
    measured = {"kind": kinds, "scale": judge.scales[0], "allowed": ALLOWED[dtype]}
    measured["error"] = {name: number(max(values)) for name, values in errors.items()}
    how = (
        "central differences in float64"
        if judge.double
        else ("the oracle's derivative, as float64 is not taken")
    )
    faults = [name for name in kinds if kinds[name] != "exact"]
    if faults:
        says = "; ".join(phrase(name, kinds[name], errors[name], tried) for name in faults)
        worst = errors[faults[0]]
        shown = witness(judge, faults[0], tried[worst.index(max(worst))], dtype)
        return Finding(
            "gradient", BROKEN, "%s; s = %g (%s)" % (says, judge.scales[0], how), measured, shown
        )
    says = "the derivative of the value (%s): off by at most %.1e at %d angles"
    worst = max(max(values) for values in errors.values())
    return Finding("gradient", KEPT, says % (how, worst, len(tried)), measured)


def case_at(judge, theta):
    """The case at an angle, in the dtype that gradients are judged in."""
    return judge.case(
        theta, judge.scales[0], dtype=numpy.float64 if judge.double else numpy.float32
    )


def phrase(name, kind, errors, tried):
    """What is wrong with the gradient by one input."""
    what = {"x": "embeddings", "w": "class weights"}.get(name, name)
    says = {
        "detached": "detached by %s (the margin's derivative is taken as 1)",
        "wrong": "by %s not the derivative of its own value",
    }[kind] % what
    return "%s: off by %s in the median, %s at %s" % (
        says,
        percent(float(numpy.median(errors))),
        percent(max(errors)),
        degrees(tried[errors.index(max(errors))]),
    )


def percent(error):
    return "%.3g %%" % (100 * error) if math.isfinite(error) else "everything (not finite)"


def witness(judge, name, theta, dtype):
    def fails(case):
        wanted = wanted_of(judge, case, dtype)[name]
        found = judge.run(case, dtype).gradients[name]
        if not numpy.isfinite(wanted).all() or (
            relative(found, wanted, 1e-7 * case.scale) <= 10 * ALLOWED[dtype]
        ):
            return None
        return {"of": name, "expected": wanted.tolist(), "found": found.tolist()}

    return judge.witness(
        fails, theta, judge.scales[0], dtype=numpy.float64 if judge.double else numpy.float32
    )


def draw(judge):
    """Adds to the curve the slope that the gradient has at each angle."""
    for row in judge.curve:
        outcome = judge.run(judge.case(row["theta"], row["scale"]))
        row["slope"] = slope(judge, row, outcome)


def slope(judge, row, outcome):
    """d psi / d theta as the gradient has it: the target's pull is s (1 - p) times it."""
    wrong = -math.expm1(-row["loss"]) if row["loss"] >= 0 else math.nan
    case = judge.case(row["theta"], row["scale"])
    label = int(case.labels[0])
    pull = row["scale"] * wrong
    sine = math.sin(row["theta"])
    if not pull or not sine > 1e-6:
        return math.nan
    if "cosines" in outcome.gradients:
        return outcome.gradients["cosines"][label] * sine / pull
    x = case.arrays["x"][0].astype(float)
    w = case.arrays["w"][label].astype(float)
    size = math.sqrt(float(w @ w))
    unit = x / math.sqrt(float(x @ x))
    tangent = unit - (unit @ w) * w / (size * size)
    tangent /= math.sqrt(float(tangent @ tangent))
    return float(outcome.gradients["w"][label] @ tangent) * size / pull
