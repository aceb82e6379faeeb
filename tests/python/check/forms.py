"""Losses in all the forms that a user may bring, and some that misbehave: given to the command by
test_command.py."""

import os
import time

import torch
import torch.nn.functional as F


def cosface(cosines, labels, s=64.0, m=0.35):
    return F.cross_entropy(s * (cosines - m * F.one_hot(labels, cosines.shape[1])), labels)


def careful(x, weight, labels, s=64.0, m=0.35):
    """CosFace in plain operations of PyTorch that keeps its digits: softplus of the other classes'
    log-sum-exp less the target's logit."""
    cosines = F.normalize(x) @ F.normalize(weight).t()
    target = cosines.gather(1, labels[:, None])
    others = (s * cosines).scatter(1, labels[:, None], float("-inf")).logsumexp(1, keepdim=True)
    return F.softplus(others - s * (target - m)).mean()


class Positional(torch.nn.Module):
    """Sizes by position, weights as [D, C], losses of rows."""

    def __init__(self, n, d, /):
        super().__init__()
        self.W = torch.nn.Parameter(torch.randn(d, n))

    def forward(self, x, y):
        cosines = F.normalize(x) @ F.normalize(self.W, dim=0)
        return F.cross_entropy(64.0 * cosines, y, reduction="none")


fixed = Positional(5, 3)


class Needs(torch.nn.Module):
    """Wants an option that nobody knows."""

    def __init__(self, temperature):
        super().__init__()
        self.temperature = temperature

    def forward(self, cosines, y):
        return F.cross_entropy(cosines / self.temperature, y)


def crashes(cosines, labels, s=64.0):
    if (labels < 0).any():
        os.abort()
    return F.cross_entropy(s * cosines, labels)


def leaves(cosines, labels, s=64.0):
    if (labels < 0).any():
        os._exit(3)
    return F.cross_entropy(s * cosines, labels)


def exits(cosines, labels, s=64.0):
    if (labels < 0).any():
        raise SystemExit(3)
    return F.cross_entropy(s * cosines, labels)


def hangs(cosines, labels, s=64.0):
    if (labels == -100).any():
        time.sleep(100)
    return F.cross_entropy(s * cosines, labels)


def talks(cosines, labels, s=64.0):
    print("a word on standard output")
    return F.cross_entropy(s * cosines, labels)


def pair(cosines, labels):
    return F.cross_entropy(64.0 * cosines, labels), 0.0


def fails(cosines, labels):
    raise RuntimeError("this loss\nnever works")


number = 3


class Faulty(torch.nn.Module):
    """CosFace with one fault, which shows only for some labels, rows, classes or dimensions."""

    def __init__(self, fault=""):
        super().__init__()
        self.fault = fault

    def forward(self, x, w, y):
        s, m, fault, classes = 64.0, 0.35, self.fault, len(w)
        if fault == "rows detached":
            x = torch.cat([x[:1], x[1:].detach()])
        if fault == "8 rows":
            x, y = x[:8], y[:8]
        if fault == "4 dimensions":
            x, w = x[:, :4], w[:, :4]
        if fault == "label 0 is 1":
            y = y.clamp(min=1)
        margins = torch.full((len(y),), m, dtype=x.dtype)
        margins[y == {"label 0": 0, "last label": classes - 1}.get(fault, -1)] = 0.0
        cosines = F.normalize(x) @ F.normalize(w).t()
        logits = s * (cosines - margins[:, None] * F.one_hot(y, classes))
        if fault == "5 classes":
            near = F.one_hot(y, classes).bool() | (torch.arange(classes) < 5)
            logits = logits.masked_fill(~near, float("-inf"))
        return F.cross_entropy(logits, y)


def asks_to_exit(cosines, labels):
    raise SystemExit(0)


def exits_with_many_classes(cosines, labels, s=64.0):
    if cosines.shape[1] > 100:
        os._exit(0)
    return F.cross_entropy(s * cosines, labels)


def sleeps_with_many_classes(cosines, labels, s=64.0):
    if cosines.shape[1] > 100:
        time.sleep(1000)
    return F.cross_entropy(s * cosines, labels)


def raises_exit_with_many_classes(cosines, labels, s=64.0):
    if cosines.shape[1] > 100:
        raise SystemExit(0)
    return F.cross_entropy(s * cosines, labels)


def nothing(cosines, labels):
    return None


class Tuples(torch.nn.Module):
    """An option that is a tuple."""

    def __init__(self, margins, name=""):
        super().__init__()
        self.m1, self.m2, self.m3 = margins

    def forward(self, cosines, y):
        return F.cross_entropy(64.0 * (cosines - self.m3 * F.one_hot(y, cosines.shape[1])), y)
