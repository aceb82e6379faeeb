"""Is everything finite: at 0 and pi, for zero vectors, for extreme norms, up to which scale."""

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


def at_end(judge, theta, seed):
    """A row exactly at 0 or pi; cosines may also be rounded beyond 1."""
    case = judge.case(theta, judge.claim.scale, seed=seed, axis=seed % 4 == 0)
    if judge.subject.takes != "cosines" or seed % 2 == 0:
        return case
    cosines = case.arrays["cosines"].copy()
    cosines[:, case.labels[0]] *= numpy.float32(1 + 2.0**-23)
    return case.changed(cosines=cosines)


def ends(judge):
    """Rows whose embedding is, or is opposite to, its class weight, in many directions."""
    failed, whole, first = [], 0, None
    for theta in (0.0, math.pi):
        for seed in range(DIRECTIONS):
            whole += 1
            case = at_end(judge, theta, seed)
            found = bad(judge.run(case))
            if found:
                failed.append(theta)
                first = first or dict(case.told(), theta=theta, found=found[0] + " not finite")
    share = len(failed) / whole
    measured = {"share": share, "rows": whole}
    if not failed:
        return Finding(
            "ends", KEPT, "finite in %d rows at exactly 0 and 180 degrees" % whole, measured
        )
    where = " and ".join(degrees(theta) for theta in sorted(set(failed)))
    return Finding(
        "ends",
        BROKEN,
        "not finite in %.0f %% of the rows at 0 and 180 degrees (%s at %s)"
        % (100 * share, first["found"].replace(" not finite", ""), where),
        measured,
        first,
    )


def zero(judge):
    """A zero vector has no direction; it must not spoil the batch."""
    if judge.subject.takes == "cosines":
        return Finding("zero vectors", NONE, "cosines have no vectors")
    for name in ("x", "w"):
        case = judge.case(1.0, judge.claim.scale)
        array = case.arrays[name].copy()
        array[case.labels[0] if name == "w" else slice(None)] = 0.0
        case = case.changed(**{name: array})
        found = bad(judge.run(case))
        if found:
            what = "embedding" if name == "x" else "class weight"
            return Finding(
                "zero vectors",
                BROKEN,
                "%s not finite for a zero %s" % (" and ".join(found), what),
                {"of": name},
                dict(case.told(), found=found[0]),
            )
    return Finding("zero vectors", KEPT, "finite for a zero embedding and a zero class weight")


def extremes(judge):
    """Vectors that are long or short, with squares beyond float32."""
    if judge.subject.takes == "cosines" or not judge.claim.unit:
        return Finding(
            "extreme norms",
            NONE,
            (
                "cosines have no norms"
                if judge.subject.takes == "cosines"
                else "the norm is part of the scale"
            ),
        )
    for name in ("x", "w"):
        for power in (10, 20, 30, -10, -20, -30):
            case = judge.case(1.0, judge.claim.scale)
            array = (case.arrays[name] * numpy.float32(10.0) ** power).astype(numpy.float32)
            case = case.changed(**{name: array})
            found = bad(judge.run(case))
            if found:
                what = "embeddings" if name == "x" else "class weights"
                return Finding(
                    "extreme norms",
                    BROKEN,
                    "%s not finite for %s times 1e%d" % (" and ".join(found), what, power),
                    {"of": name, "power_of_ten": power},
                    dict(case.told(), found=found[0]),
                )
    return Finding("extreme norms", KEPT, "finite for vectors times 1e-30 to 1e30")


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
    for theta in (0.1, 1.5, 3.0):
        for even in (True, False):
            case = judge.case(theta, scale, even=even)
            found = bad(judge.run(case))
            if found:
                return dict(case.told(), theta=theta, found=found[0] + " not finite")
    return None
