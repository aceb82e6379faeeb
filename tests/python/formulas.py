"""The losses as the papers write them, in float64 and without any care for digits: what the tests
hold the package to. Must not call the package."""

import math

import numpy as np

SCALES = {"softmax": 1.0}
MARGINS = {
    "softmax": (1.0, 0.0, 0.0),
    "normsoftmax": (1.0, 0.0, 0.0),
    "sphereface": (1.35, 0.0, 0.0),
    "cosface": (1.0, 0.0, 0.35),
    "arcface": (1.0, 0.5, 0.0),
    "combined": (1.0, 0.3, 0.2),
}


def target(cosine, m1, m2, m3, past_pi):
    """What the loss makes of the target's cosine."""
    phi = m1 * np.arccos(cosine) + m2
    k = np.floor(phi / math.pi)
    beyond = {
        "paper": np.cos(phi),
        "monotone": (-1.0) ** k * np.cos(phi) - 2.0 * k,
        "taylor": cosine - m2 * math.sin(m2),
        "clamp": np.cos(np.minimum(phi, math.pi)),
    }
    if past_pi == "easy":
        return np.where(cosine > 0.0, np.cos(phi) - m3, cosine)
    return np.where(phi > math.pi, beyond[past_pi], np.cos(phi)) - m3


def unit(v):
    """Rows at length 1; a zero vector stays one."""
    length = np.linalg.norm(v, axis=1, keepdims=True)
    return v / np.where(length > 0, length, 1)


class Case:
    """A loss with its settings and everything that a caller gives rows and classes."""

    def __init__(self, loss, y, **settings):
        self.loss, self.y, self.given = loss, y, settings
        self.m1, self.m2, self.m3 = MARGINS[loss]
        self.m1, self.m2, self.m3 = (settings.get(k, getattr(self, k)) for k in ("m1", "m2", "m3"))
        self.past_pi = settings.get("past_pi", "monotone" if loss == "sphereface" else "paper")
        ignored = settings.get("ignore_label", -1)
        self.rows = np.flatnonzero((y != ignored) & (y != -1))
        self.frozen = None  # the target's margin, where it is not differentiated

    def margins(self):
        """m1, m2 and m3 of each counted row."""
        m = [np.full(len(self.rows), v) for v in (self.m1, self.m2, self.m3)]
        which = {"sphereface": 0, "arcface": 1, "cosface": 2}.get(self.loss)
        if "row_margin" in self.given:
            m[which] = np.float64(self.given["row_margin"])[self.rows]
        if "class_margin" in self.given:
            m[which] = np.float64(self.given["class_margin"])[self.y[self.rows]]
        return m

    def psi(self, cosine):
        m1, m2, m3 = self.margins()
        each = [target(c, *m, self.past_pi) for c, *m in zip(cosine, m1, m2, m3)]
        lam = self.given.get("lambda_", 0.0)
        return (lam * cosine + np.array(each)) / (1.0 + lam)

    def factors(self):
        """Of each counted row, in the objective."""
        v = np.ones(len(self.rows))
        if "class_weight" in self.given:
            v = np.float64(self.given["class_weight"])[self.y[self.rows]]
        if "row_weight" in self.given:
            return v * np.float64(self.given["row_weight"])[self.rows]
        return v / v.sum()

    def scale(self, x):
        if self.given.get("feature_norm") == "keep":
            return np.linalg.norm(x[self.rows], axis=1)
        if "row_scale" in self.given:
            return np.float64(self.given["row_scale"])[self.rows]
        return np.full(len(self.rows), self.given.get("scale", SCALES.get(self.loss, 64.0)))

    def of_cosines(self, cosines, scale):
        """The objective, each counted row's loss, and the log-sum-exp of its negatives."""
        at = (np.arange(len(self.rows)), self.y[self.rows])
        own = cosines[at]
        if self.loss == "softmax":
            psi = own
        elif self.given.get("gradient") == "detached":
            if self.frozen is None:
                self.frozen = self.psi(own) - own
            psi = own + self.frozen
        else:
            psi = self.psi(own)
        logits = scale[:, None] * cosines
        logits[at] = scale * psi
        others = np.exp(logits)
        others[at] = 0.0
        smoothing = self.given.get("label_smoothing", 0.0)
        total = np.log(others.sum(axis=1) + np.exp(logits[at]))
        losses = total - (1 - smoothing) * logits[at] - smoothing * logits.mean(axis=1)
        return self.factors() @ losses, losses, np.log(others.sum(axis=1))

    def head(self, x, w, b=0.0):
        if self.loss == "softmax":
            cosines = x[self.rows] @ w.T + b
        else:
            cosines = unit(x[self.rows]) @ unit(w).T
        return self.of_cosines(cosines, self.scale(x))


def slope(f, array, step=1e-6):
    """The derivative of f() by each element of an array that it reads, by central differences."""
    out = np.empty_like(array)
    for i in np.ndindex(*array.shape):
        kept = array[i]
        array[i] = kept + step
        above = f()
        array[i] = kept - step
        out[i] = (above - f()) / (2 * step)
        array[i] = kept
    return out
