"""The loss as an operation of PyTorch's own, for torch.compile and torch.export.

The same call of the library as in eager mode, so the same bits. Older versions of PyTorch have no
torch.library.custom_op: there this module is not imported.
"""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import torch
from torch import Tensor

from ._compute import Request, Tensors, as_given, compute, objective
from ._function import (
    NO_TRANSFORMS,
    ONE_AT_A_TIME,
    FirstOrder,
    batched,
    forward_mode,
    weighted,
)

Outputs = Tuple[Tensor, Tensor, Tensor, Tensor]  # loss, and gradients, empty where not wanted


def _head(
    x: Tensor,
    w: Tensor,
    bias: Optional[Tensor],
    y: Tensor,
    sample_weight: Optional[Tensor],
    needs: List[bool],
    loss: str,
    scale: Optional[float],
    margin: Optional[float],
    m1: Optional[float],
    m2: Optional[float],
    m3: Optional[float],
    past_pi: Optional[str],
    gradient: str,
    lambda_: float,
    feature_norm: str,
    label_smoothing: float,
    ignore_index: int,
    reduction: str,
) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    numbers = (loss, scale, margin, m1, m2, m3, past_pi, gradient, lambda_, feature_norm)
    request = Request(*numbers, label_smoothing, ignore_index, reduction)
    t = Tensors(x, w, bias, y, sample_weight)
    if forward_mode(t):
        raise RuntimeError(NO_TRANSFORMS)
    if sample_weight is not None and reduction == "none" and any(needs):  # by the backward pass
        value = x.new_zeros(y.shape, dtype=torch.float32)  # which reads only the gradients
        gradients = weighted(objective(request), t, sample_weight, needs)
    else:
        value, gradients = compute(objective(request), t, needs)
    dx, dw, db = (x.new_empty(0, dtype=torch.float32) if g is None else g for g in gradients)
    return value, dx, dw, db


_operation = torch.library.custom_op("margin_losses::head", _head, mutates_args=())


@_operation.register_fake
def _fake(
    x: Tensor,
    w: Tensor,
    bias: Optional[Tensor],
    y: Tensor,
    sample_weight: Optional[Tensor],
    needs: List[bool],
    *request: Any,
) -> Outputs:
    def empty(*shape: int) -> Tensor:
        return x.new_empty(shape, dtype=torch.float32)

    loss = empty(*(y.shape if Request(*request).reduction == "none" else ()))
    given = zip((x, w, bias), needs)
    dx, dw, db = (empty(*(a.shape if n and a is not None else (0,))) for a, n in given)
    return loss, dx, dw, db


def _keep(ctx: Any, inputs: Any, output: Outputs) -> None:
    x, w, bias, y, sample_weight, needs, *request = inputs
    ctx.set_materialize_grads(False)
    ctx.mark_non_differentiable(*output[1:])
    ctx.save_for_backward(x, w, bias, y, sample_weight, *output[1:])
    ctx.request, ctx.needs = Request(*request), needs


def _backward(ctx: Any, factor: Optional[Tensor], *_: None) -> Tuple[Optional[Tensor], ...]:
    nothing = (None,) * (3 + len(Request._fields))
    if factor is None:
        return (None, None, None, *nothing)
    if batched(factor):
        raise RuntimeError(ONE_AT_A_TIME)
    x, w, bias, y, sample_weight, *gradients = ctx.saved_tensors
    needs = [bool(n) for n in ctx.needs_input_grad[:3]]
    if ctx.request.reduction == "none":
        gradients = _operation(x, w, bias, y, factor.detach(), needs, *ctx.request)[1:]
    else:
        # An exported graph keeps what was needed when it was traced; more may be needed now.
        if any(n and not made for n, made in zip(needs, ctx.needs)):
            gradients = _operation(x, w, bias, y, sample_weight, needs, *ctx.request)[1:]
        gradients = [g * factor.detach() for g in gradients]
    gradients = [g if n else None for g, n in zip(gradients, needs)]
    gradients = as_given(gradients, Tensors(x, w, bias, y, sample_weight))
    if torch.is_grad_enabled():  # somebody may differentiate the gradients
        gradients = FirstOrder.apply(factor, x, w, bias, *gradients)
    return (*gradients, *nothing)


_operation.register_autograd(_backward, setup_context=_keep)


def _refuse_transforms(*_: Any) -> Outputs:
    raise RuntimeError(NO_TRANSFORMS)


# Without this, torch.func.jvp of a traced graph would lose the derivatives without a word.
_transforms = torch.library.Library("margin_losses", "FRAGMENT")
_transforms.impl("head", _refuse_transforms, "FuncTorchDynamicLayerFrontMode")


def operation(request: Request, t: Tensors) -> Tensor:
    """Return the loss of the tensors, as `eager` does."""
    given = (t.x, t.w, t.bias)
    wanted = torch.is_grad_enabled() and request.reduction != "none"
    needs = [wanted and a is not None and a.requires_grad for a in given]
    return _operation(*t[:5], needs, *request)[0]
