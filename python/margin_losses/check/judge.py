"""What the judges share: the finding that each gives, and the case at hand with its errors."""

import dataclasses
import math
import random

import numpy
import torch

from . import problems
from .claim import UsageError
from .subject import Refused

KEPT, BROKEN, NONE, MEASURED = "kept", "broken", "not applicable", "measured"

# Errors of the target's logit / s that pass: rounding reaches a few 1e-7; near 0 and pi the arc
# cosine of a float32 cosine is off by some 1e-4 and passes, a clamp of 1e-4 does not.
TOLERANCE, TOLERANCE_AT_ENDS, ENDS = 1e-4, 1e-3, 0.02
# How often the same call is tried, and by how much its values may differ, relatively.
CALLS, ROUNDING = 8, 5e-7


@dataclasses.dataclass
class Finding:
    """A promise and its verdict. `measured` holds numbers, `witness` the smallest input that shows
    a broken promise."""

    promise: str
    verdict: str
    says: str
    measured: dict = dataclasses.field(default_factory=dict)
    witness: object = None


def degrees(theta):
    return "%.4g degrees" % math.degrees(theta)


class Judge:
    """A subject, its claim, and what earlier findings learnt: the rule that it follows past pi,
    whether its value is the formula's and its gradient detached, and the curve of the figure."""

    def __init__(self, subject, claim):
        self.subject, self.claim = subject, claim
        self.rule = claim.past_pi or "paper"
        self.formula, self.detached, self.blind = True, False, False
        self.curve = []
        self.varies = repeated(subject, self.case(1.0, self.scales[0]))
        self.double = not self.varies and self.takes_double()

    @property
    def scales(self):
        """The scales to judge at: several where the loss can be had with them."""
        if not self.subject.scales:
            return [self.claim.scale]
        return sorted({8.0, 16.0, 64.0} | ({self.claim.scale} if self.claim.unit else set()))

    def case(self, theta, scale, **options):
        options.setdefault("shape", self.subject.shape)
        return problems.make(self.claim, self.subject.takes, theta, scale, **options)

    def run(self, case, dtype=torch.float32):
        self.steady()
        return self.subject.run(case, dtype)

    def steady(self):
        """UsageError where nothing can be said of the loss, as it gives what it likes."""
        if self.varies:
            raise UsageError("the same call gives different values")

    def takes_double(self):
        """Does float64 work, and give float64?"""
        try:
            outcome = self.run(self.case(1.0, self.scales[0], dtype=numpy.float64), torch.float64)
        except Refused:
            return False
        return outcome.dtype == torch.float64

    def reference(self, case):
        """(loss, gradients) that a case should have: the oracle's; of a loss with another formula
        its own in float64; None where there is neither."""
        if self.formula:
            truth = case.truth(self.claim, self.rule, self.detached)
            return truth.loss, truth.gradients
        if not self.double:
            return None
        own = self.run(case, torch.float64)
        return own.loss, own.gradients

    def small_shapes(self):
        """Shapes (C, D) for a witness, the smallest first."""
        return ((2, 2), self.subject.shape) if self.subject.sizes else (self.subject.shape,)

    def witness(self, fails, theta, scale, **options):
        """The smallest case near `theta` that still fails: two classes, two dimensions, one row,
        and a round angle, where these do. `fails` gives a dict of what was found, or None."""
        spare = None  # a case that fails by not being finite, which may be another failure
        for round_to in (1, 2, 6, 17):
            angle = theta if theta in (0.0, math.pi) else round(theta, round_to)
            if angle == 0.0 != theta:
                continue
            for shape in self.small_shapes():
                for rows in (1, 2):
                    case = self.case(angle, scale, shape=shape, rows=rows, **options)
                    try:
                        found = fails(case)
                    except (Refused, UsageError, ZeroDivisionError):
                        continue
                    if found and finite(found.get("found")):
                        return dict(case.told(), theta=angle, **found)
                    if found and spare is None:
                        spare = dict(case.told(), theta=angle, **found)
        return spare


def repeated(subject, case):
    """How the value of the same call, its running state set back, differs from call to call, in
    words; "" where it differs by a few units of rounding of float32 at most."""
    try:
        values = [subject.value(case) for _ in range(CALLS)]
        seeded = [seeded_value(subject, case) for _ in range(2)]
    except Refused:
        return ""
    gap = max(values) - min(values)
    if not gap > ROUNDING * max(abs(value) for value in values):
        return ""
    says = "%d calls give values from %.9g to %.9g" % (CALLS, min(values), max(values))
    if seeded[0] == seeded[1]:
        return says + "; with the same seed the same one, so it draws random numbers"
    return says + "; with the same seed, too, so it keeps state that is no buffer of a module"


def seeded_value(subject, case):
    """The value of a case after setting the seeds; the generators are put back."""
    states = torch.get_rng_state(), numpy.random.get_state(), random.getstate()
    try:
        torch.manual_seed(1)
        numpy.random.seed(1)
        random.seed(1)
        return subject.value(case)
    finally:
        torch.set_rng_state(states[0])
        numpy.random.set_state(states[1])
        random.setstate(states[2])


def finite(found):
    """Is a number, or each of nested lists, finite? What is no number counts as finite."""
    if isinstance(found, list):
        return all(finite(item) for item in found)
    return found not in ("nan", "inf", "-inf") and (
        not isinstance(found, float) or math.isfinite(found)
    )


def gap_of(loss):
    """The others' log-sum-exp less the target's logit, from a loss; nan where it is not above 0."""
    if not 0.0 < loss < math.inf:
        return math.nan
    return loss + math.log(-math.expm1(-loss))


def psi_error(factor, loss, wanted):
    """By how much the target's logit / s is off, from a row's loss; infinite for one that is not
    finite. Rows that are nearly certain say little about it, and count as if they were less so."""
    if not math.isfinite(loss):
        return math.inf
    if min(loss, wanted) > 0.05:
        return abs(gap_of(loss) - gap_of(wanted)) / factor
    return abs(loss - wanted) / (factor * 0.05)


def tolerance(theta):
    return TOLERANCE_AT_ENDS if min(theta, math.pi - theta) <= ENDS else TOLERANCE


def relative(found, wanted, floor=0.0):
    """The relative difference of two arrays by length, of which one below `floor` counts as that;
    nan counts as infinite."""
    size = max(float(numpy.linalg.norm(wanted)), floor)
    gap = float(numpy.linalg.norm(found - wanted))
    if not math.isfinite(gap):
        return math.inf
    return gap / size if size else (0.0 if gap == 0.0 else math.inf)


def number(value):
    """A number for JSON and reports; what is not finite as its name."""
    value = float(value)
    return value if math.isfinite(value) else repr(value)
