"""Losses and gradients against float64 autograd: every loss with every option."""

import itertools
import unittest

import torch
from harness import Case, gradients, problem, row_weights
from reference import MARGINS, PAST_PI, WITH_ANGLE, objective

from margin_losses.torch import functional

SCALE = {"scale": 16.0}


def options_of(loss):
    return {} if loss == "softmax" else SCALE


class Formulas(Case):
    def test_each_loss_and_gradient(self):
        x, w, y, _ = problem()
        for loss, gradient in itertools.product(MARGINS, ("exact", "detached")):
            past_pi = "monotone" if loss == "sphereface" else "paper"
            self.assertAsReference(
                x, w, y, loss=loss, gradient=gradient, past_pi=past_pi, **options_of(loss)
            )

    def test_past_pi(self):
        x, w, y, _ = problem()
        for loss, past_pi, gradient in itertools.product(
            WITH_ANGLE, PAST_PI, ("exact", "detached")
        ):
            self.assertAsReference(x, w, y, loss=loss, past_pi=past_pi, gradient=gradient, **SCALE)

    def test_other_margins_and_lambda(self):
        x, w, y, _ = problem()
        self.assertAsReference(
            x, w, y, loss="combined", margins=(1.5, 0.3, 0.1), past_pi="monotone", **SCALE
        )
        self.assertAsReference(
            x,
            w,
            y,
            loss="sphereface",
            margins=(3.0, 0.0, 0.0),
            past_pi="monotone",
            lambda_=5.0,
            **SCALE,
        )

    def test_kept_feature_norm(self):
        x, w, y, _ = problem(scale=2.0)
        for gradient in ("exact", "detached"):
            self.assertAsReference(
                x,
                w,
                y,
                loss="sphereface",
                past_pi="monotone",
                feature_norm="keep",
                gradient=gradient,
            )

    def test_bias(self):
        x, w, y, bias = problem()
        for reduction in ("mean", "sum"):
            self.assertAsReference(x, w, y, bias, loss="softmax", reduction=reduction)


class Objectives(Case):
    def test_reduction_weight_smoothing_ignored(self):
        x, w, y, _ = problem()
        weight = row_weights(len(y))
        for loss, reduction, some, smoothing, ignored in itertools.product(
            MARGINS, ("mean", "sum", "none"), (None, weight), (0.0, 0.2), (-100, -1, 3, 0)
        ):
            labels = y.clone()
            labels[::5], labels[1::7] = ignored, -1
            upstream = row_weights(len(y)) - 0.4 if reduction == "none" else None
            past_pi = "monotone" if loss == "sphereface" else "paper"
            self.assertAsReference(
                x,
                w,
                labels,
                upstream=upstream,
                loss=loss,
                reduction=reduction,
                ignore_index=ignored,
                sample_weight=some,
                label_smoothing=smoothing,
                past_pi=past_pi,
                **options_of(loss),
            )

    def test_upstream_factor(self):
        x, w, y, _ = problem()
        for reduction in ("mean", "sum"):
            for factor in (1.0, -2.5, 0.0):
                upstream = torch.tensor(factor)
                self.assertAsReference(
                    x, w, y, upstream=upstream, loss="arcface", reduction=reduction, **SCALE
                )

    def test_weights_that_have_gradients(self):
        x, w, y, _ = problem()
        y[::4] = -100
        for reduction in ("mean", "sum"):
            found = gradients(
                lambda x, w, v, r=reduction: functional.arcface_loss(
                    x, w, y, sample_weight=v, reduction=r, **SCALE
                ),
                (x, w, torch.linspace(0.5, 2.0, len(y))),
            )
            expected = gradients(
                lambda x, w, v, r=reduction: objective(
                    x, w, y, sample_weight=v, reduction=r, loss="arcface", **SCALE
                ),
                [t.double() for t in (x, w, torch.linspace(0.5, 2.0, len(y)))],
            )
            for a, b in zip(found, expected):
                self.assertNear(a, b)

    def test_two_accumulated_batches(self):
        x, w, y, _ = problem()
        found, expected = w.clone().requires_grad_(), w.double().requires_grad_()
        for half in (slice(0, 9), slice(9, None)):
            functional.arcface_loss(x[half], found, y[half], reduction="sum").backward()
            objective(
                x[half].double(), expected, y[half], loss="arcface", reduction="sum"
            ).backward()
        self.assertNear(found.grad, expected.grad)

    def test_loss_is_what_the_gradients_are_of(self):
        x, w, y, _ = problem()
        weight = row_weights(len(y))
        x = x.double()
        for reduction in ("mean", "sum"):

            def loss(of, r=reduction):
                return functional.arcface_loss(
                    of.float(), w, y, scale=4.0, sample_weight=weight, reduction=r
                )

            _, slope = gradients(loss, (x,))
            step = 1e-2 * slope / slope.norm()
            difference = (loss(x + step) - loss(x - step)).item() / 2
            self.assertAlmostEqual(
                difference / (slope * step).sum().item(), 1.0, delta=1e-3, msg=reduction
            )


