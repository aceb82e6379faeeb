"""The losses once more, in PyTorch's float64 operations, whose gradients are autograd's: what the
tests hold margin_losses.torch to. Each line is the formula of docs/numerics.md; nothing is arranged
for rounding, which float64 has room for."""

import math

import torch

MARGINS = {  # m1, m2, m3
    "softmax": (1.0, 0.0, 0.0),
    "normsoftmax": (1.0, 0.0, 0.0),
    "sphereface": (1.35, 0.0, 0.0),
    "cosface": (1.0, 0.0, 0.35),
    "arcface": (1.0, 0.5, 0.0),
    "combined": (1.0, 0.3, 0.2),
}
WITH_ANGLE = ("sphereface", "arcface", "combined")
PAST_PI = ("paper", "monotone", "taylor", "clamp", "easy")


def psi(cosine, margins, past_pi, lambda_):
    """The target's logit over its scale."""
    m1, m2, m3 = margins
    phi = m1 * torch.acos(cosine) + m2
    turns = torch.floor(phi / math.pi)
    beyond = {
        "paper": torch.cos(phi),
        "monotone": torch.cos(turns * math.pi) * torch.cos(phi) - 2 * turns,
        "taylor": cosine - m2 * math.sin(m2),
        "clamp": torch.full_like(phi, -1.0),
        "easy": torch.cos(phi),
    }[past_pi]
    value = torch.where(phi > math.pi, beyond, torch.cos(phi)) - m3
    if past_pi == "easy":
        value = torch.where(cosine > 0, value, cosine)
    return (lambda_ * cosine + value) / (1 + lambda_)


def row_losses(
    x,
    w,
    y,
    *,
    loss,
    bias=None,
    scale=64.0,
    margins=None,
    past_pi="paper",
    gradient="exact",
    lambda_=0.0,
    feature_norm="fixed",
    label_smoothing=0.0,
):
    """The loss of each row; y in [0, C)."""
    if loss == "softmax":
        logits = x @ w.t() if bias is None else x @ w.t() + bias
    else:
        cosines = torch.nn.functional.normalize(x) @ torch.nn.functional.normalize(w).t()
        own = cosines[torch.arange(len(y)), y]
        target = own - (margins or MARGINS[loss])[2]
        if loss in WITH_ANGLE:
            target = psi(own, margins or MARGINS[loss], past_pi, lambda_)
        if gradient == "detached":
            target = own + (target - own).detach()
        s = x.norm(dim=1, keepdim=True) if feature_norm == "keep" else scale
        logits = s * cosines.scatter(1, y[:, None], target[:, None])
    rows = -logits.log_softmax(1)
    wanted = rows[torch.arange(len(y)), y]
    return (1 - label_smoothing) * wanted + label_smoothing * rows.mean(1)


def objective(x, w, y, *, reduction="mean", ignore_index=-100, sample_weight=None, **options):
    """The loss, as torch's cross_entropy reduces it."""
    counts = (y != -1) & (y != ignore_index)
    weight = torch.ones(len(y), dtype=x.dtype) if sample_weight is None else sample_weight.double()
    weight = weight * counts
    rows = weight * row_losses(x, w, y * counts, **options)
    if reduction == "none":
        return rows
    return rows.sum() if reduction == "sum" else rows.sum() / weight.sum()
