"""Is everything finite: at 0 and pi, for zero vectors, for extreme norms, up to which scale."""

import functools
import math

import numpy

from .claim import UsageError
from .judge import BROKEN, KEPT, NONE, Finding, degrees
from .subject import Refused

LARGEST_PROMISED = 1024.0
DIRECTIONS = 64


def judge_finite(judge):
    yield ends(judge)
    yield zero(judge)
    yield extremes(judge)
    yield largest_scale(judge)


def bad(outcome):
    """What of an outcome is not finite, in words."""
    names = {
        "x": "the embedding's gradient",
        "w": "the class weights' gradient",
        "cosines": "the gradient",
    }
    parts = [] if math.isfinite(outcome.loss) else ["the loss"]
    return parts + [
        names[name] for name, array in outcome.gradients.items() if not numpy.isfinite(array).all()
    ]


def smallest(judge, makers):
    """The smallest case that is not finite, told; `makers` make one from a shape and rows."""
    for shape in judge.small_shapes():
        for rows in (1, 2):
            for make in makers:
                try:
                    case = make(shape=shape, rows=rows)
                    found = bad(judge.run(case))
                except (Refused, UsageError):
                    continue
                if found:
                    return dict(case.told(), found=" and ".join(found) + " not finite")
    return None


def at_end(judge, theta, seed, **size):
    """A row exactly at 0 or pi; cosines may also be rounded beyond 1."""
    case = judge.case(theta, judge.claim.scale, seed=seed, axis=seed % 4 == 0, **size)
    if judge.subject.takes != "cosines" or seed % 2 == 0:
        return case
    cosines = case.arrays["cosines"].copy()
    cosines[:, case.labels[0]] *= numpy.float32(1 + 2.0**-23)
    return case.changed(cosines=cosines)


def ends(judge):
    """Rows whose embedding is, or is opposite to, its class weight, in many directions."""
    tried = [(theta, seed) for theta in (0.0, math.pi) for seed in range(DIRECTIONS)]
    failed = {}
    for theta, seed in tried:
        found = bad(judge.run(at_end(judge, theta, seed)))
        if found:
            failed[theta, seed] = found
    measured = {"share": len(failed) / len(tried), "rows": len(tried)}
    if not failed:
        says = "finite in %d rows at exactly 0 and 180 degrees" % len(tried)
        return Finding("ends", KEPT, says, measured)
    says = "not finite in %.0f %% of the rows at 0 and 180 degrees (%s at %s)" % (
        100 * measured["share"],
        next(iter(failed.values()))[0],
        " and ".join(degrees(theta) for theta in sorted({theta for theta, _ in failed})),
    )
    makers = [functools.partial(at_end, judge, theta, seed) for theta, seed in tried]
    return Finding("ends", BROKEN, says, measured, smallest(judge, makers))


def times(judge, name, factor, **size):
    """An ordinary case whose embedding, or whose target's class weight, is this many times it."""
    case = judge.case(1.0, judge.claim.scale, **size)
    array = case.arrays[name].copy()
    rows = case.labels[0] if name == "w" and factor == 0.0 else slice(None)
    array[rows] *= numpy.float32(factor)
    return case.changed(**{name: array})


def lengths(judge, promise, factors, kept):
    """The finding on vectors of unusual lengths."""
    for name, what in (("x", "embeddings"), ("w", "class weights")):
        for factor in factors:
            make = functools.partial(times, judge, name, factor)
            found = bad(judge.run(make()))
            if found:
                says = "%s not finite for %s times %g" % (" and ".join(found), what, factor)
                measured = {"of": name, "factor": factor}
                return Finding(promise, BROKEN, says, measured, smallest(judge, [make]))
    return Finding(promise, KEPT, kept)


def zero(judge):
    """A zero vector has no direction; it must not spoil the batch."""
    if judge.subject.takes == "cosines":
        return Finding("zero vectors", NONE, "cosines have no vectors")
    kept = "finite for a zero embedding and a zero class weight"
    return lengths(judge, "zero vectors", (0.0,), kept)


def extremes(judge):
    """Vectors that are long or short, with squares beyond float32."""
    if judge.subject.takes == "cosines":
        return Finding("extreme norms", NONE, "cosines have no norms")
    if not judge.claim.unit:
        return Finding("extreme norms", NONE, "the norm is part of the scale")
    factors = [10.0**power for power in (10, 20, 30, -10, -20, -30)]
    return lengths(judge, "extreme norms", factors, "finite for vectors times 1e-30 to 1e30")


def largest_scale(judge):
    """The largest scale, in powers of 4, up to which rows of all kinds stay finite."""
    if not (judge.subject.maker.scales and judge.claim.unit):
        return Finding("scale", NONE, "its scale cannot be chosen from here")
    reached, failed, then = 0.0, None, " and beyond"
    for power in range(13):
        try:
            failed = first_bad(judge, 4.0**power)
        except (Refused, UsageError):
            then = "; larger ones are refused"
            break
        if failed:
            then = ""
            break
        reached = 4.0**power
    measured = {"largest": reached, "promised": LARGEST_PROMISED}
    says = "finite up to s = %.4g%s" % (reached, then)
    if reached >= LARGEST_PROMISED:
        return Finding("scale", KEPT, says, measured)
    return Finding("scale", BROKEN, says + " only", measured, failed)


def first_bad(judge, scale):
    """The first case of three angles that is not finite at a scale, told; None where all are."""
    for theta in (0.1, 1.5, 3.0):
        for even in (True, False):
            make = functools.partial(judge.case, theta, scale, even=even)
            if bad(judge.run(make())):
                return smallest(judge, [make])
    return None
