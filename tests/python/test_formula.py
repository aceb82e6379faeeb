#!/usr/bin/env python3
"""head, rows and predict against formulas in float64 and finite differences of them."""

import unittest

import numpy as np
from formulas import MARGINS, Case, slope, unit

import margin_losses as ml
from margin_losses import _arrays

N, D, C = 7, 5, 4
PAST_PI = ("paper", "monotone", "taylor", "clamp", "easy")


def problem(seed=1):
    """Embeddings of all angles to their class's weight, and of different lengths."""
    random = np.random.default_rng(seed)
    w = random.standard_normal((C, D)).astype(np.float32)
    y = random.integers(0, C, N)
    x = random.standard_normal((N, D)).astype(np.float32)
    x[:3] = -w[y[:3]] + 0.3 * x[:3]  # far from their class: a margin leads past pi
    x[3] = w[y[3]] + 0.1 * x[3]
    return x, w, y


class Formula(unittest.TestCase):
    def near(self, found, expected, what, tolerance=2e-5):
        scale = np.abs(expected).max() or 1.0
        self.assertLess(np.abs(found - expected).max() / scale, tolerance, what)

    def check(self, loss, y=None, bias=None, **settings):
        """Holds a call to its formula; a scale that is small keeps the float64 formula exact."""
        x, w, labels = problem()
        y = labels if y is None else y
        if loss != "softmax" and not {"row_scale", "feature_norm"} & set(settings):
            settings.setdefault("scale", 8.0)
        what = f"{loss} {settings}"
        found = ml.head(x, w, y, loss=loss, bias=bias, threads=1, **settings)
        case = Case(loss, y, **settings)
        x64, w64 = np.float64(x), np.float64(w)
        b64 = np.zeros(C) if bias is None else np.float64(bias)
        objective, losses, others = case.head(x64, w64, b64)
        self.near(found.loss, objective, what)
        self.assertEqual(found.counted, len(case.rows), what)
        self.near(found.row_others[case.rows], others, what)
        value = lambda: case.head(x64, w64, b64)[0]  # noqa: E731
        self.near(found.dx, slope(value, x64), what)
        self.near(found.dw, slope(value, w64), what)
        if bias is not None:
            self.near(found.db, slope(value, b64), what)
        if not settings.get("label_smoothing"):
            self.near(found.row_loss[case.rows], losses, what)
            self.near(found.mean_loss, losses.mean(), what)
        ignored = np.setdiff1d(np.arange(N), case.rows)
        self.assertFalse(found.dx[ignored].any() or found.row_loss[ignored].any(), what)

    def test_each_loss(self):
        self.assertLessEqual(set(MARGINS), set(ml.LOSSES))
        for loss in MARGINS:
            self.check(loss, gradient="exact")
            if ml.LOSSES[loss].margin_index:
                self.check(loss, gradient="detached")

    def test_past_pi(self):
        x, w, y = problem()
        theta = np.arccos((unit(x) * unit(w[y])).sum(axis=1))
        for loss, margins in {
            "arcface": {"m2": 1.1},
            "combined": {"m1": 1.2, "m2": 0.9, "m3": 0.1},
            "sphereface": {"m1": 1.8},
        }.items():
            phi = margins.get("m1", 1.0) * theta + margins.get("m2", 0.0)
            self.assertTrue((phi > np.pi).any() and (phi < np.pi).any())
            for past_pi in PAST_PI:
                self.check(loss, past_pi=past_pi, **margins)

    def test_margin_is_the_loss_s_own(self):
        x, w, y = problem()
        for loss, own in (("arcface", "m2"), ("cosface", "m3"), ("sphereface", "m1")):
            margin = 1.5 if own == "m1" else 0.4
            one = ml.head(x, w, y, loss=loss, margin=margin).loss
            self.assertEqual(one, ml.head(x, w, y, loss=loss, **{own: margin}).loss)
            self.assertNotEqual(one, ml.head(x, w, y, loss=loss).loss)

    def test_sphereface_options(self):
        self.check("sphereface", lambda_=5.0)
        self.check("sphereface", feature_norm="keep")

    def test_bias(self):
        self.check("softmax", bias=np.linspace(-1, 1, C))

    def test_what_rows_and_classes_are_given(self):
        row, each = np.linspace(0.1, 2.0, N), np.linspace(0.5, 1.5, C)
        for loss in ("softmax", "arcface"):
            self.check(loss, row_weight=row)
            self.check(loss, class_weight=each)
            self.check(loss, row_weight=-row, class_weight=each)
            self.check(loss, label_smoothing=0.1)
            self.check(loss, label_smoothing=0.3, row_weight=row, row_scale=3 * row)
        for loss in ("arcface", "cosface"):
            self.check(loss, row_margin=0.3 * row)
            self.check(loss, class_margin=0.3 * each)
        self.check("sphereface", row_margin=1 + row)

    def test_ignored_rows(self):
        y = problem()[2]
        y[2] = -1
        self.check("arcface", y=y)
        for ignored in (0, 1, -100):
            y[4] = ignored
            self.check("cosface", y=y, ignore_label=ignored)
        nothing = ml.head(*problem()[:2], np.full(N, -1))
        self.assertEqual((nothing.loss, nothing.counted, nothing.dw.any()), (0.0, 0, False))
        self.assertTrue(np.isnan(nothing.accuracy))

    def test_angles_and_correct(self):
        x, w, y = problem()
        found = ml.head(x, w, y)
        cosines = unit(np.float64(x)) @ unit(np.float64(w)).T
        self.near(found.row_angle, np.arccos(cosines[np.arange(N), y]), "angle")
        correct = cosines.argmax(axis=1) == y
        self.assertEqual(found.row_correct.tolist(), correct.tolist())
        self.assertEqual(found.accuracy, correct.mean())

    def test_rows(self):
        x, w, y = problem()
        for loss in MARGINS:
            raw = loss == "softmax"
            cosines = np.float32(x @ w.T if raw else unit(x) @ unit(w).T)
            for settings in (
                {},
                {"row_weight": np.linspace(0, 1, N), "label_smoothing": 0.2},
                {"row_scale": np.linspace(1, 5, N), "class_weight": np.linspace(1, 2, C)},
            ):
                if not raw and "row_scale" not in settings:
                    settings = {"scale": 8.0, **settings}
                found = ml.rows(cosines, y, loss=loss, **settings)
                case = Case(loss, y, **settings)
                given = np.float64(cosines)
                value = lambda: case.of_cosines(given.copy(), case.scale(x))[0]  # noqa: B023, E731
                self.near(found.loss, value(), loss)
                self.near(found.grad, slope(value, given), loss)

    def test_rows_in_place(self):
        x, w, y = problem()
        cosines = unit(x) @ unit(w).T
        found = ml.rows(cosines, y)
        again = ml.rows(cosines, y, out=cosines)
        self.assertIs(again.grad, cosines)
        self.assertTrue((found.grad == cosines).all())

    def test_predict(self):
        x, w, _ = problem()
        x[5] = 0  # without a direction all cosines are equal
        for loss in ("arcface", "softmax"):
            values = x @ w.T + np.linspace(0, 2, C) if loss == "softmax" else unit(x) @ unit(w).T
            bias = np.linspace(0, 2, C) if loss == "softmax" else None
            order = np.argsort(-values, axis=1, kind="stable")
            for k in (1, 3, C):
                found = ml.predict(x, w, k, loss=loss, bias=bias)
                self.assertEqual(found.classes.tolist(), order[:, :k].tolist())
                expected = np.take_along_axis(values, order[:, :k], axis=1)
                self.near(found.cosines, expected, loss)


