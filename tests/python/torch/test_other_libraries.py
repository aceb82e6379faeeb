"""Losses of pytorch-metric-learning, taken over by from_pml: the same numbers within 1e-5. Runs
under `scripts/test.sh --long`, where that package is installed."""

import math
import unittest

from harness import Case, leaves, problem
from pytorch_metric_learning import distances, losses, reducers, regularizers

from margin_losses.torch import (
    ArcFaceLoss,
    CosFaceLoss,
    MarginLoss,
    NormSoftmaxLoss,
    SphereFaceLoss,
)


class FromPml(Case):
    def assertSame(self, other, made):
        x, w, y, _ = problem()
        other.W.data.copy_(w.t())
        own = MarginLoss.from_pml(other)
        self.assertIs(type(own), made)
        results = []
        for head in (other, own):
            (given,) = leaves(x)
            loss = head(given, y)
            loss.sum().backward()
            weight = head.W.grad.t() if head is other else head.weight.grad
            results.append((loss.detach(), given.grad, weight))
        for theirs, ours in zip(*results):
            self.assertNear(ours, theirs, 1e-5, made.__name__)
        self.assertNear(own.get_logits(x), other.get_logits(x), 1e-5)

    def test_each_loss(self):
        sizes = {"num_classes": 11, "embedding_size": 20}
        self.assertSame(losses.ArcFaceLoss(**sizes), ArcFaceLoss)
        self.assertSame(losses.ArcFaceLoss(**sizes, margin=60, scale=16), ArcFaceLoss)
        self.assertSame(losses.CosFaceLoss(**sizes), CosFaceLoss)
        self.assertSame(losses.CosFaceLoss(**sizes, margin=0.2, scale=30), CosFaceLoss)
        self.assertSame(losses.NormalizedSoftmaxLoss(**sizes), NormSoftmaxLoss)
        self.assertSame(losses.SphereFaceLoss(**sizes), SphereFaceLoss)
        self.assertSame(losses.SphereFaceLoss(**sizes, margin=2), SphereFaceLoss)

    def test_reducers(self):
        for reducer in (reducers.SumReducer(), reducers.DoNothingReducer()):
            other = losses.ArcFaceLoss(num_classes=11, embedding_size=20, reducer=reducer)
            own = MarginLoss.from_pml(other)
            expected = "sum" if isinstance(reducer, reducers.SumReducer) else "none"
            self.assertEqual(own.reduction, expected)
        self.assertSame(losses.ArcFaceLoss(11, 20, reducer=reducers.SumReducer()), ArcFaceLoss)

    def test_options_are_taken_over(self):
        own = ArcFaceLoss.from_pml(losses.ArcFaceLoss(11, 20, margin=28.6, scale=30))
        self.assertAlmostEqual(own.margin, math.radians(28.6))
        self.assertEqual((own.scale, own.past_pi), (30, "taylor"))

    def test_weights_are_a_copy(self):
        other = losses.CosFaceLoss(11, 20)
        own = CosFaceLoss.from_pml(other)
        other.W.data.zero_()
        self.assertGreater(own.weight.abs().sum().item(), 0.0)
        self.assertTrue(own.weight.is_contiguous() and own.weight.requires_grad)

    def test_refusals(self):
        for other, words in (
            (losses.SphereFaceLoss(11, 20, scale=2), ["SphereFaceLoss", "scale"]),
            (losses.SubCenterArcFaceLoss(num_classes=11, embedding_size=20), ["SubCenter"]),
            (losses.TripletMarginLoss(), ["TripletMarginLoss"]),
            (ArcFaceLoss(11, 20), ["pytorch-metric-learning"]),
            (losses.ArcFaceLoss(11, 20, reducer=reducers.AvgNonZeroReducer()), ["reducer"]),
            (
                losses.ArcFaceLoss(11, 20, weight_regularizer=regularizers.LpRegularizer()),
                ["weight_regularizer"],
            ),
            (
                losses.NormalizedSoftmaxLoss(
                    11, 20, distance=distances.DotProductSimilarity(normalize_embeddings=False)
                ),
                ["normalise"],
            ),
        ):
            self.assertOneLine(TypeError, words, MarginLoss.from_pml, other)
        self.assertOneLine(
            TypeError,
            ["CosFaceLoss", "ArcFaceLoss"],
            CosFaceLoss.from_pml,
            losses.ArcFaceLoss(11, 20),
        )

    def test_distances(self):
        cosine, dot = distances.CosineSimilarity, distances.DotProductSimilarity
        for made, distance, words in (
            (losses.ArcFaceLoss, cosine(p=3), ["ArcFaceLoss", "CosineSimilarity", "p=3"]),
            (losses.CosFaceLoss, cosine(p=3), ["CosFaceLoss", "p=3"]),
            (losses.NormalizedSoftmaxLoss, dot(p=1), ["DotProductSimilarity", "p=1"]),
            (losses.NormalizedSoftmaxLoss, cosine(power=2), ["power=2"]),
            (losses.NormalizedSoftmaxLoss, distances.LpDistance(), ["LpDistance"]),
            (losses.NormalizedSoftmaxLoss, distances.SNRDistance(), ["SNRDistance"]),
        ):
            other = made(11, 20, distance=distance)
            self.assertOneLine(TypeError, words, MarginLoss.from_pml, other)
        for distance in (cosine(), dot()):
            other = losses.NormalizedSoftmaxLoss(11, 20, distance=distance)
            self.assertSame(other, NormSoftmaxLoss)


if __name__ == "__main__":
    unittest.main()
