"""Is every row of a batch right, whatever its label and however large the batch: value and gradient
of a few rows that have all labels, and of 64 rows with 2000 classes in 64 dimensions.

A loss that follows its formula is compared with the formula in float64, whose rounding is below
1e-11 of a result on these rows, which are far from converged. Of another loss it is known that
renaming the classes and changing the order of rows and dimensions changes nothing, so it is
compared with itself on the same batch in another order."""

import math

import numpy
import torch

from . import problems
from .judge import BROKEN, KEPT, NONE, TOLERANCE, Finding, number, psi_error, relative
from .sameness import ROWS, SHAPE
from .value import error_of, repeated, softplus

ALLOWED = {"value": 1e-4, "gradient": 1e-3}
MOST_LABELS = 8  # of a module that is there already and has many classes
SMALL = "every class", "every row's gradient"
LARGE = "large batch", "large batch gradient"


def truth(claim, case, rule=None, detached=False):
    """(losses, factors, gradients of the mean loss) of all rows by the formula, in float64."""
    table = {name: array.astype(numpy.float64) for name, array in case.arrays.items()}
    own = case.scale if claim.unit else claim.scale
    x, w = (table.get(name, numpy.ones((1, 1))) for name in ("x", "w"))
    norm, norms = (numpy.linalg.norm(array, axis=1, keepdims=True) for array in (x, w))
    u, v = x / norm, w / norms
    cosines = table["cosines"] if "cosines" in table else u @ v.T
    factors = numpy.full_like(cosines, own)
    if not claim.unit:
        factors = factors * norm
    if claim.loss == "softmax":
        factors = factors * norms.T
    targets, slopes = targets_of(claim, cosines, case.labels, rule, detached)
    losses, pulls = cross_entropy(factors * targets, case.labels)
    part = pulls * factors / case.rows
    along = part * slopes
    own_factors = factors[numpy.arange(case.rows), case.labels]
    if "cosines" in table:
        return losses, own_factors, {"cosines": along}
    dx = along @ v - (along * cosines).sum(1, keepdims=True) * u
    dw = along.T @ u - (along * cosines).sum(0)[:, None] * v
    if not claim.unit:  # the norm of x is a factor of the logit
        dx += (part * targets).sum(1, keepdims=True) * u
    if claim.loss == "softmax":
        dw += (part * targets).sum(0)[:, None] * v
    return losses, own_factors, {"x": dx / norm, "w": dw / norms}


def targets_of(claim, cosines, labels, rule, detached):
    """Logits / factor, and their derivatives by the cosines."""
    targets, slopes = cosines.copy(), numpy.ones_like(cosines)
    for row, label in enumerate(labels):
        theta = math.acos(max(min(cosines[row, label], 1.0), -1.0))
        targets[row, label], slope = claim.psi(theta, rule)
        if not detached:
            slopes[row, label] = -slope / math.sin(theta)
    return targets, slopes


def cross_entropy(logits, labels):
    """(losses, their derivatives by the logits)."""
    rows = numpy.arange(len(labels))
    others = logits.copy()
    others[rows, labels] = -math.inf
    top = others.max(1, keepdims=True)
    rest = top[:, 0] + numpy.log(numpy.exp(others - top).sum(1))
    losses = numpy.array([softplus(gap) for gap in rest - logits[rows, labels]])
    pulls = numpy.exp(others - logits[rows, labels][:, None] - losses[:, None])
    pulls[rows, labels] = numpy.expm1(-losses)
    return losses, pulls


