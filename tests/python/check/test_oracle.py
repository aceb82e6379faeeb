#!/usr/bin/env python3
"""The oracle and the problems: golden values of the papers' curves, gradients against differences
in 50 digits and against float64 autograd, and cases that have the angles they promise."""

import math
import unittest

import judged
import mpmath
import numpy
import torch

from margin_losses.check import oracle, problems
from margin_losses.check.claim import PAST_PI, UsageError

# theta in degrees: ArcFace 0.5, CosFace 0.35, SphereFace 1.35 (the curves of ArcFace's figure 4b).
CURVES = {
    20: (0.6607, 0.5897, 0.8910),
    60: (0.0236, 0.1500, 0.1564),
    90: (-0.4794, -0.35, -0.5225),
    100: (-0.6245, -0.5236, -0.7071),
}
SHAPE = (4, 3)


def claim(loss="arcface", **settings):
    return judged.make_claim(loss, **settings)


class Formula(unittest.TestCase):
    def test_golden_curves(self):
        for degrees, values in CURVES.items():
            for loss, value in zip(("arcface", "cosface", "sphereface"), values):
                psi, _ = claim(loss).psi(math.radians(degrees))
                self.assertAlmostEqual(psi, value, 4, (loss, degrees))

    def test_beyond_pi_by_hand(self):
        theta = math.radians(170)
        wanted = {
            "paper": math.cos(theta + 0.5),
            "monotone": -math.cos(theta + 0.5) - 2,
            "taylor": math.cos(theta) - 0.5 * math.sin(0.5),
            "clamp": -1.0,
            "easy": math.cos(theta),
            "plain": math.cos(theta),
        }
        self.assertEqual(set(wanted), set(PAST_PI))
        for rule, value in wanted.items():
            self.assertAlmostEqual(claim().psi(theta, rule)[0], value, 14, rule)
        easy = claim("combined").psi(theta, "easy")[0]
        self.assertAlmostEqual(easy, math.cos(theta), 14)  # without m3 as well

    def test_slopes_are_derivatives(self):
        for loss in ("arcface", "cosface", "sphereface", "combined"):
            for rule in PAST_PI:
                for theta in (0.3, 1.2, 2.0, 2.9):
                    with mpmath.workdps(40):
                        found = claim(loss).psi(mpmath.mpf(theta), rule, mpmath)[1]
                        wanted = mpmath.diff(lambda t: claim(loss).psi(t, rule, mpmath)[0], theta)
                        self.assertAlmostEqual(float(found), float(wanted), 12, (loss, rule, theta))


class Truth(unittest.TestCase):
    def test_gradients_are_differences(self):
        for settings in (
            {"loss": "arcface"},
            {"loss": "combined", "scale": 8.0},
            {"loss": "softmax"},
            {"loss": "sphereface", "feature_norm": "keep", "scale": 1.0},
        ):
            one = claim(**settings)
            for theta in (0.4, 1.5, 2.9):
                case = problems.make(one, "weights", theta, 8.0, SHAPE, dtype=numpy.float64)
                scale = case.scale if one.unit else one.scale
                self.compare(one, scale, case)

    def compare(self, one, scale, case):
        label, step = int(case.labels[0]), 2.0**-20
        truth = case.truth(one)
        for name in ("x", "w"):
            array = case.arrays[name] if name == "w" else case.arrays[name][0]
            for index in numpy.ndindex(array.shape):
                values = []
                for sign in (1, -1):
                    moved = array.copy()
                    moved[index] += sign * step
                    pair = {"x": case.arrays["x"][0], "w": case.arrays["w"], name: moved}
                    values.append(oracle.of_vectors(one, scale, pair["x"], pair["w"], label).loss)
                wanted = (values[0] - values[1]) / (2 * step)
                self.assertAlmostEqual(truth.gradients[name][index], wanted, 6)

    def test_float64_autograd_agrees(self):
        one = claim(scale=16.0)
        case = problems.make(one, "weights", 1.1, 16.0, SHAPE, dtype=numpy.float64, rows=1)
        x, w = (torch.tensor(case.arrays[name]).requires_grad_() for name in ("x", "w"))
        cosines = torch.nn.functional.normalize(x) @ torch.nn.functional.normalize(w).t()
        y = torch.tensor(case.labels)
        target = torch.cos(torch.acos(cosines[0, y]) + 0.5) - cosines[0, y]
        loss = torch.nn.functional.cross_entropy(
            16.0 * (cosines + torch.nn.functional.one_hot(y, 4) * target), y
        )
        loss.backward()
        truth = case.truth(one)
        self.assertAlmostEqual(loss.item(), truth.loss, 12)
        numpy.testing.assert_allclose(
            x.grad[0].numpy(), truth.gradients["x"], rtol=1e-9, atol=1e-12
        )
        numpy.testing.assert_allclose(w.grad.numpy(), truth.gradients["w"], rtol=1e-9, atol=1e-12)

    def test_small_losses_keep_their_digits(self):
        truth = oracle.of_cosines(claim("cosface", margin=0.0), 64.0, [1.0, 0.0], 0)
        self.assertAlmostEqual(truth.loss / math.exp(-64.0), 1.0, 14)

    def test_ends(self):
        for theta, tangent in ((0.0, 0.0), (math.pi, 0.0)):
            case = problems.make(claim(), "weights", theta, 64.0, SHAPE)
            truth = case.truth(claim())
            self.assertEqual(truth.theta, theta)
            self.assertTrue(numpy.isfinite(truth.gradients["x"]).all())
        case = problems.make(claim(), "weights", 0.0, 64.0, SHAPE, axis=True)
        self.assertEqual(numpy.count_nonzero(case.arrays["w"][1]), 1)


class Problems(unittest.TestCase):
    def test_angles(self):
        for takes in ("weights", "cosines"):
            for theta in (0.03, 1.0, 3.0):
                case = problems.make(claim(), takes, theta, 64.0, SHAPE)
                self.assertAlmostEqual(case.truth(claim()).theta, theta, 5)

    def test_rivals_leave_the_target_uncertain(self):
        for theta in (0.1, 1.0, 2.0, 2.6):
            case = problems.make(claim(), "weights", theta, 64.0, SHAPE)
            self.assertGreater(case.truth(claim()).wrong, 0.4)
            alone = problems.make(claim(), "weights", min(theta, 0.6), 64.0, SHAPE, even=False)
            self.assertLess(alone.truth(claim()).wrong, 1e-2)

    def test_the_norm_is_the_scale_where_the_formula_keeps_it(self):
        one = claim("softmax")
        truth = problems.make(one, "weights", 1.0, 16.0, SHAPE).truth(one)
        self.assertAlmostEqual(truth.factor, 16.0, 4)


class Claims(unittest.TestCase):
    def test_refusals(self):
        for settings, text in (
            ({"loss": "circle"}, "--loss circle is not one of"),
            ({"loss": "arcface", "margin": 28.6}, "28.6deg"),
            ({"loss": "arcface", "scale": 0.0}, "--scale 0 must be above 0"),
            ({"loss": "cosface", "past_pi": "paper"}, "never passes pi"),
            ({"loss": "cosface", "m2": 0.1}, "cosface has no m2"),
            ({"loss": "combined", "margin": 0.1}, "use --m1, --m2, --m3"),
            ({"loss": "softmax", "margin": 0.1}, "softmax has no single margin"),
            ({"loss": "arcface", "scale": math.nan}, "not a finite number"),
        ):
            with self.assertRaises(UsageError) as caught:
                judged.make_claim(**settings)
            self.assertIn(text, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
