"""Margins of InsightFace, taken over by from_insightface. The three forms its arcface_torch has had
are retold here, over given cosines; the class names and attributes are theirs."""

import math
import unittest

import torch
from harness import Case, leaves, problem

from margin_losses.torch import ArcFaceLoss, CosFaceLoss, MarginLoss


class Margin:
    """What a margin of InsightFace does to the cosines [N, C] of labels [N]."""

    easy_margin = False
    interclass_filtering_threshold = 0

    def __init__(self, **attributes):
        vars(self).update(attributes)

    def logits(self, cosines, y, scale, change):
        own = cosines.gather(1, y[:, None])
        return scale * cosines.scatter(1, y[:, None], change(own))


def without_gradient(change):
    return lambda own: own + (change(own) - own).detach()


class Newer(Margin):
    def __call__(self, cosines, y):
        wider = without_gradient(lambda own: torch.cos(torch.acos(own) + self.margin))
        return self.logits(cosines, y, self.s, wider)


class Older(Margin):
    def __call__(self, cosines, y):
        def change(own):
            sine = torch.sqrt(1 - own * own)
            wider = own * self.cos_m - sine * self.sin_m
            margin = math.atan2(self.sin_m, self.cos_m)
            if self.easy_margin:
                return torch.where(own > 0, wider, own)
            limit = math.cos(math.pi - margin)
            return torch.where(own > limit, wider, own - margin * math.sin(margin))

        return self.logits(cosines, y, self.scale, change)


class Less(Margin):
    def __call__(self, cosines, y):
        return self.logits(cosines, y, self.s, lambda own: own - self.m)


class Combined(Margin):
    def __call__(self, cosines, y):
        if self.m3 > 0:
            return self.logits(cosines, y, self.s, lambda own: own - self.m3)
        wider = without_gradient(lambda own: torch.cos(torch.acos(own) + self.m2))
        return self.logits(cosines, y, self.s, wider)


def named(kind, name, **attributes):
    return type(name, (kind,), {})(**attributes)


OLDER = {"scale": 16.0, "cos_m": math.cos(0.5), "sin_m": math.sin(0.5)}


class FromInsightFace(Case):
    def assertSame(self, other, made):
        x, w, y, _ = problem()
        own = MarginLoss.from_insightface(other, w)
        self.assertIs(type(own), made)
        (given,) = leaves(x)
        own(given, y).backward()
        (a, b) = leaves(x.double(), w.double())
        normalize = torch.nn.functional.normalize
        logits = other(normalize(a) @ normalize(b).t(), y)
        torch.nn.functional.cross_entropy(logits, y).backward()
        self.assertNear(given.grad, a.grad)
        self.assertNear(own.weight.grad, b.grad)

    def test_each_form(self):
        self.assertSame(named(Newer, "ArcFace", s=16.0, margin=0.5), ArcFaceLoss)
        self.assertSame(named(Older, "ArcFace", **OLDER), ArcFaceLoss)
        self.assertSame(named(Older, "ArcFace", easy_margin=True, **OLDER), ArcFaceLoss)
        self.assertSame(named(Less, "CosFace", s=16.0, m=0.4), CosFaceLoss)
        for m1, m2, m3, made in ((1.0, 0.5, 0.0, ArcFaceLoss), (1.0, 0.0, 0.4, CosFaceLoss)):
            other = named(Combined, "CombinedMarginLoss", s=16.0, m1=m1, m2=m2, m3=m3)
            self.assertSame(other, made)

    def test_weights_of_a_module_and_own_options(self):
        _, w, _, _ = problem()
        holder = torch.nn.Linear(20, 11)
        margin = named(Less, "CosFace", s=16.0, m=0.4)
        own = CosFaceLoss.from_insightface(margin, holder, reduction="sum")
        self.assertTrue(torch.equal(own.weight, holder.weight))
        self.assertEqual((own.reduction, own.margin, own.scale), ("sum", 0.4, 16.0))

    def test_refusals(self):
        _, w, _, _ = problem()
        take = MarginLoss.from_insightface
        filtered = named(
            Combined,
            "CombinedMarginLoss",
            s=64.0,
            m1=1.0,
            m2=0.5,
            m3=0.0,
            interclass_filtering_threshold=0.4,
        )
        self.assertOneLine(TypeError, ["interclass_filtering_threshold"], take, filtered, w)
        none = named(Combined, "CombinedMarginLoss", s=64.0, m1=1.2, m2=0.5, m3=0.0)
        self.assertOneLine(TypeError, ["CombinedMarginLoss"], take, none, w)
        self.assertOneLine(TypeError, ["Linear"], take, torch.nn.Linear(2, 2), w)
        arcface = named(Newer, "ArcFace", s=16.0, margin=0.5)
        self.assertOneLine(TypeError, ["weight", "[C, D]"], take, arcface, w[0])
        self.assertOneLine(
            TypeError, ["CosFaceLoss", "ArcFaceLoss"], CosFaceLoss.from_insightface, arcface, w
        )


if __name__ == "__main__":
    unittest.main()