class Arrays(unittest.TestCase):
    """What is taken as it is, converted, written to, and kept."""

    def same(self, a, b):
        self.assertEqual(a.loss, b.loss)
        self.assertTrue((a.dx == b.dx).all() and (a.dw == b.dw).all())

    def test_other_types_and_layouts(self):
        x, w, y = problem()
        expected = ml.head(x, w, y)
        wide = np.zeros((N, 2 * D), np.float32)
        wide[:, ::2] = x
        unaligned = np.frombuffer(b"0" + w.tobytes(), np.uint8)[1:].view(np.float32).reshape(C, D)
        self.assertFalse(unaligned.flags.aligned)
        self.same(ml.head(wide[:, ::2], unaligned, y), expected)
        self.same(ml.head(np.float64(x), np.asfortranarray(w), y.astype(np.uint8)), expected)
        self.same(ml.head(x.astype(">f4"), w.tolist(), y.astype(">i2")), expected)
        spread = np.repeat(y, 2)[::2]
        self.same(ml.head(x, w, spread), expected)
        for array in (x, w, y):
            array.flags.writeable = False
        self.same(ml.head(x, w, y), expected)

    def test_halves(self):
        """float16 and bfloat16 are the same numbers, in every layout, and are not copied."""
        x, w, y = problem()
        x16, w16 = np.float16(x), np.float16(w)
        bits = w.view(np.uint32) >> 16
        rounded = (bits << 16).view(np.float32)
        kinds = [(w16, np.float32(w16)), (bits.astype(np.uint16).view("V2"), rounded)]
        try:
            import ml_dtypes

            kinds.append((rounded.astype(ml_dtypes.bfloat16), rounded))
        except ImportError:
            pass
        for half, wide in kinds:
            expected = ml.head(np.float32(x16), wide, y)
            for own in (x16, np.float32(x16), x16.astype(">f2"), np.asfortranarray(x16)):
                self.same(ml.head(own, half, y), expected)
            spread = np.repeat(half, 2, axis=0)[::2]
            self.same(ml.head(x16, spread, y), expected)
            nearest, found = ml.predict(np.float32(x16), wide, 2), ml.predict(x16, half, 2)
            self.assertTrue((nearest.classes == found.classes).all())
            self.assertTrue((nearest.cosines == found.cosines).all())
            self.assertEqual(expected.dw.dtype, np.float32)
        self.assertIs(_arrays.reals("w", w16, "C, D"), w16)
        self.assertIs(_arrays.reals("w", kinds[1][0], "C, D"), kinds[1][0])

    def test_any_threads_isa_and_workspace_give_the_same_bits(self):
        random = np.random.default_rng(2)
        x, w = random.standard_normal((64, 40)), random.standard_normal((300, 40))
        y = random.integers(0, 300, 64)
        expected = ml.head(x, w, y, threads=1)
        simd = [isa for isa in ml.info()["isas_usable"] if isa != "scalar"]
        for options in [{"threads": 2}, {"workspace": 1 << 20}] + [{"isa": isa} for isa in simd]:
            self.same(ml.head(x, w, y, **options), expected)

    def test_out(self):
        x, w, y = problem()
        expected = ml.head(x, w, y)
        first = ml.head(np.ones_like(x), w, y)
        dx, dw = first.dx, first.dw
        again = ml.head(x, w, y, out=first)
        self.assertTrue(again.dx is dx and again.dw is dw)
        self.same(again, expected)
        some = ml.head(x, w, y, out={"dw": dw})
        self.assertTrue(some.dw is dw and some.dx is not dx)
        self.same(some, expected)

    def test_accumulate(self):
        x, w, y = problem()
        one, two = ml.head(x[:4], w, y[:4]), ml.head(x[4:], w, y[4:])
        sums = {"dx": np.ones((3, D), np.float32), "dw": one.dw.copy()}
        found = ml.head(x[4:], w, y[4:], accumulate=True, out=sums)
        np.testing.assert_allclose(found.dx, 1 + two.dx, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(found.dw, one.dw + two.dw, rtol=1e-5, atol=1e-6)

    def test_loss_alone(self):
        x, w, y = problem()
        found, full = ml.head(x, w, y, gradients=False), ml.head(x, w, y)
        self.assertEqual((found.loss, found.dx, found.dw), (full.loss, None, None))
        self.assertIsNone(ml.rows(x, y % D, gradients=False).grad)

    def test_results_keep_their_own_arrays(self):
        x, w, y = problem()
        first = ml.head(x, w, y)
        kept = first.dx.copy(), first.row_loss.copy()
        ml.head(-x, w, y)
        self.assertTrue((first.dx == kept[0]).all() and (first.row_loss == kept[1]).all())

    def test_repr(self):
        x, w, y = problem()
        found = ml.head(x, w, y)
        self.assertEqual(
            repr(found),
            f"HeadResult(loss={found.loss:.7g}, mean_loss={found.mean_loss:.7g}, counted=7, "
            "dx=float32[7, 5], dw=float32[4, 5])",
        )


if __name__ == "__main__":
    unittest.main()
