#!/usr/bin/env python3
"""This library under its own judge: no promise is broken, by the PyTorch classes, by head and by
rows."""

import unittest

import judged
import torch

import margin_losses as ml
from margin_losses import torch as doors
from margin_losses.check.claim import FORMULAS, PAST_PI

CLASSES = {
    "arcface": "ArcFaceLoss",
    "cosface": "CosFaceLoss",
    "sphereface": "SphereFaceLoss",
    "normsoftmax": "NormSoftmaxLoss",
    "softmax": "SoftmaxLoss",
    "combined": "CombinedMarginLoss",
}


def single(*tensors):
    """As the PyTorch classes do it: what is not float32 is refused rather than rounded."""
    if any(tensor.dtype != torch.float32 for tensor in tensors):
        raise TypeError("float32 is wanted")
    return [tensor.detach().numpy() for tensor in tensors]


class Head(torch.autograd.Function):
    """ml.head as a loss of embeddings and class weights."""

    @staticmethod
    def forward(ctx, x, w, y, settings):
        done = ml.head(
            *single(x, w), y.numpy(), ignore_label=-100, threads=torch.get_num_threads(), **settings
        )
        ctx.gradients = torch.from_numpy(done.dx), torch.from_numpy(done.dw)
        return torch.tensor(float(done.loss))

    @staticmethod
    def backward(ctx, upstream):
        return tuple(upstream * part for part in ctx.gradients) + (None, None)


class Rows(torch.autograd.Function):
    """ml.rows as a loss of cosines."""

    @staticmethod
    def forward(ctx, cosines, y, settings):
        done = ml.rows(*single(cosines), y.numpy(), threads=torch.get_num_threads(), **settings)
        ctx.gradient = torch.from_numpy(done.grad)
        return torch.tensor(float(done.loss))

    @staticmethod
    def backward(ctx, upstream):
        return upstream * ctx.gradient, None, None


class Ours(unittest.TestCase):
    def none_broken(self, found, *args, **claim):
        findings, judge = judged.judge(found, *args, **claim)
        faults = {name: findings[name].says for name in judged.broken(findings)}
        self.assertEqual(faults, {})
        return findings, judge

    def test_classes(self):
        self.assertEqual(set(CLASSES), set(FORMULAS))
        for loss, name in CLASSES.items():
            with self.subTest(loss=loss):
                findings, _ = self.none_broken(getattr(doors, name), loss=loss)
                for label in ("label -1", "label -100"):
                    self.assertIn("ignored", findings[label].says)
                self.assertIn("refused", findings["float64"].says)

    def test_rules_past_pi(self):
        for rule in set(PAST_PI) - {"plain"}:
            with self.subTest(rule=rule):
                findings, judge = self.none_broken(
                    doors.ArcFaceLoss, "past_pi='%s'" % rule, loss="arcface", past_pi=rule
                )
                self.assertEqual(judge.rule, rule)

    def test_what_is_detached_on_purpose_is_found(self):
        findings, _ = judged.judge(doors.ArcFaceLoss, "gradient='detached'", loss="arcface")
        self.assertEqual(judged.broken(findings), {"gradient"})
        self.assertEqual(findings["gradient"].measured["kind"], {"x": "detached", "w": "detached"})

    def test_head(self):
        def head(x, w, y, scale=64.0):
            return Head.apply(x, w, y, {"loss": "combined", "scale": scale})

        findings, judge = self.none_broken(head, loss="combined")
        self.assertEqual(judge.subject.takes, "weights")

    def test_rows(self):
        def rows(cosines, y, scale=64.0):
            return Rows.apply(cosines, y, {"loss": "arcface", "scale": scale})

        findings, judge = self.none_broken(rows, loss="arcface")
        self.assertEqual(judge.subject.takes, "cosines")

    def test_time_beside_itself(self):
        def head(x, w, y, scale=64.0):
            return Head.apply(x, w, y, {"loss": "cosface", "scale": scale})

        findings, _ = judged.judge(head, loss="cosface", skip_time=False)
        cost = findings["time and memory"]
        self.assertEqual(cost.verdict, "measured", cost.says)
        low, high = cost.measured["ratio_quartiles"]
        self.assertLessEqual(low, cost.measured["ratio"])
        self.assertLessEqual(cost.measured["ratio"], high)
        self.assertGreater(cost.measured["ratio"], 0.2)
        self.assertLess(cost.measured["ratio"], 5.0)
        self.assertGreater(cost.measured["peak_bytes"], 10000 * 128 * 4)

    def test_time_of_another_loss_is_not_compared(self):
        def head(x, w, y, scale=64.0):
            return Head.apply(x, w, y, {"loss": "normsoftmax", "scale": scale})

        findings, _ = judged.judge(head, loss="cosface", skip_time=False)
        self.assertEqual(findings["time and memory"].verdict, "not applicable")
        self.assertIn("different results", findings["time and memory"].says)

    def test_the_formulas_are_the_tables(self):
        self.assertEqual(set(FORMULAS), set(ml.LOSSES))
        for name, info in ml.LOSSES.items():
            formula = FORMULAS[name]
            self.assertEqual(
                (formula.scale, formula.m1, formula.m2, formula.m3),
                (info.scale, info.m1, info.m2, info.m3),
                name,
            )
            self.assertEqual(formula.margin, ("", "m1", "m2", "m3", "")[info.margin_index], name)


if __name__ == "__main__":
    unittest.main()