class Nothing(Case):
    """No rows, or none that count, as torch's cross_entropy."""

    def cases(self):
        x, w, y, _ = problem()
        yield x[:0], w, y[:0]
        yield x, w, torch.full_like(y, -100)
        yield x, w, torch.full_like(y, -1)

    def test_losses_and_gradients(self):
        for x, w, y in self.cases():
            for reduction, value in (("mean", float("nan")), ("sum", 0.0)):
                loss, dx, dw = gradients(
                    lambda x, w, y=y, r=reduction: functional.arcface_loss(x, w, y, reduction=r),
                    (x, w),
                )
                self.assertEqual(repr(loss.item()), repr(value))
                self.assertTrue(torch.equal(dx, torch.zeros_like(x)))
                self.assertTrue(torch.equal(dw, torch.zeros_like(w)))
            rows, dx, dw = gradients(
                lambda x, w, y=y: functional.arcface_loss(x, w, y, reduction="none"),
                (x, w),
                torch.ones(len(y)),
            )
            self.assertTrue(torch.equal(rows, torch.zeros(len(y))))
            self.assertTrue(torch.equal(dw, torch.zeros_like(w)))

    def test_cross_entropy_has_the_same(self):
        empty = torch.nn.functional.cross_entropy(torch.zeros(0, 3), torch.zeros(0).long())
        self.assertTrue(empty.isnan())

    def test_nothing_counts_and_weights_want_gradients(self):
        x, w, y, _ = problem()
        ignored = torch.full_like(y, -1)
        plus_minus = torch.ones(len(y))
        plus_minus[::2] = -1
        for labels, weight in (
            (ignored, torch.ones(len(y))),
            (y, torch.zeros(len(y))),
            (y, plus_minus),
        ):
            loss, *found = gradients(
                lambda x, w, v: functional.arcface_loss(x, w, labels, sample_weight=v),  # noqa: B023
                (x, w, weight),
            )
            self.assertTrue(loss.isnan())
            for gradient in found:
                self.assertEqual(gradient.abs().max(), 0.0)

    def test_weights_of_zero(self):
        x, w, y, _ = problem()
        loss, dx, dw = gradients(
            lambda x, w: functional.arcface_loss(x, w, y, sample_weight=torch.zeros(len(y))), (x, w)
        )
        self.assertTrue(loss.isnan())
        self.assertEqual(dx.abs().sum() + dw.abs().sum(), 0.0)

    def test_bias(self):
        x, w, y, bias = problem()
        _, _, _, db = gradients(
            lambda x, w, b: functional.softmax_loss(x, w, y[:0], bias=b, reduction="sum"),
            (x[:0], w, bias),
        )
        self.assertTrue(torch.equal(db, torch.zeros_like(bias)))


if __name__ == "__main__":
    unittest.main()
