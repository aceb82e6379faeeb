"""Margin losses as published codes have them, retold from their formulas in our own code, faults
included: what `python -m margin_losses check` must find. The sources are named in each."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class InPlaceArc(nn.Module):
    """arcface_torch since 2022-12: the margin is put on in place under no_grad, so that the
    gradient never sees it. Over given cosines; returns logits."""

    def __init__(self, s=64.0, margin=0.5):
        super().__init__()
        self.s, self.margin = s, margin

    def forward(self, cosines, labels):
        rows = torch.where(labels != -1)[0]
        with torch.no_grad():
            cosines.acos_()
            cosines[rows, labels[rows]] += self.margin
            cosines.cos_()
        return cosines * self.s


class InPlaceCombined(InPlaceArc):
    """arcface_torch's combined loss: any m3 > 0 gives CosFace, whatever m1 and m2 are."""

    def __init__(self, s=64.0, m1=1.0, m2=0.5, m3=0.0):
        super().__init__(s, m2)
        self.m3 = m3

    def forward(self, cosines, labels):
        if self.m3 > 0:
            rows = torch.where(labels != -1)[0]
            target = cosines[rows, labels[rows]] - self.m3
            cosines = cosines.clone()
            cosines[rows, labels[rows]] = target
            return cosines * self.s
        return super().forward(cosines, labels)


class Head(nn.Module):
    """What the classes below share: the class weights."""

    def __init__(self, num_classes, embedding_size):
        super().__init__()
        self.weight = nn.Parameter(0.01 * torch.randn(num_classes, embedding_size))

    def cosines(self, x):
        return F.normalize(x) @ F.normalize(self.weight).t()


class DetachedTarget(Head):
    """OpenSphere: the weights are normalised in place, and the target's change is computed under
    no_grad ("characteristic gradient detachment")."""

    def __init__(self, in_features, out_features, s=64.0, m=0.5):
        super().__init__(out_features, in_features)
        self.s, self.m = s, m

    def forward(self, x, labels):
        with torch.no_grad():
            self.weight.copy_(F.normalize(self.weight))
        cosines = F.normalize(x) @ self.weight.t()
        with torch.no_grad():
            inner = cosines.clamp(-1 + 1e-5, 1 - 1e-5)
            target = inner.gather(1, labels[:, None])
            angle = (target.acos() + self.m).clamp(1e-5, 3.14159)
            change = torch.zeros_like(cosines).scatter_(1, labels[:, None], angle.cos() - target)
        return F.cross_entropy(self.s * (cosines + change), labels)


class ClippedArc(Head):
    """The ArcFace beside AdaFace: cosines clipped to 1 - 1e-3, angles to [1e-3, pi - 1e-3]."""

    def __init__(self, num_classes, embedding_size, s=64.0, m=0.5, eps=1e-3):
        super().__init__(num_classes, embedding_size)
        self.s, self.m, self.eps = s, m, eps

    def forward(self, x, labels):
        cosines = self.cosines(x).clamp(-1 + self.eps, 1 - self.eps)
        margin = torch.zeros_like(cosines).scatter_(1, labels[:, None], self.m)
        angles = (cosines.acos() + margin).clamp(self.eps, math.pi - self.eps)
        return F.cross_entropy(self.s * angles.cos(), labels)


class QualityMargin(Head):
    """AdaFace: the margin turns with the norm of the embedding among those of the batch."""

    def __init__(self, num_classes, embedding_size, s=64.0, m=0.4, h=0.333):
        super().__init__(num_classes, embedding_size)
        self.s, self.m, self.h = s, m, h
        self.register_buffer("mean", torch.tensor(20.0))
        self.register_buffer("deviation", torch.tensor(100.0))

    def forward(self, x, labels):
        norms = x.norm(dim=1, keepdim=True).clamp(0.001, 100)
        with torch.no_grad():
            self.mean.mul_(0.99).add_(0.01 * norms.mean())
            self.deviation.mul_(0.99).add_(0.01 * norms.std())
            quality = (self.h * (norms - self.mean) / (self.deviation + 1e-3)).clamp(-1, 1)
        mask = F.one_hot(labels, self.weight.shape[0]).to(x.dtype)
        cosines = self.cosines(x).clamp(-1 + 1e-3, 1 - 1e-3)
        angles = (cosines.acos() - mask * self.m * quality).clamp(1e-3, math.pi - 1e-3)
        return F.cross_entropy(self.s * (angles.cos() - mask * self.m * (1 + quality)), labels)


class MagnitudeMargin(Head):
    """MagFace: the margin grows with the norm, only where cos > 0, and a term rewards long
    embeddings."""

    def __init__(self, num_classes, embedding_size, scale=64.0):
        super().__init__(num_classes, embedding_size)
        self.scale = scale

    def forward(self, x, labels):
        size = x.norm(dim=1, keepdim=True).clamp(10, 110)
        margin = 0.45 + 0.35 * (size - 10) / 100
        cosines = self.cosines(x).clamp(-1, 1)
        sines = (1 - cosines**2).sqrt()
        moved = cosines * margin.cos() - sines * margin.sin()
        mask = F.one_hot(labels, self.weight.shape[0]).bool() & (cosines > 0)
        logits = self.scale * torch.where(mask, moved, cosines)
        return F.cross_entropy(logits, labels) + 35 * (size / 110**2 + 1 / size).mean()


