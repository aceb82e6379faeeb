#!/usr/bin/env python3
"""head(update=...): SGD and AdamW change w in place as their formulas say, and are refused otherwise."""

import tempfile
import unittest
from pathlib import Path

import margin_losses as ml
import numpy as np

N, D, C, STEPS = 20, 12, 50, 4


def problem(seed=1):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((N, D)).astype(np.float32)
    w = rng.standard_normal((C, D)).astype(np.float32)
    return x, w, rng.integers(-1, C, N)


def sgd(w, dw, state, *, momentum=0.0, weight_decay=0.0, nesterov=False):
    g = dw.astype(float) + weight_decay * w
    state["u"] = momentum * state.get("u", 0.0) + g
    return w - 0.1 * (g + momentum * state["u"] if nesterov else state["u"])


def adamw(w, dw, state, *, weight_decay=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    t = state["t"] = state.get("t", 0) + 1
    g = dw.astype(float)
    state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * g
    state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * g * g
    m, v = state["m"] / (1 - beta1**t), state["v"] / (1 - beta2**t)
    return w * (1 - 0.1 * weight_decay) - 0.1 * m / (np.sqrt(v) + epsilon)


class Steps(unittest.TestCase):
    def follow(self, made, formula, loss="arcface", bias=None, **options):
        x, w, y = problem()
        state, bias_state = {}, {}
        start = w.copy()
        for step in range(STEPS):
            stored = ml.head(x, w, y, loss=loss, bias=bias)
            want = formula(w, stored.dw, state, **options)
            if bias is not None:
                want_bias = formula(bias, stored.db, bias_state, **options)
            found = ml.head(x, w, y, loss=loss, bias=bias, update=made)
            self.assertEqual((found.loss, found.dw, found.db), (stored.loss, None, None))
            self.assertTrue((found.dx == stored.dx).all())
            np.testing.assert_allclose(w, want, rtol=1e-5, atol=2e-6)
            if bias is not None:
                np.testing.assert_allclose(bias, want_bias, rtol=1e-5, atol=2e-6)
            self.assertEqual(made.steps, step + 1)
        self.assertFalse((w == start).all())

    def test_sgd(self):
        self.follow(ml.SGD(0.1), sgd)
        options = {"momentum": 0.9, "weight_decay": 0.01}
        self.follow(ml.SGD(0.1, **options), sgd, **options)
        self.follow(ml.SGD(0.1, nesterov=True, **options), sgd, nesterov=True, **options)

    def test_adamw(self):
        self.follow(ml.AdamW(0.1), adamw)
        options = {"beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3, "weight_decay": 0.1}
        self.follow(ml.AdamW(0.1, **options), adamw, **options)

    def test_bias(self):
        bias = np.linspace(-1, 1, C, dtype=np.float32)
        self.follow(ml.SGD(0.1, momentum=0.5), sgd, "softmax", bias, momentum=0.5)
        self.follow(ml.AdamW(0.1), adamw, "softmax", bias)

    def test_renormalised(self):
        x, w, y = problem()
        ml.head(x, w, y, update=ml.SGD(0.1, renormalise=True))
        np.testing.assert_allclose(np.linalg.norm(w, axis=1), 1, rtol=1e-6)

    def test_some_classes(self):
        """Of a sample of the classes only these are changed."""
        x, w, y = problem()
        index = np.unique(np.concatenate([y[y >= 0], [3, 40]]))
        start = w.copy()
        ml.head(x, w, y, class_index=index, update=ml.SGD(0.1, weight_decay=0.1))
        self.assertEqual(list(np.flatnonzero((w != start).any(axis=1))), list(index))

    def test_a_mapped_file(self):
        x, w, y = problem()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "w.npy")
            np.save(path, w)
            mapped = np.load(path, mmap_mode="r+")
            for array in (w, mapped):
                ml.head(x, array, y, update=ml.SGD(0.1))
            mapped.flush()
            self.assertTrue((np.load(path) == w).all())


class Refusals(unittest.TestCase):
    def refused(self, error, text, w=None, **options):
        x, good, y = problem()
        before = good.copy()
        with self.assertRaises(error) as caught:
            ml.head(x, good if w is None else w, y, **options)
        self.assertIn(text, str(caught.exception))
        self.assertTrue((good == before).all())
        if isinstance(options.get("update"), ml.SGD):
            self.assertEqual(options["update"].steps, 0)

    def test_arguments(self):
        x, w, y = problem()
        made = ml.SGD(0.1, momentum=0.9)
        self.refused(TypeError, "update must be SGD(...) or AdamW(...), got str", update="sgd")
        self.refused(ValueError, "with gradients=False leave it out", update=made, gradients=False)
        self.refused(TypeError, "w must be a writable", w=w.astype(float), update=made)
        self.refused(ValueError, "not contiguous", w=np.asfortranarray(w), update=made)
        stored = ml.head(x, w, y)
        self.refused(ValueError, "give out with dx alone", update=made, out=stored)
        self.refused(ValueError, "momentum must be in [0, 1)", update=ml.SGD(momentum=1.0))
        self.refused(ValueError, "learning_rate", update=ml.SGD(-1.0))
        for steps, error in ((2.5, TypeError), (-1, ValueError)):
            going_on = ml.AdamW()
            going_on.steps = steps
            self.refused(error, "update.steps must be", update=going_on)
        other = ml.SGD(0.1, momentum=0.9)
        other.moments["moment1"] = np.zeros((C + 1, D), np.float32)
        self.refused(ValueError, "update.moments['moment1'] must be", update=other)
        other.moments = {"momentum": np.zeros((C, D), np.float32)}
        self.refused(ValueError, "update.moments has 'momentum': it takes moment1", update=other)


if __name__ == "__main__":
    unittest.main()
