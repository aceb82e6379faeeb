"""Is the gradient the derivative of the value: by central differences in float64 where the loss
takes float64, else against the oracle's."""
import math

import numpy
import torch

from .judge import BROKEN, KEPT, Finding, degrees, number, relative
from .subject import Refused

STEP = 1e-5              # of central differences, relative to an ordinary entry
ALLOWED = {torch.float64: 1e-4, torch.float32: 1e-3}


def angles(claim):
    """Angles at which every rule has a derivative."""
    grid = numpy.linspace(0.1, math.pi - 0.1, 13)
    kinks = (claim.break_at, math.pi / 2)
    if claim.m1 != 1.0:
        kinks += tuple((k * math.pi - claim.m2) / claim.m1 for k in range(1, 9))
    return [float(theta) for theta in grid if min(abs(theta - k) for k in kinks) > 0.02]


def takes_double(judge):
    """Does float64 work, and give float64?"""
    case = judge.case(1.0, judge.scales[0], dtype=numpy.float64)
    try:
        outcome = judge.run(case, torch.float64)
    except Refused:
        return False
    return outcome.dtype == torch.float64


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


def errors(judge, case, dtype):
    """{input: relative error of its gradient}, against the derivative of the value."""
    if dtype == torch.float64:
        wanted = differences(judge, case)
    else:
        wanted = case.truth(judge.claim, judge.rule).gradients
    outcome = judge.run(case, dtype)
    return {name: relative(outcome.gradients[name], wanted[name]) for name in wanted}


def detached(judge, case, dtype):
    """Is it the gradient that takes the margin's derivative as 1?"""
    wanted = case.truth(judge.claim, judge.rule, detached=True).gradients
    found = judge.run(case, dtype).gradients
    return all(relative(found[name], wanted[name]) < 1e-2 for name in wanted)


def judge_gradient(judge):
    """The finding on the gradient, and the slopes of the figure."""
    dtype = torch.float64 if takes_double(judge) else torch.float32
    how = "central differences in float64" if dtype == torch.float64 else (
        "the oracle's derivative, as float64 is not taken")
    scale, worst, same = judge.scales[0], (-1.0, None, None), []
    type_of = numpy.float64 if dtype == torch.float64 else numpy.float32
    tried = angles(judge.claim)
    for theta in tried:
        case = judge.case(theta, scale, dtype=type_of)
        for name, error in errors(judge, case, dtype).items():
            worst = max(worst, (error, theta, name), key=lambda item: item[0])
        same.append(detached(judge, case, dtype))
    error, theta, name = worst
    kind = "exact" if error <= ALLOWED[dtype] else ("detached" if all(same) else "wrong")
    judge.detached = kind == "detached"
    measured = {"kind": kind, "error": number(error), "theta": theta, "scale": scale,
                "allowed": ALLOWED[dtype]}
    if kind == "exact":
        yield Finding("gradient", KEPT, "the derivative of the value (%s): off by at most %.1e at "
                      "%d angles" % (how, error, len(tried)), measured)
    else:
        says = {"detached": "detached: the margin's derivative is taken as 1, so",
                "wrong": "not the derivative of its own value:"}[kind]
        yield Finding("gradient", BROKEN, "%s the gradient by %s is off by %s at %s, s = %g (%s)" % (
            says, {"x": "the embedding", "w": "the class weights"}.get(name, name), percent(error),
            degrees(theta), scale, how), measured, witness(judge, theta, scale, dtype, type_of))
    draw(judge)


def percent(error):
    return "%.3g %%" % (100 * error) if math.isfinite(error) else "everything (not finite)"


def witness(judge, theta, scale, dtype, type_of):
    def fails(case):
        found = errors(judge, case, dtype)
        name = max(found, key=found.get)
        if found[name] <= 10 * ALLOWED[dtype]:
            return None
        wanted = (differences(judge, case) if dtype == torch.float64
                  else case.truth(judge.claim, judge.rule).gradients)
        own = judge.run(case, dtype).gradients
        return {"of": name, "expected": wanted[name].tolist(), "found": own[name].tolist()}
    return judge.witness(fails, theta, scale, dtype=type_of)


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