def reordered(name, array, classes, back=False):
    """An input with rows and dimensions in the opposite order, and classes half way round."""
    shift = -(classes // 2) if back else classes // 2
    if name == "w":
        return numpy.roll(array, shift, 0)[:, ::-1].copy()
    return (numpy.roll(array, shift, 1)[::-1] if name == "cosines" else array[::-1, ::-1]).copy()


def other_order(judge, case):
    """The same batch with its rows, classes and dimensions in another order."""
    classes = judge.subject.classes(case)
    arrays = {name: reordered(name, array, classes) for name, array in case.arrays.items()}
    return case.changed(labels=((case.labels + classes // 2) % classes)[::-1].copy(), **arrays)


class Measure:
    """How a batch is compared: what is known of the loss from the findings so far."""

    def __init__(self, judge, found):
        self.judge = judge
        self.formula = judge.formula
        by_name = {finding.promise: finding for finding in found}
        self.kinds = by_name["gradient"].measured.get("kind", {}) if "gradient" in by_name else {}
        right = "value" in by_name and by_name["value"].verdict == KEPT
        double = judge.double and not (self.formula and right)
        self.dtype = torch.float64 if double else torch.float32
        self.against = "the formula" if self.formula else "itself in another order"

    def case(self, rows, shape):
        judge = self.judge
        dtype = numpy.float64 if self.dtype == torch.float64 else numpy.float32
        scale = judge.claim.scale if rows == ROWS else judge.scales[0]
        return problems.open_crowd(judge.claim, judge.subject.takes, scale, rows, shape, dtype)

    def value(self, case):
        """(error, found, wanted) of the mean loss, or of the worst row where rows are given."""
        judge = self.judge
        found = judge.subject.losses(case, self.dtype)
        if not self.formula:
            wanted = judge.subject.losses(other_order(judge, case), self.dtype)[::-1]
            errors = [error_of(a, b) for a, b in zip(found, wanted)]
        else:
            losses, factors, _ = truth(judge.claim, case, judge.rule)
            wanted = losses if len(found) == case.rows else [float(losses.mean())]
            errors = [psi_error(f, a, b) for f, a, b in zip(factors, found, wanted)]
        worst = int(numpy.argmax(errors))
        return errors[worst], float(found[worst]), float(wanted[worst])

    def gradients(self, case):
        """[(input, row or None, error)]: by embeddings or cosines of every row, by weights."""
        judge = self.judge
        found = judge.run(case, self.dtype).whole
        if self.formula:
            exact = truth(judge.claim, case, judge.rule)[2]
            loose = truth(judge.claim, case, judge.rule, detached=True)[2]
            kinds = {name: self.kinds.get(name, "exact") for name in found}
            wanted = {
                name: loose[name] if kinds[name] == "detached" else exact[name]
                for name in found
                if kinds[name] != "wrong"
            }
        else:
            other = judge.run(other_order(judge, case), self.dtype).whole
            classes = judge.subject.classes(case)
            wanted = {
                name: reordered(name, array, classes, back=True) for name, array in other.items()
            }
        return [entry for name in wanted for entry in by_row(name, found[name], wanted[name])]


def by_row(name, found, wanted):
    """Relative errors of each row; a row whose gradient is small counts as a hundredth of the
    largest. Class weights are taken together."""
    if name == "w":
        return [(name, None, relative(found, wanted))]
    floor = 0.01 * float(numpy.linalg.norm(wanted, axis=1).max())
    return [(name, row, relative(found[row], wanted[row], floor)) for row in range(len(wanted))]


def judge_small(judge, found):
    """Each class as the target, and the gradient of each row of a batch."""
    measure = Measure(judge, found)
    classes = judge.subject.shape[0]
    case = measure.case(min(max(classes, 5), MOST_LABELS), judge.subject.shape)
    yield every_class(measure, case)
    yield gradient(measure, case, SMALL[1], whole(case))


def judge_large(judge, found):
    """Value and gradient of many rows, classes and dimensions."""
    measure = Measure(judge, found)
    shape = SHAPE if judge.subject.sizes else judge.subject.shape
    case = measure.case(ROWS, shape)
    told = {"rows": ROWS, "classes": shape[0], "made by": "problems.open_crowd"}
    error, given, wanted = measure.value(case)
    measured = {"error": number(error), "allowed": ALLOWED["value"]}
    size = "%d rows, %d classes" % (ROWS, judge.subject.classes(case))
    if error <= ALLOWED["value"]:
        says = "%s: as %s (off by at most %.1e)" % (size, measure.against, error)
        yield Finding(LARGE[0], KEPT, says, measured)
    else:
        says = "%s: the loss is %.6g, but by %s %.6g" % (size, given, measure.against, wanted)
        told = dict(told, expected=number(wanted), found=number(given))
        yield Finding(LARGE[0], BROKEN, says, measured, told)
    yield gradient(measure, case, LARGE[1], told)


def whole(case):
    """A batch with all its rows, for a report."""
    told = {name: array.tolist() for name, array in case.arrays.items()}
    return dict(told, labels=case.labels.tolist(), scale=case.scale)


def every_class(measure, case):
    """Is the loss of a row right for each label?"""
    errors, faults, shown = [], {}, None
    for row, label in enumerate(case.labels.tolist()):
        alone = repeated(case, row)
        error, given, wanted = measure.value(alone)
        errors.append(error)
        if not error <= TOLERANCE:
            faults[label] = (given, wanted)
            shown = shown or dict(alone.told(), expected=number(wanted), found=number(given))
    measured = {"error": number(max(errors)), "labels": case.labels.tolist()}
    if not faults:
        labels = ", ".join(str(label) for label in sorted(set(case.labels.tolist())))
        says = "labels %s: as %s" % (labels, measure.against)
        return Finding(SMALL[0], KEPT, says, measured)
    label, pair = min(faults.items())
    says = "wrong for label %s of %d classes: label %d gives %.6g, but by %s %.6g" % (
        ", ".join(str(name) for name in sorted(faults)),
        measure.judge.subject.classes(case),
        label,
        pair[0],
        measure.against,
        pair[1],
    )
    return Finding(SMALL[0], BROKEN, says, measured, shown)


def gradient(measure, case, promise, told):
    """Is the gradient of every row right?"""
    entries = measure.gradients(case)
    if not entries:
        says = "the gradient is another one already for a single row"
        return Finding(promise, NONE, says)
    name, row, error = max(entries, key=lambda entry: entry[2])
    measured = {"error": number(error), "allowed": ALLOWED["gradient"]}
    if error <= ALLOWED["gradient"]:
        says = "of all %d rows as by %s (off by at most %.1e)"
        return Finding(promise, KEPT, says % (case.rows, measure.against, error), measured)
    bad = sorted({r for n, r, e in entries if r is not None and not e <= ALLOWED["gradient"]})
    what = {"x": "embeddings", "w": "class weights"}.get(name, name)
    where = " of row %s" % short(bad) if row is not None else ""
    says = "by the %s%s not that by %s: off by %s" % (what, where, measure.against, percent(error))
    return Finding(promise, BROKEN, says, measured, dict(told, of=name))


def short(rows):
    text = ", ".join(str(row) for row in rows[:5])
    return text + (" and %d more" % (len(rows) - 5) if len(rows) > 5 else "")


def percent(error):
    return "%.3g %%" % (100 * error) if math.isfinite(error) else "everything (not finite)"
