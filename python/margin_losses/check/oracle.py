"""The loss of one row and its gradients in 50 decimal digits, from the very numbers that the loss
under judgement is given. Nothing cancels in 50 digits, so the formulas are the plain ones."""

import dataclasses

import mpmath
import numpy

DIGITS = 50


@dataclasses.dataclass
class Truth:
    """What is true of a row: everything as double, rounded from 50 digits once at the end."""

    loss: float
    wrong: float  # 1 - p, the probability of the other classes
    others: float  # log-sum-exp of the other classes' logits
    factor: float  # what multiplies psi: s, or s |x|, or s |x| |w|
    theta: float
    psi: float
    slope: float  # d psi / d theta
    gradients: dict  # name of an input -> array


def vectors(rows):
    return [[mpmath.mpf(float(value)) for value in row] for row in rows]


def length(vector):
    return mpmath.sqrt(mpmath.fdot(vector, vector))


def cross_entropy(logits, label):
    """(loss, p - onehot, log-sum-exp of the others) of one row."""
    others = [value for index, value in enumerate(logits) if index != label]
    top = max(others)
    rest = top + mpmath.log(mpmath.fsum(mpmath.exp(value - top) for value in others))
    gap = rest - logits[label]
    loss = gap + mpmath.log1p(mpmath.exp(-gap)) if gap > 0 else mpmath.log1p(mpmath.exp(gap))
    pull = [mpmath.exp(value - logits[label] - loss) for value in logits]
    pull[label] = -1 / (1 + mpmath.exp(-gap))
    return loss, pull, rest


def slope_of(claim, theta, rule, detached):
    value, slope = claim.psi(theta, rule, mpmath)
    return value, -mpmath.sin(theta) if detached else slope


def of_cosines(claim, scale, cosines, label, rule=None, detached=False):
    """The truth of a row of cosines; the gradient is by these ("cosines")."""
    with mpmath.workdps(DIGITS):
        row = [mpmath.mpf(float(value)) for value in cosines]
        theta = mpmath.acos(max(min(row[label], mpmath.mpf(1)), mpmath.mpf(-1)))
        psi, slope = slope_of(claim, theta, rule, detached)
        logits = [scale * value for value in row]
        logits[label] = scale * psi
        loss, pull, rest = cross_entropy(logits, label)
        gradient = [scale * value for value in pull]
        sine = mpmath.sin(theta)
        gradient[label] *= -slope / sine if sine else mpmath.mpf("inf")
        return Truth(
            float(loss),
            float(-pull[label]),
            float(rest),
            float(scale),
            float(theta),
            float(psi),
            float(slope),
            {"cosines": numpy.array([float(value) for value in gradient])},
        )


def of_vectors(claim, scale, x, w, label, rule=None, detached=False):
    """The truth of one embedding x [D] and class weights w [C, D]; gradients "x" and "w"."""
    with mpmath.workdps(DIGITS):
        (x,), w = vectors([x]), vectors(w)
        norm, norms = length(x), [length(row) for row in w]
        unit = [value / norm for value in x]
        units = [[value / n for value in row] for row, n in zip(w, norms)]
        cosines = [max(min(mpmath.fdot(unit, row), mpmath.mpf(1)), mpmath.mpf(-1)) for row in units]
        theta = mpmath.acos(cosines[label])
        psi, slope = slope_of(claim, theta, rule, detached)
        own = scale if claim.unit else scale * norm
        factors = [own * n if claim.loss == "softmax" else mpmath.mpf(own) for n in norms]
        targets = list(cosines)
        targets[label] = psi
        loss, pull, rest = cross_entropy([f * t for f, t in zip(factors, targets)], label)
        gx, gw = [mpmath.mpf(0)] * len(x), []
        for j, row in enumerate(units):
            sine = mpmath.sqrt(1 - cosines[j] ** 2)
            ratio = 1 if j != label else (-slope / sine if sine else mpmath.mpf(0))
            part = pull[j] * factors[j]
            to_x = turned(part * ratio, row, unit, cosines[j], norm)
            to_w = turned(part * ratio, unit, row, cosines[j], norms[j])
            if not claim.unit:  # the norm of x is a factor of the logit
                to_x = [t + part * targets[j] / norm * u for t, u in zip(to_x, unit)]
            if claim.loss == "softmax":
                to_w = [t + part * targets[j] / norms[j] * u for t, u in zip(to_w, row)]
            gx = [sum(pair) for pair in zip(gx, to_x)]
            gw.append([float(value) for value in to_w])
        gradients = {"x": numpy.array([float(value) for value in gx]), "w": numpy.array(gw)}
        return Truth(
            *(float(v) for v in (loss, -pull[label], rest, factors[label], theta, psi, slope)),
            gradients,
        )


def turned(along, other, own, cosine, norm):
    """The gradient by a vector that only turns: `along` times d cosine / d vector."""
    return [along * (o - cosine * u) / norm for o, u in zip(other, own)]
