"""The losses as functions of embeddings, class weights and labels.

`margin_loss` takes the name of the loss; `arcface_loss` and so on, one for each row of the
library's table of losses, are the same with the name given.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, Optional

import torch
from torch import Tensor

from .._abi import LOSSES
from ._compute import Request, Sampling, Tensors, checked, objective, sampled
from ._function import NO_TRANSFORMS, eager, forward_mode

__all__ = ["margin_loss", *(f"{name}_loss" for name in LOSSES)]


def _never() -> int:
    return 0


# PyTorch 2.1 and later say whether they compile, and can be given operations.
_compiling: Callable[[], int] = _never
_dispatch_modes: Callable[[], int] = _never  # how many watch each operation, as make_fx does
operation: Optional[Callable[[Request, Tensors], Tensor]] = None
if hasattr(torch, "compiler") and hasattr(torch.library, "custom_op"):
    from ._custom_op import operation

    _compiling = torch.compiler.is_compiling
    _dispatch_modes = torch._C._len_torch_dispatch_stack

# Whether a transform of torch.func is at work: two names of one function.
_functorch = getattr(torch._C, "_functorch", None)
_transforming: Callable[[], int] = getattr(
    torch._C,
    "_are_functorch_transforms_active",
    getattr(_functorch, "are_transforms_active", _never),
)

NO_GRAPHS = (
    "a loss of sampled classes computes what it is given: it cannot be exported or traced; in "
    "evaluation mode, or with sample_rate 1, it can"
)
_PLAIN = (Tensor, torch.nn.Parameter)


def _traces(t: Tensors) -> bool:
    """Whether PyTorch wants to know what is computed, not only the result."""
    plain = type(t.x) in _PLAIN and type(t.w) in _PLAIN and not t.x.is_meta
    return bool(_compiling() or _dispatch_modes() or not plain)


def _dispatch(request: Request, t: Tensors) -> Tensor:
    """Compute by PyTorch's operation where it traces, else at once."""
    if _traces(t):
        if operation is not None:
            return operation(request, t)
        if t.x.is_meta:
            raise RuntimeError(
                "x is on meta: this version of PyTorch computes no shapes without data"
            )
    if _transforming() or torch.jit.is_tracing() or forward_mode(t):
        raise RuntimeError(NO_TRANSFORMS)
    return eager(objective(request), t)


def _weighted_rows(request: Request, t: Tensors, weights: Tensor) -> Tensor:
    """Weight the rows' losses by PyTorch, so that the weights may have gradients."""
    rows = _dispatch(request._replace(reduction="none"), t._replace(sample_weight=None))
    loss = rows * weights
    if request.reduction == "none":
        return loss
    if request.reduction == "sum":
        return loss.sum()
    counted = (t.y != -1) & (t.y != request.ignore_index)
    total = (weights * counted).sum()
    nothing = total == 0  # the mean is nan then, but no gradient may be
    mean = loss.sum() / torch.where(nothing, torch.ones_like(total), total)
    return torch.where(nothing, torch.full_like(total, float("nan")), mean)


def _sampled(request: Request, t: Tensors, w: Tensor, sampling: Sampling) -> Tensors:
    """Sample classes for the tensors, of which `w` was given; refuse what cannot have any."""
    if _traces(t):
        raise RuntimeError(NO_GRAPHS)
    if w.dtype is not torch.float32:
        raise TypeError(f"weight is {w.dtype}: to sample classes take float() of the module")
    return sampled(objective(request), t, sampling)


def loss_of(
    request: Request,
    x: Any,
    w: Any,
    bias: Any,
    y: Any,
    sample_weight: Any,
    sampling: Optional[Sampling] = None,
) -> Tensor:
    """Return the loss of the tensors, whatever they are, or refuse them."""
    t = checked(x, w, bias, y, sample_weight)
    if sampling is not None:
        t = _sampled(request, t, w, sampling)
    weights = t.sample_weight
    if weights is not None and (request.reduction == "none" or weights.requires_grad):
        return _weighted_rows(request, t, weights)
    return _dispatch(request, t)


def margin_loss(
    x: Tensor,
    w: Tensor,
    y: Tensor,
    *,
    loss: str = "arcface",
    bias: Optional[Tensor] = None,
    scale: Optional[float] = None,
    margin: Optional[float] = None,
    m1: Optional[float] = None,
    m2: Optional[float] = None,
    m3: Optional[float] = None,
    past_pi: Optional[str] = None,
    gradient: str = "exact",
    lambda_: float = 0.0,
    feature_norm: str = "fixed",
    sample_weight: Optional[Tensor] = None,
    reduction: str = "mean",
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return a margin-softmax loss, which can be differentiated once by x, w and bias.

    Parameters
    ----------
    x : Tensor
        Embeddings [N, D], not normalised.
    w : Tensor
        Class weights [C, D], not normalised.
    y : Tensor
        Labels [N]: integers in [0, C); rows of -1 and of `ignore_index` do not count.
    loss : str
        A loss of the library, as `margin_losses.info()` lists them.
    bias : Tensor, optional
        [C], for softmax.
    scale, margin, m1, m2, m3, past_pi, gradient, lambda_, feature_norm
        As in `margin_losses.head`; None: the loss's default. Angular margins are in radians.
    sample_weight : Tensor, optional
        [N]: a row's factor. The mean is then the sum of weighted losses over the sum of the weights
        of the rows that count, as torch's cross_entropy has it with class weights.
    reduction : str
        "mean", "sum" or "none", which gives the rows' losses [N].
    ignore_index : int
        Label of rows that do not count.
    label_smoothing : float
        In [0, 1): the share of each row that goes to all classes alike.

    Returns
    -------
    Tensor
        The loss in float32. The mean of no rows is nan, with gradients of zero.
    """
    _refuse_bias(loss, bias)
    numbers = (loss, scale, margin, m1, m2, m3, past_pi, gradient, lambda_, feature_norm)
    request = Request(*numbers, label_smoothing, ignore_index, reduction)
    return loss_of(request, x, w, bias, y, sample_weight)


def _refuse_bias(loss: str, bias: Optional[Tensor]) -> None:
    if bias is not None and loss in LOSSES and LOSSES[loss].normalised:
        raise ValueError(f"bias: the loss {loss} has none, only softmax: leave it out")


def _named(name: str) -> Callable[..., Tensor]:
    @functools.wraps(margin_loss)
    def named(x: Tensor, w: Tensor, y: Tensor, **options: Any) -> Tensor:
        return margin_loss(x, w, y, loss=name, **options)

    named.__name__ = named.__qualname__ = f"{name}_loss"
    named.__doc__ = f"`margin_loss` of {name}: {LOSSES[name].formula} ({LOSSES[name].source})."
    return named


if TYPE_CHECKING:  # what type checkers and editors see of the functions made below
    arcface_loss = cosface_loss = sphereface_loss = normsoftmax_loss = margin_loss
    softmax_loss = combined_loss = margin_loss

for _name in LOSSES:
    globals()[f"{_name}_loss"] = _named(_name)
