"""The loss in eager PyTorch: an autograd.Function that takes its gradients from the library.

The gradients are made together with the loss, in one call, and handed out once, so that `.grad`
takes them as they are, without a copy.
"""

from __future__ import annotations

from typing import Any, Callable, Optional, Tuple

import torch
from torch import Tensor
from torch.autograd import forward_ad

from ._compute import NAMES, NOTHING, Gradients, Needs, Objective, Tensors, as_given, compute

NO_SECOND = (
    "margin_losses has no second derivatives: a gradient penalty, or a backward pass through "
    "gradients made with create_graph=True, needs a loss that is written in PyTorch operations"
)
NO_TRANSFORMS = (
    "margin_losses cannot be transformed by torch.func (grad, vmap, jvp and so on) or "
    "torch.jit: take loss.backward() or torch.autograd.grad, the whole batch in one call, "
    "and torch.compile or torch.export"
)
ONE_AT_A_TIME = (
    "margin_losses has no batches of backward passes (vectorize=True, is_grads_batched=True): "
    "leave the option out, and each upstream gradient is taken by itself"
)
UPSTREAM = {**NAMES, "row_weight": "the gradient of the rows' losses"}

# PyTorch 2 warns of a check that it leaves out, unless it is told to: the library has made it.
_UNCHECKED = (
    {"check_invariants": False} if hasattr(torch.sparse, "check_sparse_tensor_invariants") else {}
)

# What makes a loss and gradients: the same as `compute` over ranks; None: `compute`.
Compute = Optional[Callable[..., Tuple[Tensor, Gradients]]]


class FirstOrder(torch.autograd.Function):
    """Hands on gradients, as functions of what they depend on that cannot be differentiated."""

    @staticmethod
    def forward(
        ctx: Any,
        factor: Tensor,
        x: Tensor,
        w: Tensor,
        bias: Optional[Tensor],
        *gradients: Optional[Tensor],
    ) -> Tuple[Optional[Tensor], ...]:
        return tuple(None if g is None else g.view_as(g) for g in gradients)

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        raise RuntimeError(NO_SECOND)


class _Loss(torch.autograd.Function):
    """Old style on purpose: PyTorch takes much longer where setup_context stands apart."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        w: Tensor,
        bias: Optional[Tensor],
        y: Tensor,
        sample_weight: Optional[Tensor],
        index: Optional[Tensor],
        objective: Objective,
        ours: Compute,
    ) -> Tensor:
        t = Tensors(x, w, bias, y, sample_weight, index)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*t)  # notices what is changed in place
        ctx.objective, ctx.ours = objective, ours
        per_row = objective.reduction == "none"
        needs = NOTHING if per_row else ctx.needs_input_grad[:3]
        loss, gradients = (ours or compute)(objective, t, needs)
        ctx.gradients = None if per_row else gradients
        return loss

    @staticmethod
    def backward(ctx: Any, factor: Optional[Tensor]) -> Tuple[Optional[Tensor], ...]:
        if factor is None:
            return (None,) * 8
        t = Tensors(*ctx.saved_tensors)
        gradients, ctx.gradients = ctx.gradients, None
        given = (ctx.objective, t, factor, gradients, ctx.needs_input_grad, ctx.ours)
        if not torch.is_grad_enabled():
            return (*_placed(as_given(_scaled(*given), t), t), None, None, None, None, None)
        with torch.no_grad():  # create_graph=True: somebody may differentiate the gradients
            gradients = as_given(_scaled(*given), t)
        gradients = FirstOrder.apply(factor, t.x, t.w, t.bias, *gradients)
        return (*_placed(gradients, t), None, None, None, None, None)


def _placed(gradients: Gradients, t: Tensors) -> Gradients:
    """Return the gradients as large as what they are of: of sampled classes as sparse tensors."""
    if t.index is None:
        return gradients
    dx, *of_classes = gradients
    return [dx, *(_on_classes(g, t.index, a) for g, a in zip(of_classes, (t.w, t.bias)))]


def _on_classes(gradient: Optional[Tensor], index: Tensor, of: Any) -> Optional[Tensor]:
    if gradient is None:
        return None
    placed = torch.sparse_coo_tensor(index.unsqueeze(0), gradient, of.shape, **_UNCHECKED)
    if torch.is_grad_enabled():  # somebody may differentiate it
        return placed
    return placed._coalesced_(True)  # the classes rise


def batched(factor: Tensor) -> bool:
    """Whether it stands for several upstream gradients at once."""
    return "Batched" in str(torch._C._dispatch_keys(factor))


def _scaled(
    objective: Objective,
    t: Tensors,
    factor: Tensor,
    gradients: Optional[Gradients],
    needs: Needs,
    ours: Compute,
) -> Gradients:
    """Return the gradients times `factor`: made now where the forward pass made none, or where
    an earlier backward pass has taken them."""
    try:
        return _scaled_once(objective, t, factor, gradients, needs, ours)
    except RuntimeError:
        if batched(factor):
            raise RuntimeError(ONE_AT_A_TIME) from None
        raise


def _scaled_once(
    objective: Objective,
    t: Tensors,
    factor: Tensor,
    gradients: Optional[Gradients],
    needs: Needs,
    ours: Compute,
) -> Gradients:
    if objective.reduction == "none":
        return weighted(objective, t, factor, needs, ours)
    if gradients is None:
        gradients = (ours or compute)(objective, t, needs)[1]
    scale = factor.item()
    if scale != 1.0:
        for gradient in gradients:
            if gradient is not None:
                gradient.mul_(scale)
    return gradients


def weighted(
    objective: Objective, t: Tensors, factor: Tensor, needs: Needs, ours: Compute = None
) -> Gradients:
    """Return the gradients of the sum of the rows' losses, each times its factor."""
    summed = objective._replace(reduction="sum")
    return (ours or compute)(summed, t._replace(sample_weight=factor), needs, UPSTREAM)[1]


def forward_mode(t: Tensors) -> bool:
    """Whether tensors carry derivatives forward, which would be lost without a word."""
    if forward_ad._current_level < 0:
        return False
    given = (t.x, t.w, t.bias)
    return any(a is not None and forward_ad.unpack_dual(a).tangent is not None for a in given)


def eager(objective: Objective, t: Tensors, ours: Compute = None) -> Tensor:
    """Return the loss of the tensors, with gradients where PyTorch asks for them."""
    x, w, bias = t.x, t.w, t.bias
    wanted = x.requires_grad or w.requires_grad or bias is not None and bias.requires_grad
    if wanted and torch.is_grad_enabled():
        return _Loss.apply(*t, objective, ours)
    return (ours or compute)(objective, t, NOTHING)[0]