class OneHotArc(Head):
    """The one-hot kind of many repositories: sqrt(1 - c^2) without a guard, and c - m sin m
    beyond pi - m; easy: a margin only where c > 0."""

    guard = False

    def __init__(self, in_features, out_features, s=64.0, m=0.5, easy_margin=False):
        super().__init__(out_features, in_features)
        self.s, self.m, self.easy = s, m, easy_margin

    def forward(self, x, labels):
        cosines = self.cosines(x)
        square = 1 - cosines**2
        sines = (square.clamp(1e-12, 1) if self.guard else square).sqrt()
        moved = cosines * math.cos(self.m) - sines * math.sin(self.m)
        if self.easy:
            moved = torch.where(cosines > 0, moved, cosines)
        else:
            moved = torch.where(
                cosines > math.cos(math.pi - self.m), moved, cosines - self.m * math.sin(self.m)
            )
        mask = torch.zeros_like(cosines).scatter_(1, labels[:, None], 1)
        return F.cross_entropy(self.s * (mask * moved + (1 - mask) * cosines), labels)


class GuardedOneHotArc(OneHotArc):
    """The same with the square kept above 0, as the careful ones have it."""

    guard = True


def fused_identity(x, weight, labels, scale=64.0, margin=0.5):
    """The exact identity that puts a margin onto a plain cross entropy, which may be a fused one:
    L = log1p(exp(z - z') expm1(ce)). Right on paper; ce has no digits left on converged rows."""
    cosines = F.normalize(x) @ F.normalize(weight).t()
    plain = F.cross_entropy(scale * cosines, labels, reduction="none")
    target = cosines.gather(1, labels[:, None])[:, 0].clamp(-1 + 1e-7, 1 - 1e-7)
    moved = torch.cos(torch.acos(target) + margin)
    return torch.log1p(torch.exp(scale * (target - moved)) * torch.expm1(plain)).mean()


class DegreesArc(Head):
    """A margin in degrees, as pytorch-metric-learning's ArcFace had it up to version 2."""

    def __init__(self, num_classes, embedding_size, margin=28.6, scale=64.0):
        super().__init__(num_classes, embedding_size)
        self.margin, self.scale = math.radians(margin), scale

    def forward(self, x, labels):
        cosines = self.cosines(x)
        mask = F.one_hot(labels, self.weight.shape[0])
        angles = cosines.clamp(-1, 1).acos()
        moved = torch.where(
            angles <= math.pi - self.margin,
            (angles + self.margin).cos(),
            cosines - self.margin * math.sin(self.margin),
        )
        return F.cross_entropy(self.scale * torch.where(mask.bool(), moved, cosines), labels)


def gathered(cosines, labels, s=64.0, m=0.35):
    """CosFace that ignores nothing: labels are wrapped around and clamped, so that any number is a
    class. One loss for each row."""
    labels = labels.long().clamp(-cosines.shape[1], cosines.shape[1] - 1) % cosines.shape[1]
    margin = m * F.one_hot(labels, cosines.shape[1])
    return F.cross_entropy(s * (cosines - margin), labels, reduction="none")


class WrongAxis(Head):
    """CosFace that normalises along the wrong dimension: over the batch, and over the classes."""

    def __init__(self, num_classes, embedding_size, s=64.0, m=0.35):
        super().__init__(num_classes, embedding_size)
        self.s, self.m = s, m

    def forward(self, x, labels):
        cosines = F.normalize(x, dim=0) @ F.normalize(self.weight, dim=0).t()
        mask = F.one_hot(labels, cosines.shape[1])
        return F.cross_entropy(self.s * (cosines - self.m * mask), labels)


def detached_sum(x, weight, labels, s=64.0, m=0.5):
    """ArcFace whose margin is a constant to autograd; the sum of the rows' losses."""
    cosines = F.normalize(x) @ F.normalize(weight).t()
    target = cosines.gather(1, labels[:, None]).detach().clamp(-1, 1)
    change = torch.cos(torch.acos(target) + m) - target
    return F.cross_entropy(
        s * cosines.scatter_add(1, labels[:, None], change), labels, reduction="sum"
    )


class MultipliedAngle(Head):
    """A-Softmax of sphereface_pytorch's kind: a whole number m, logits times |x|, the angle by
    acos, and the piecewise (-1)^k cos(m theta) - 2k."""

    def __init__(self, in_features, out_features, m=4):
        super().__init__(out_features, in_features)
        self.m = m

    def forward(self, x, labels):
        sizes = x.norm(dim=1, keepdim=True)
        cosines = self.cosines(x).clamp(-1, 1)
        turns = (self.m * cosines.detach().acos() / math.pi).floor()
        c2 = cosines**2
        multiple = {
            1: cosines,
            2: 2 * c2 - 1,
            3: cosines * (4 * c2 - 3),
            4: 8 * c2 * c2 - 8 * c2 + 1,
        }[self.m]
        moved = (1 - 2 * (turns % 2)) * multiple - 2 * turns
        mask = F.one_hot(labels, self.weight.shape[0]).bool()
        return F.cross_entropy(sizes * torch.where(mask, moved, cosines), labels)
