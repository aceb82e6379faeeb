"""Small inputs: one row with a wanted angle to its class, and rivals at wanted cosines."""

import dataclasses
import math

import numpy

from . import oracle


@dataclasses.dataclass
class Case:
    """One row, given `rows` times over, so that the batch's mean is the row's loss. Arrays are
    float32, or what `dtype` says; `cosines` [N, C] or `x` [N, D] and `w` [C, D]."""

    scale: float
    labels: numpy.ndarray
    arrays: dict
    theta: float = math.nan

    @property
    def rows(self):
        return len(self.labels)

    def truth(self, claim, rule=None, detached=False, row=0):
        """What the oracle says of row `row`."""
        label = int(self.labels[row])
        own = self.scale if claim.unit else claim.scale
        if "cosines" in self.arrays:
            return oracle.of_cosines(claim, own, self.arrays["cosines"][row], label, rule, detached)
        return oracle.of_vectors(
            claim, own, self.arrays["x"][row], self.arrays["w"], label, rule, detached
        )

    def changed(self, **arrays):
        """The same case with other arrays or labels."""
        labels = arrays.pop("labels", self.labels)
        return Case(self.scale, labels, dict(self.arrays, **arrays), self.theta)

    def told(self):
        """The input as plain numbers, for a report; `times` tells how often the row is given."""
        first = {
            name: (array if name == "w" else array[:1]).tolist()
            for name, array in self.arrays.items()
        }
        told = dict(first, labels=[int(self.labels[0])], scale=self.scale)
        return dict(told, times=self.rows) if self.rows > 1 else told


def unit(vector):
    return vector / math.sqrt(float(numpy.dot(vector, vector)))


def across(draw, axis):
    """A random unit vector at right angles to the unit vector `axis`."""
    vector = draw.standard_normal(len(axis))
    return unit(vector - numpy.dot(vector, axis) * axis)


def level(claim, theta):
    """The cosine at which a rival's logit is the target's, so that neither is certain."""
    return min(max(claim.psi(theta, "paper")[0], -0.95), 0.95)


def rivals(claim, theta, classes, even, draw):
    """Cosines of the other classes: one level with the target (even), or all small."""
    low = -0.3 + 0.4 * draw.random(classes)
    if even:
        top = level(claim, theta)
        low = numpy.maximum(top - 0.1 - 0.3 * draw.random(classes), -0.97)
        low[0] = top
    return low


def make(
    claim, takes, theta, scale, shape, even=True, seed=0, rows=2, dtype=numpy.float32, axis=False
):
    """The case of a row at `theta` from its class; shape is (C, D). With `axis` the class
    weight lies on an axis, so that its cosine with itself is 1 without rounding."""
    classes, dim = shape
    draw = numpy.random.default_rng([seed, int(1e6 * theta)])
    label = min(1, classes - 1)
    labels = numpy.full(rows, label, dtype=numpy.int64)
    others = rivals(claim, theta, classes - 1, even, draw)
    if takes == "cosines":
        cosines = numpy.insert(others, label, math.cos(theta))
        table = numpy.repeat(cosines[None].astype(dtype), rows, 0)
        return Case(scale, labels, {"cosines": table}, theta)
    target = numpy.eye(dim)[seed % dim] if axis else unit(draw.standard_normal(dim))
    x = math.cos(theta) * target + math.sin(theta) * across(draw, target)
    w = [c * x + math.sqrt(1 - c * c) * across(draw, x) for c in others]
    w.insert(label, target)
    norm = 2.0 if claim.unit else scale / claim.scale
    norms = 0.5 + draw.random(classes) if claim.unit else numpy.ones(classes)
    w = (numpy.array(w) * norms[:, None]).astype(dtype)
    if theta in (0.0, math.pi):  # exactly: the class weight itself, times a power of two
        x = w[label] * (norm if theta == 0.0 else -norm)
    else:
        x = (norm * x).astype(dtype)
    return Case(scale, labels, {"x": numpy.repeat(x[None], rows, 0).astype(dtype), "w": w}, theta)


def crowd(claim, takes, scale, rows, shape, seed=0, dtype=numpy.float32):
    """A case of `rows` different random rows, for what is judged of a whole batch."""
    classes, dim = shape
    draw = numpy.random.default_rng([seed, rows, classes])
    labels = draw.integers(0, classes, rows)
    if takes == "cosines":
        cosines = draw.uniform(-0.6, 0.6, (rows, classes))
        return Case(scale, labels, {"cosines": cosines.astype(dtype)})
    x = draw.standard_normal((rows, dim)) * draw.uniform(0.5, 2.0, (rows, 1))
    if not claim.unit:
        x *= scale / claim.scale / numpy.linalg.norm(x, axis=1, keepdims=True)
    w = draw.standard_normal((classes, dim))
    if not claim.unit:
        w /= numpy.linalg.norm(w, axis=1, keepdims=True)
    return Case(scale, labels, {"x": x.astype(dtype), "w": w.astype(dtype)})


def open_crowd(claim, takes, scale, rows, shape, dtype=numpy.float32, seed=11):
    """A batch of different rows, each short of where m1 theta + m2 reaches pi and far from
    converged; labels go from the first class to the last."""
    classes, dim = shape
    draw = numpy.random.default_rng([seed, rows, classes])
    labels = draw.permutation(numpy.round(numpy.linspace(0, classes - 1, rows)).astype(numpy.int64))
    angles = claim.break_at * draw.uniform(0.35, 0.7, rows)
    if takes == "cosines":
        table = draw.uniform(-0.6, 0.6, (rows, classes))
        for row, (label, theta) in enumerate(zip(labels, angles)):
            rival = (label + 1 + draw.integers(classes - 1)) % classes
            table[row, rival] = max(table[row, rival], level(claim, theta))
            table[row, label] = math.cos(theta)
        return Case(scale, labels, {"cosines": table.astype(dtype)})
    w = numpy.array([unit(row) for row in draw.standard_normal((classes, dim))])
    x = [open_row(claim, w, label, theta, draw) for label, theta in zip(labels, angles)]
    norm = 1.0 if claim.unit else scale / claim.scale
    x = numpy.array(x) * norm * draw.uniform(0.7, 1.5, (rows, 1))
    w = w * draw.uniform(0.7, 1.5, (classes, 1))
    return Case(scale, labels, {"x": x.astype(dtype), "w": w.astype(dtype)})


def open_row(claim, w, label, theta, draw):
    """A unit vector at `theta` from its class, if possible as near to another as to its own after
    the margin."""
    for _ in range(40):
        x = math.cos(theta) * w[label] + math.sin(theta) * across(draw, w[label])
        if numpy.delete(w @ x, label).max() >= level(claim, theta):
            break
    return x
