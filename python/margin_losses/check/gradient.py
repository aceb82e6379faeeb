"""Is the gradient the derivative of the value: by central differences in float64 where the loss
takes float64, else against the oracle's."""

import math

import numpy
import torch

from .judge import BROKEN, KEPT, NONE, Finding, degrees, number, relative

STEP = 1e-5  # of central differences in float64, relative to an ordinary entry
COARSE = 0.08  # of those in float32, divided by the scale: rounding and curvature cost 1e-3 at most
ALLOWED = {"double": 1e-4, "oracle": 1e-3, "single": 1e-2}
HOW = {
    "double": "central differences in float64",
    "oracle": "the oracle's derivative, as float64 is not taken",
    "single": "central differences in float32, good to 1 %, as float64 is not taken",
}


def way_of(judge):
    """How the derivative of the value is had: "double", "oracle" or "single", a key of HOW."""
    if judge.double:
        return "double"
    return "oracle" if judge.formula else "single"


def angles(claim, away=0.02, ends=0.1):
    """Angles at which every rule has a derivative, these distances away from kinks and ends."""
    grid = numpy.linspace(ends, math.pi - ends, 13)
    kinks = (claim.break_at, math.pi / 2)
    if claim.m1 != 1.0:
        kinks += tuple((k * math.pi - claim.m2) / claim.m1 for k in range(1, 9))
    return [float(theta) for theta in grid if min(abs(theta - k) for k in kinks) > away]


def differences(judge, case, slope):
    """The gradient of row 0's loss by differences of the value: `slope` gives that of a function
    of one number, how far an entry is moved."""
    dtype, found = torch.float64 if judge.double else torch.float32, {}
    for name, array in case.arrays.items():
        rows = range(len(array)) if name == "w" else range(1)
        part = numpy.zeros((len(rows), array.shape[1]))
        for i in rows:
            for j in range(array.shape[1]):

                def value(step):
                    moved = array.copy()
                    moved[i, j] += step
                    return judge.subject.value(case.changed(**{name: moved}), dtype)

                part[i, j] = slope(value)
        found[name] = part if name == "w" else part[0] * case.rows
    return found


def central(value):
    return (value(STEP) - value(-STEP)) / (2 * STEP)


def five_points(step):
    """The slope by central differences of the fourth order."""

    def slope(value):
        near, far = value(step) - value(-step), value(2 * step) - value(-2 * step)
        return (8 * near - far) / (12 * step)

    return slope


def coarse(judge, case):
    """The gradient by differences in float32; None where two steps disagree, that is, where the
    value is too rough, or has a kink."""
    found = [
        differences(judge, case, five_points(share * COARSE / case.scale)) for share in (1, 0.5)
    ]
    gaps = [relative(found[1][name], found[0][name], 1e-3 * case.scale) for name in found[0]]
    return found[0] if max(gaps) <= ALLOWED["single"] / 2 else None


def wanted_of(judge, case):
    """The derivative of the value, by each input; None where it cannot be had."""
    way = way_of(judge)
    if way == "double":
        return differences(judge, case, central)
    if way == "single":
        return coarse(judge, case)
    return case.truth(judge.claim, judge.rule).gradients


def measure(judge, case):
    """{input: (error against the derivative of the value, error against the detached one)}; None
    where there is no derivative to compare with."""
    wanted = wanted_of(judge, case)
    if wanted is None:
        return None
    other = case.truth(judge.claim, judge.rule, detached=True).gradients
    found = judge.run(case, dtype_of(judge)).gradients
    floor = (1e-3 if way_of(judge) == "single" else 1e-7) * case.scale
    return {
        name: (
            relative(found[name], wanted[name], floor),
            relative(found[name], other[name], floor),
        )
        for name in wanted
    }


def dtype_of(judge):
    return torch.float64 if judge.double else torch.float32


def kind_of(pairs, allowed):
    """exact, detached or wrong, from the errors at all angles."""
    if max(exact for exact, _ in pairs) <= allowed:
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
    way = way_of(judge)
    how, allowed = HOW[way], ALLOWED[way]
    tried, rows = rows_of(judge, way)
    if not rows:
        says = "cannot be judged: float64 is not taken, and its value in float32 is too rough"
        return Finding("gradient", NONE, says)
    kinds = {name: kind_of([row[name] for row in rows], allowed) for name in rows[0]}
    judge.detached = "detached" in kinds.values()
    errors = {name: [row[name][0] for row in rows] for name in kinds}
    measured = {"kind": kinds, "scale": judge.scales[0], "allowed": allowed}
    measured["error"] = {name: number(max(values)) for name, values in errors.items()}
    faults = [name for name in kinds if kinds[name] != "exact"]
    if faults:
        says = "; ".join(phrase(name, kinds[name], errors[name], tried) for name in faults)
        worst = errors[faults[0]]
        shown = witness(judge, faults[0], tried[worst.index(max(worst))])
        return Finding(
            "gradient", BROKEN, "%s; s = %g (%s)" % (says, judge.scales[0], how), measured, shown
        )
    says = "the derivative of the value (%s): off by at most %.1e at %d angles"
    worst = max(max(values) for values in errors.values())
    return Finding("gradient", KEPT, says % (how, worst, len(tried)), measured)


def rows_of(judge, way):
    """The angles at which there is something to compare with, and what they measure."""
    tried = angles(judge.claim, 0.1, 0.4) if way == "single" else angles(judge.claim)
    rows = [(theta, measure(judge, case_at(judge, theta))) for theta in tried]
    kept = [(theta, row) for theta, row in rows if row is not None]
    return [theta for theta, _ in kept], [row for _, row in kept]


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


def witness(judge, name, theta):
    dtype, way = dtype_of(judge), way_of(judge)

    def fails(case):
        wanted = (wanted_of(judge, case) or {}).get(name)
        found = judge.run(case, dtype).gradients[name]
        if wanted is None or not numpy.isfinite(wanted).all():
            return None
        if relative(found, wanted, 1e-7 * case.scale) <= min(10 * ALLOWED[way], 2e-2):
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
        row["steep"] = not all(numpy.isfinite(part).all() for part in outcome.gradients.values())


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
