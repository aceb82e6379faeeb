"""Losses that are easily accused of what they do not do: given to the judge by test_alarms.py."""

import numpy
import torch
import torch.nn.functional as F


def usual(cosines, labels, s=64.0):
    return F.cross_entropy(s * cosines, labels)


def detached(cosines, labels, s=64.0):
    return usual(cosines, labels, s).detach()


def by_numpy(cosines, labels, s=64.0):
    logits = s * cosines.detach().double().numpy()
    value = numpy.log(numpy.exp(logits).sum(1)) - logits[range(len(labels)), labels]
    return torch.tensor(value.mean())


def constant(cosines, labels, s=64.0):
    return torch.tensor(1.0)


def sets_dtype(cosines, labels, s=64.0):
    torch.set_default_dtype(torch.float64)
    return usual(cosines, labels, s)


def sets_grad(cosines, labels, s=64.0):
    loss = usual(cosines, labels, s)
    torch.set_grad_enabled(False)
    return loss


def sets_seed(cosines, labels, s=64.0):
    torch.manual_seed(len(labels))
    return usual(cosines, labels, s)


def sets_threads(cosines, labels, s=64.0):
    torch.set_num_threads(2)
    return usual(cosines, labels, s)


def sets_threads_back(cosines, labels, s=64.0):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    loss = usual(cosines, labels, s)
    torch.set_num_threads(threads)
    return loss


def sets_denormal(cosines, labels, s=64.0):
    torch.set_flush_denormal(True)
    return usual(cosines, labels, s)


def dropout(cosines, labels, s=64.0):
    return usual(F.dropout(cosines, 0.5), labels, s)


def noise(cosines, labels, s=64.0):
    return usual(cosines, labels, s) + 1e-6 * torch.randn(())


calls = [0]


def counts(cosines, labels, s=64.0):
    calls[0] += 1
    return usual(cosines, labels, s) + 1e-3 * calls[0]


def larger(cosines, labels, s=64.0):
    """A scale 1 % too large."""
    return usual(cosines, labels, 1.01 * s)


def more(cosines, labels, s=64.0):
    return usual(cosines, labels, s) + 1e-2


def divided(cosines, labels, s=64.0):
    """The sum of the rows divided by a little more than their number."""
    losses = F.cross_entropy(s * cosines, labels, reduction="sum")
    return losses / (len(labels) + 0.01)


class Single(torch.autograd.Function):
    """The identity in float32 alone, whose gradient is `wrong` times what it should be."""

    @staticmethod
    def forward(ctx, values, wrong):
        if values.dtype != torch.float32:
            raise TypeError("float32 is wanted")
        ctx.wrong = wrong
        return values.clone()

    @staticmethod
    def backward(ctx, upstream):
        return ctx.wrong * upstream, None


def single(x, weight, labels, s=64.0, wrong=1.0):
    """ArcFace of float32 with the margin 0.49."""
    cosines = Single.apply(F.normalize(x) @ F.normalize(weight).t(), wrong)
    row = torch.arange(len(labels))
    target = torch.cos(torch.acos(cosines[row, labels]) + 0.49)
    return usual(cosines.index_put((row, labels), target), labels, s)


def single_wrong(x, weight, labels, s=64.0):
    return single(x, weight, labels, s, 1.1)


def cast(cosines, labels, s=64.0):
    """Computes in float64 and returns float32."""
    return usual(cosines.double(), labels, s).float()


def triplet(embeddings, labels):
    """Pulls rows of a label together: no classes."""
    same = labels[:, None] == labels[None]
    gaps = torch.cdist(embeddings, embeddings)
    return F.relu(gaps[same].mean() - (gaps[~same].mean() if (~same).any() else 1.0) + 0.2)


def less(cosines, labels, s=64.0):
    return usual(cosines.float(), labels, s)


def infinite(cosines, labels, s=64.0):
    """The right value; no finite gradient where a cosine is below -0.5."""
    steep = torch.where(cosines > -0.5, torch.sqrt(cosines + 0.5), torch.zeros_like(cosines))
    return usual(cosines, labels, s) + 0.0 * steep.sum()
